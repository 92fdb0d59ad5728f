"""A picture into a file: for its owner alone, whole or not at all, and of whoever typed sudo."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agent.cli.picture_file import form_of, write
from agent.errors import AgentError


def test_an_older_one_is_replaced_and_nobody_else_may_look(tmp_path: Path) -> None:
    out = tmp_path / "now.png"
    out.write_bytes(b"older")
    out.chmod(0o644)
    write(out, b"newer")
    assert out.read_bytes() == b"newer"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["now.PNG", "a.b.jpg", "x.jpeg"])
def test_its_form_is_its_ending(name: str) -> None:
    assert form_of(Path(name)) == "." + name.rsplit(".")[-1].lower()


@pytest.mark.parametrize("name", ["now", "now.gif", ".png"])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(AgentError, match="V-407"):
        form_of(Path(name))


def test_where_nothing_can_be_written_it_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "none" / "x.png", tmp_path / "folder.png"):
        with pytest.raises(AgentError, match="V-407"):
            write(path, b"x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder.png"]
