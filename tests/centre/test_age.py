"""A sealed file is opened by its key's file as age-keygen writes it; each way it fails is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyrage
import pytest

from centre.age import open_sealed, seal, usable
from centre.errors import CentreError

MINE, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
SEALED = pyrage.encrypt(b"a picture", [MINE.to_public()])


def identity(folder: Path, *keys: Any) -> Path:
    path = folder / "key"
    path.write_text("# created: 2026-11-23\n# public key: age1…\n\n" + "".join(f"{key}\n" for key in keys))
    return path


def test_any_key_of_the_file_opens_it(tmp_path: Path) -> None:
    assert open_sealed(SEALED, identity(tmp_path, OTHER, MINE)) == b"a picture"


@pytest.mark.parametrize(
    ("sealed", "keys", "code"),
    [
        (SEALED, [OTHER], "K-122"),
        (SEALED[:-1], [MINE], "K-122"),
        (b"no age file", [MINE], "K-122"),
        (SEALED, [], "K-121"),
        (SEALED, ["AGE-SECRET-KEY-1X"], "K-121"),
        (SEALED, [MINE.to_public()], "K-121"),
    ],
)
def test_what_cannot_be_opened_says_why_and_shows_no_key(
    tmp_path: Path, sealed: bytes, keys: list[Any], code: str
) -> None:
    with pytest.raises(CentreError) as error:
        open_sealed(sealed, identity(tmp_path, *keys))
    assert error.value.code == code
    assert "SECRET-KEY-1" not in error.value.what


def test_a_file_that_is_no_text_holds_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xd8")
    with pytest.raises(CentreError, match="K-121"):
        open_sealed(SEALED, tmp_path / "key")


def test_a_recipient_is_told_from_what_is_none() -> None:
    assert usable(str(MINE.to_public()))
    assert not usable(str(MINE))
    assert not usable("age1" + "q" * 58)


def test_what_is_sealed_for_a_box_opens_with_its_key_alone() -> None:
    sealed = seal(b"who may eat", str(MINE.to_public()))
    assert pyrage.decrypt(sealed, [MINE]) == b"who may eat"
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [OTHER])
