"""The box's key is made once, kept private and used for ever; what is no such key is named with what to do."""

from __future__ import annotations

import base64
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent.errors import AgentError
from agent.sync.identity import FILE, load_identity
from agent.sync.trust import key_id


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def test_a_missing_key_is_made_and_stays_the_same(tmp_path: Path) -> None:
    made = load_identity(tmp_path / "state" / "deep")
    again = load_identity(tmp_path / "state" / "deep")
    assert again.public == made.public
    assert len(made.public) == 32
    assert [entry.name for entry in (tmp_path / "state" / "deep").iterdir()] == [FILE]


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    load_identity(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state" / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_two_boxes_have_two_keys(tmp_path: Path) -> None:
    assert load_identity(tmp_path / "a").public != load_identity(tmp_path / "b").public


def test_what_it_signs_its_public_half_proves(tmp_path: Path) -> None:
    identity = load_identity(tmp_path)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(identity.public_base64, validate=True))
    public.verify(identity.sign(b"text"), b"text")


def test_the_properties_of_a_message_name_the_key_prove_the_text_and_repeat_its_statement(tmp_path: Path) -> None:
    identity = load_identity(tmp_path)
    found = identity.properties(b"text", ["epoch=e", "first=1"])
    assert list(found) == ["key", "sig", "epoch", "first"]
    assert (found["key"], found["epoch"], found["first"]) == (key_id(identity.public), "e", "1")
    Ed25519PublicKey.from_public_bytes(identity.public).verify(base64.b64decode(found["sig"], validate=True), b"text")


def test_a_key_made_elsewhere_is_used(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / FILE).write_bytes(pem(key))
    assert load_identity(tmp_path).public == key.public_key().public_bytes_raw()


UNFIT: list[tuple[str, Callable[[Path], object]]] = [
    ("empty", lambda path: path.write_bytes(b"")),
    ("rubbish", lambda path: path.write_bytes(b"\xff\x00 key")),
    ("cut off", lambda path: path.write_bytes(pem(Ed25519PrivateKey.generate())[:60])),
    ("locked", lambda path: path.write_bytes(pem(Ed25519PrivateKey.generate(), b"secret"))),
    ("of another kind", lambda path: path.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))),
    ("a folder", lambda path: path.mkdir()),
]


@pytest.mark.parametrize("spoil", [pytest.param(row[1], id=row[0]) for row in UNFIT])
def test_an_unfit_file_is_named_and_never_replaced(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    spoil(tmp_path / FILE)
    before = (tmp_path / FILE).read_bytes() if (tmp_path / FILE).is_file() else b""
    with pytest.raises(AgentError) as error:
        load_identity(tmp_path)
    assert error.value.code == "T-111"
    assert str(tmp_path / FILE) in error.value.what
    assert "enrol" in error.value.do
    assert ((tmp_path / FILE).read_bytes() if (tmp_path / FILE).is_file() else b"") == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(AgentError) as error:
        load_identity(tmp_path / "state")
    assert error.value.code == "T-111"
    assert "state" in error.value.what
