"""What is not there, or is of another kind, is empty; several folders keep their order."""

from __future__ import annotations

from pathlib import Path

from drivers.discovery.kernel_files import inside, text


def test_folders_in_their_order_and_in_each_the_names(tmp_path: Path) -> None:
    for name in ("by-id/b", "by-id/a", "by-path/0"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "file").touch()
    folders = [tmp_path / name for name in ("none", "by-id", "file", "by-path")]
    assert [str(path.relative_to(tmp_path)) for path in inside(*folders)] == ["by-id/a", "by-id/b", "by-path/0"]
    assert inside() == []


def test_a_file_is_text_whatever_it_holds(tmp_path: Path) -> None:
    (tmp_path / "name").write_bytes(b"a\xff\n")
    assert text(tmp_path / "name") == "a�\n"
    assert text(tmp_path / "none") == text(tmp_path) == ""
