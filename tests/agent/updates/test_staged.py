"""What is staged survives a restart; root's answer is only taken to the wish that it is of."""

from __future__ import annotations

import json
from pathlib import Path

from agent.updates.staged import Shelf, Step
from tests.agent.updates.staging import staged


def test_what_was_noted_is_read_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "updates", tmp_path)
    assert shelf.read() is None
    shelf.note(staged(step=Step.SWITCH, said="school_hours"))
    assert Shelf(tmp_path / "updates", tmp_path).read() == staged(step=Step.SWITCH, said="school_hours")


def test_what_is_no_staged_version_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"version": 1}', "\xff"):
        (tmp_path / "staged.json").write_text(text, encoding="latin1")
        assert Shelf(tmp_path, tmp_path).read() is None


def test_root_answers_one_wish(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "updates", tmp_path)
    wish = shelf.wish(do="use", version="0.2.0")
    told = {"wish": wish, "done": True, "said": "", "version": "0.2.0"}
    (tmp_path / "outcome.json").write_text(json.dumps(told))
    assert shelf.answer(wish) is None  # the wish lies there still
    (tmp_path / "updates/wish.json").unlink()
    found = shelf.answer(wish)
    assert found is not None
    assert found.done
    again = shelf.wish(do="use", version="0.2.0")
    (tmp_path / "updates/wish.json").unlink()  # root has taken it, and is at work
    assert shelf.answer(again) is None  # that answer is of the same wish, made before


def test_archives_of_other_versions_go(tmp_path: Path) -> None:
    for name in ("0.1.9.tar", "0.2.0.tar.part", "0.1.8.tar.part"):
        (tmp_path / name).write_bytes(b"")
    Shelf(tmp_path, tmp_path).tidy(staged())
    assert [path.name for path in tmp_path.iterdir()] == ["0.2.0.tar.part"]
