"""A box is looked at also where its configuration is wrong, its programs fail, or nothing is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.bundle.site import Missing, whole_lines
from tests.agent.bundle.laid_out import program, site


def test_a_good_configuration(tmp_path: Path) -> None:
    found = site(tmp_path)
    assert (found.school, found.problems, found.places.database) == ("school-07", [], tmp_path / "state/outbox.db")


def test_a_wrong_one_still_says_where_the_state_is(tmp_path: Path) -> None:
    found = site(tmp_path, more='[[reader]]\nname = "a"\ndriver = "no_such"\n')
    assert (found.config, [one.code for one in found.problems]) == (None, ["C-107"])
    assert (found.school, found.places.database) == ("school-07", tmp_path / "state/outbox.db")


@pytest.mark.parametrize("text", ["school = ", 'school = 7\nstate = "x"\n', None])
def test_where_nothing_can_be_read_it_is_where_it_is_by_default(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "other.toml"
    if text is not None:
        path.write_text(text)
    found = site(tmp_path, file=path)
    assert (found.school, str(found.places.directory), bool(found.problems)) == ("", "/var/lib/mektep", True)


def test_a_program_is_asked(tmp_path: Path) -> None:
    found = site(tmp_path, programs={"said": "one\ntwo\nthree\n"})
    assert found.ask([str(tmp_path / "bin/said")]) == "one\ntwo\nthree\n"
    assert found.ask([str(tmp_path / "bin/said")], limit_bytes=9) == "one\ntwo\n"


def test_a_program_that_is_not_there_or_fails_is_told(tmp_path: Path) -> None:
    found = site(tmp_path)
    with pytest.raises(Missing, match="No such file"):
        found.ask([str(tmp_path / "bin/none")])
    path = program(tmp_path, "fails", "")
    path.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(Missing, match="ended with 3"):
        found.ask([str(path)])
    assert found.ask([str(path)], fine=(0, 3)) == ""


def test_whole_lines() -> None:
    assert whole_lines("one\ntw") == "one\n"
    assert whole_lines("one") == ""
