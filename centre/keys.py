"""The centre's keys: the orders key that every box pins, and the receipt key that it delegates for a while.

Files   DIR/keys/orders.pem, receipts.pem, witness.pem (cosigns ledgers): 0600; delegation.txt; DIR/orders.pub is what a
        box's configuration wants.
Raises  CentreError K-101 if a file is missing or spoilt, K-114 if boxes would refuse the delegation.
"""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre.errors import CentreError
from centre.wire import now_text

DAY_NS = 86_400_000_000_000
DELEGATION_DAYS = 90
WARN_DAYS = 14  # time enough to run `mektep-centre rekey`
EARLY_NS = 3_600_000_000_000  # a box's clock may be a little behind


class Delegation(msgspec.Struct, frozen=True):
    key: str
    use: str
    notbefore: str
    expires: str


class Keys(msgspec.Struct, frozen=True):
    """What a receiver signs with."""

    receipts: Ed25519PrivateKey
    delegation: str


def make_keys(folder: Path) -> None:
    """Make what is missing; never replace a key."""
    keys = folder / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    orders = _load_or_make(keys / "orders.pem")
    _load_or_make(keys / "receipts.pem")
    _load_or_make(keys / "witness.pem")
    (folder / "orders.pub").write_text(base64.b64encode(orders.public_key().public_bytes_raw()).decode() + "\n")
    if not (keys / "delegation.txt").exists():
        delegate(folder)


def rotate(folder: Path, days: int) -> str:
    """A new receipt key with its delegation; the old one stays good in boxes until its own delegation expires."""
    orders_key(folder)  # before the old key is gone
    write_private(folder / "keys/receipts.pem", _fresh_pem())
    return delegate(folder, days)


def delegate(folder: Path, days: int = DELEGATION_DAYS) -> str:
    """A fresh delegation of the receipt key. Returns when it expires."""
    keys = folder / "keys"
    public = _load(keys / "receipts.pem").public_key().public_bytes_raw()
    now_ns = time.time_ns()
    expires = now_text(now_ns + days * DAY_NS)
    text = msgspec.json.encode(
        Delegation(
            key=base64.b64encode(public).decode(),
            use="receipts",
            notbefore=now_text(now_ns - EARLY_NS),
            expires=expires,
        )
    )
    signature = _load(keys / "orders.pem").sign(b"mektep/v1/delegation\n" + text)
    write_private(keys / "delegation.txt", f"{_base64url(text)}.{_base64url(signature)}\n".encode())
    return expires


def receipt_keys(folder: Path) -> Keys:
    """What receivers sign with now. Raises CentreError K-101, K-114."""
    delegation, said = _delegation(folder)
    key = _load(folder / "keys/receipts.pem")
    if said.key != base64.b64encode(key.public_key().public_bytes_raw()).decode():
        raise _useless("is of another receipt key")
    if said.expires <= now_text(time.time_ns()):
        raise _useless(f"expired {said.expires}")
    return Keys(key, delegation)


def expires_soon(folder: Path) -> bool:
    """Raises CentreError K-101."""
    return _delegation(folder)[1].expires <= now_text(time.time_ns() + WARN_DAYS * DAY_NS)


def _delegation(folder: Path) -> tuple[str, Delegation]:
    path = folder / "keys/delegation.txt"
    try:
        delegation = path.read_text().strip()
        text = delegation.split(".")[0]
        said = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Delegation)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise _missing(path, error) from error
    return delegation, said


def orders_key(folder: Path) -> Ed25519PrivateKey:
    """Raises CentreError K-101."""
    return _load(folder / "keys/orders.pem")


def witness_key(folder: Path) -> Ed25519PrivateKey:
    """What the city cosigns ledgers with; made if there is none. Raises CentreError K-101."""
    return _load_or_make(folder / "keys/witness.pem")


def write_private(path: Path, content: bytes) -> None:
    """A file that only its owner may read, in one step."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    fresh.rename(path)


def write_public(path: Path, content: bytes) -> None:
    """For everybody to read, in one step: the broker is another user."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.chmod(0o644)
    fresh.rename(path)


def _load_or_make(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        write_private(path, _fresh_pem())
    return _load(path)


def _fresh_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise _missing(path, error) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _missing(path, TypeError("another kind of key"))
    return key


def _missing(path: Path, error: Exception) -> CentreError:
    return CentreError("K-101", f"{path} cannot be used: {error}", do="Run `mektep-centre init` in this folder first.")


def _useless(why: str) -> CentreError:
    what = f"the delegation of the receipt key {why}: boxes would refuse every receipt"
    return CentreError("K-114", what, do="Run `mektep-centre rekey`; the receivers take it up by themselves.")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
