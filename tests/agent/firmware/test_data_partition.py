"""What is kept goes to its partition once; what is there already is newer, and stays."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware.data_partition import fill, folders
from agent.firmware.places import places_of
from agent.firmware.program import ProgramFailed
from tests.agent.firmware.pi import pi, ready_for_read_only


class System:
    """Really copies; only remembers what is stopped and mounted."""

    def __init__(self, failing: str = "") -> None:
        self.done: list[str] = []
        self.failing = failing

    def __call__(self, words: Sequence[str]) -> str:
        self.done.append(words[0])
        if words[0] == self.failing:
            raise ProgramFailed(f"{words[0]}: no space left on device")
        if words[0] in ("rm", "cp"):
            subprocess.run(words, check=True)
        return ""


def test_each_folder_is_copied_after_the_agent_has_ended(tmp_path: Path) -> None:
    places, system = places_of(ready_for_read_only(pi(tmp_path))), System()
    assert set(fill(places, system)) == {place for _, place in folders()}
    assert system.done[:2] == ["systemctl", "mount"]
    for source, place in folders()[:3]:
        assert (tmp_path / source[1:] / "kept").read_text() == place[1:]


def test_what_root_knows_of_updates_outlives_a_start() -> None:
    """The city's key above all: a root that forgets it would take another from a file of the agent's."""
    assert "/var/lib/mektep-update" in {place for _, place in folders()}


def test_a_folder_that_is_there_is_left_alone_and_half_a_copy_is_not_taken(tmp_path: Path) -> None:
    places = places_of(ready_for_read_only(pi(tmp_path)))
    with pytest.raises(AgentError, match="F-110"):
        fill(places, System(failing="sync"))
    assert not (tmp_path / "data/etc-mektep").exists()
    fill(places, System())
    (tmp_path / "data/etc-mektep/kept").write_text("newer")
    shutil.rmtree(tmp_path / "data/opt-mektep")
    assert fill(places, System()) == ["/opt/mektep"]
    assert (tmp_path / "data/etc-mektep/kept").read_text() == "newer"
