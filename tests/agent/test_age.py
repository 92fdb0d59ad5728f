"""A sealed picture is opened by who was meant and by nobody else; Debian's own age opens it too."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from agent.age import AgeKey, Unopened, fingerprint, load_age_key, seal, usable
from agent.errors import AgentError
from tests.agent.evidence.pictures import IDENTITY, RECIPIENT, jpeg, opened

OTHER = pyrage.x25519.Identity.generate()


def test_each_recipient_opens_it_and_nobody_else() -> None:
    plain = jpeg()
    sealed = seal(plain, [RECIPIENT, str(OTHER.to_public())])
    assert opened(sealed) == opened(sealed, str(OTHER)) == plain
    assert plain[2:40] not in sealed
    with pytest.raises(pyrage.DecryptError):
        opened(sealed, str(pyrage.x25519.Identity.generate()))


def test_debians_age_opens_it(tmp_path: Path) -> None:
    """A second implementation of the format."""
    plain = jpeg(150_000)  # more than two of age's chunks
    (tmp_path / "key").write_text(IDENTITY + "\n")
    (tmp_path / "sealed").write_bytes(seal(plain, [RECIPIENT]))
    done = subprocess.run(
        ["age", "--decrypt", "-i", str(tmp_path / "key"), str(tmp_path / "sealed")], capture_output=True, check=False
    )
    assert (done.stderr, done.stdout == plain) == (b"", True)


def test_a_changed_byte_is_noticed() -> None:
    sealed = bytearray(seal(jpeg(), [RECIPIENT]))
    sealed[-1] ^= 1
    with pytest.raises(pyrage.DecryptError):
        opened(bytes(sealed))


@pytest.mark.parametrize("text", ["", "age1", RECIPIENT[:-1], RECIPIENT[:-2] + "qq", IDENTITY, "ssh-ed25519 A"])
def test_what_is_no_recipient_is_named(text: str) -> None:
    assert not usable(text)
    with pytest.raises(AgentError) as error:
        seal(b"x", [RECIPIENT, text])
    assert error.value.code == "E-105"


def test_a_fingerprint_is_of_the_text() -> None:
    assert usable(RECIPIENT)
    assert fingerprint(RECIPIENT) == "afb0adb037f05569"  # printf %s age1… | sha256sum
    assert fingerprint(RECIPIENT) != fingerprint(str(OTHER.to_public()))


def test_the_boxs_key_is_made_once_and_opens_what_is_sealed_for_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "reference.agekey"
    key = load_age_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_age_key(path).recipient == key.recipient
    assert key.open(seal(b"who may eat", [key.recipient])) == b"who may eat"


@pytest.mark.parametrize("spoil", [lambda sealed: seal(b"x", [RECIPIENT]), lambda sealed: sealed[:-1], lambda _: b"{}"])
def test_what_is_for_another_or_spoilt_is_not_opened(spoil: Callable[[bytes], bytes]) -> None:
    key = AgeKey(pyrage.x25519.Identity.generate())
    with pytest.raises(Unopened):
        key.open(spoil(seal(b"who may eat", [key.recipient])))


def test_a_key_file_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "reference.agekey").write_text("not a key")
    with pytest.raises(AgentError, match="T-112"):
        load_age_key(tmp_path / "reference.agekey")
