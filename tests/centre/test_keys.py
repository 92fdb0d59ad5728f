"""The centre's keys: made once, private, and a delegation that every box can check; useless ones are told in time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from centre import keys
from centre.errors import CentreError
from tests.centre.far_box import public


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.make_keys(tmp_path)
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [*(folder / "keys").iterdir(), folder / "orders.pub"]}


def text_of(folder: Path) -> tuple[bytes, bytes]:
    """Text and signature of the delegation, as a box takes them apart: base64url without padding."""
    token = (folder / "keys/delegation.txt").read_text().strip()
    assert "=" not in token
    text, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    return text, signature


def said(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text_of(folder)[0])
    return found


def test_the_delegation_is_the_one_of_the_contract(folder: Path) -> None:
    text, signature = text_of(folder)
    orders = Ed25519PublicKey.from_public_bytes(base64.b64decode((folder / "orders.pub").read_text()))
    orders.verify(signature, b"mektep/v1/delegation\n" + text)
    receipts = keys.receipt_keys(folder).receipts
    assert json.loads(text) == said(folder)
    assert sorted(said(folder)) == ["expires", "key", "notbefore", "use"]
    assert (base64.b64decode(said(folder)["key"]), said(folder)["use"]) == (public(receipts), "receipts")
    begins, ends = (datetime.fromisoformat(said(folder)[name]) for name in ("notbefore", "expires"))
    assert ends - begins == timedelta(days=90, hours=1)


def test_orders_are_signed_by_the_key_that_boxes_pin(folder: Path) -> None:
    assert base64.b64decode((folder / "orders.pub").read_text()) == public(keys.orders_key(folder))
    assert public(keys.orders_key(folder)) != public(keys.receipt_keys(folder).receipts)


def test_only_the_owner_can_read_private_keys(folder: Path) -> None:
    assert (folder / "keys").stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in (folder / "keys").glob("*.pem")} == {
        "orders.pem": 0o600,
        "receipts.pem": 0o600,
        "witness.pem": 0o600,
    }


def test_making_them_again_replaces_none(folder: Path) -> None:
    before = content(folder)
    keys.make_keys(folder)
    assert content(folder) == before


def test_a_missing_one_is_made_without_touching_the_others(folder: Path) -> None:
    before = content(folder)
    (folder / "orders.pub").unlink()
    keys.make_keys(folder)
    assert content(folder) == before


def test_rotation_makes_a_new_key_with_its_own_delegation(folder: Path) -> None:
    before, old = content(folder), keys.receipt_keys(folder)
    expires = keys.rotate(folder, 30)
    new = keys.receipt_keys(folder)
    assert public(new.receipts) != public(old.receipts)
    assert base64.b64decode(said(folder)["key"]) == public(new.receipts)
    assert said(folder)["expires"] == expires
    assert content(folder)["orders.pem"] == before["orders.pem"]
    assert (folder / "keys/receipts.pem").stat().st_mode & 0o777 == 0o600


def test_rotation_without_the_orders_key_leaves_the_old_key_in_use(folder: Path) -> None:
    before = content(folder)
    (folder / "keys/orders.pem").unlink()
    with pytest.raises(CentreError, match="K-101"):
        keys.rotate(folder, 30)
    assert content(folder) == {name: one for name, one in before.items() if name != "orders.pem"}


@pytest.mark.parametrize(("days", "soon"), [(1, True), (13, True), (15, False), (90, False)])
def test_the_end_of_a_delegation_is_told_two_weeks_before(folder: Path, days: int, soon: bool) -> None:
    keys.delegate(folder, days)
    assert keys.expires_soon(folder) is soon
    keys.receipt_keys(folder)


def test_an_expired_delegation_is_useless(folder: Path) -> None:
    """A receiver that started with it would be refused by every box, in silence."""
    keys.delegate(folder, 0)
    with pytest.raises(CentreError, match=r"K-114.*expired") as caught:
        keys.receipt_keys(folder)
    assert "rekey" in caught.value.do
    assert keys.expires_soon(folder)


def test_a_delegation_of_another_key_is_useless(folder: Path, tmp_path: Path) -> None:
    """As a rotation that was cut short between its two files leaves it."""
    keys.make_keys(tmp_path / "other")
    (folder / "keys/receipts.pem").write_bytes((tmp_path / "other/keys/receipts.pem").read_bytes())
    with pytest.raises(CentreError, match=r"K-114.*another"):
        keys.receipt_keys(folder)
    keys.rotate(folder, 90)
    keys.receipt_keys(folder)


def elliptic(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    forms = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*forms))


SPOILT: list[tuple[str, str, Callable[[Path], object]]] = [
    ("a key that is gone", "receipts.pem", lambda path: path.unlink()),
    ("a key that is cut off", "receipts.pem", lambda path: path.write_bytes(path.read_bytes()[:60])),
    ("an empty key", "receipts.pem", lambda path: path.write_bytes(b"")),
    ("another kind of key", "receipts.pem", elliptic),
    ("no delegation", "delegation.txt", lambda path: path.unlink()),
    ("an empty delegation", "delegation.txt", lambda path: path.write_bytes(b"")),
    ("no token", "delegation.txt", lambda path: path.write_bytes(b"hello")),
    ("not UTF-8", "delegation.txt", lambda path: path.write_bytes(b"\xff\xfe")),
    ("no JSON", "delegation.txt", lambda path: path.write_bytes(b"aGVsbG8.aGVsbG8")),
]


@pytest.mark.parametrize(("name", "spoil"), [case[1:] for case in SPOILT], ids=[case[0] for case in SPOILT])
def test_a_spoilt_file_is_named_and_no_secret_of_it(folder: Path, name: str, spoil: Callable[[Path], object]) -> None:
    secret = (folder / "keys/receipts.pem").read_text().splitlines()[1]
    spoil(folder / "keys" / name)
    with pytest.raises(CentreError, match="K-101") as caught:
        keys.receipt_keys(folder)
    assert name in caught.value.what
    assert "mektep-centre init" in caught.value.do
    assert secret[:20] not in f"{caught.value.what}{caught.value.do}"


def test_a_private_file_is_never_half_written_nor_open(tmp_path: Path) -> None:
    path = tmp_path / "key"
    keys.write_private(path, b"one")
    keys.write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_the_witness_key_is_made_once_also_in_an_older_folder(tmp_path: Path) -> None:
    keys.make_keys(tmp_path)
    (tmp_path / "keys/witness.pem").unlink()
    made = keys.witness_key(tmp_path).public_key().public_bytes_raw()
    assert keys.witness_key(tmp_path).public_key().public_bytes_raw() == made
    assert (tmp_path / "keys/witness.pem").stat().st_mode & 0o777 == 0o600
