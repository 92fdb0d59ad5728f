"""Opens a sealed file with the key of who may see it. The only file that imports pyrage, which is an extra.

The centre needs it for nothing else: receiving and keeping works without any such key.
Raises  CentreError K-120 not installed, K-121 no key in the file, K-122 not sealed for this key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from centre.errors import CentreError


def open_sealed(sealed: bytes, identity: Path) -> bytes:
    """The picture. `identity`: a file as age-keygen makes it."""
    pyrage = _library()
    try:
        lines = [line.strip() for line in identity.read_text(encoding="utf-8").splitlines()]
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise _no_key(identity) from error
    if not keys:
        raise _no_key(identity)
    try:
        return bytes(pyrage.decrypt(sealed, keys))
    except pyrage.DecryptError as error:
        do = "Take the identity of one of the recipients that were published when the picture was taken."
        raise CentreError("K-122", f"the key does not open it: {error}", do=do) from error


def usable(recipient: str) -> bool:
    """Whether a box can seal for it."""
    pyrage = _library()
    try:
        pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        return False
    return True


def _library() -> Any:
    try:
        import pyrage  # type: ignore[import-untyped] # an extra
    except ImportError as error:
        what = f"age's library is missing: {error}"
        raise CentreError("K-120", what, do="pip install 'mektep-centre[evidence]'") from error
    return pyrage


def _no_key(path: Path) -> CentreError:
    do = "Give the file that `age-keygen` wrote: a line that begins with AGE-SECRET-KEY-1."
    return CentreError("K-121", f"{path} holds no age identity", do=do)
