"""A file of root's is whole, or as it was: whatever cuts the writing off."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.deb.whole_file import write


def test_it_is_there_for_everybody_to_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / "a.json", b"{}")
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").read_bytes() == b"{}"
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_cut_off_before_it_is_on_the_disk_the_one_before_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError("no space left on device")

    write(tmp_path / "a.json", b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            write(tmp_path / "a.json", b"after")
    assert (tmp_path / "a.json").read_bytes() == b"before"
    write(tmp_path / "a.json", b"after")  # over what was left half done
    assert (tmp_path / "a.json").read_bytes() == b"after"
