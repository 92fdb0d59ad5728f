"""What is kept moves to its partition once, and the agent goes on there; what lives there already stays."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware.data_partition import LIVES, folders, is_in_place, moved
from agent.firmware.places import Places, places_of
from agent.firmware.program import ProgramFailed
from tests.agent.firmware.pi import pi, ready_for_read_only

PLACES = {place for _, place in folders()}


class System:
    """Really copies; only remembers what is stopped, started and mounted."""

    def __init__(self, failing: str = "") -> None:
        self.done: list[str] = []
        self.failing = failing

    def __call__(self, words: Sequence[str]) -> str:
        said = " ".join(words)
        self.done.append(said)
        if self.failing and said.startswith(self.failing):
            raise ProgramFailed(f"{words[0]}: no space left on device")
        if words[0] in ("rm", "cp"):
            subprocess.run(words, check=True)
        return ""

    def number(self, begin: str) -> int:
        return next(at for at, one in enumerate(self.done) if one.startswith(begin))

    def copied(self) -> set[str]:
        return {"/" + Path(one.split()[2]).name for one in self.done if one.startswith("cp -a")}


def move(places: Places, system: System) -> System:
    with moved(places, system):
        system.done.append("fstab")
    return system


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return places_of(ready_for_read_only(pi(tmp_path)))


def test_the_agent_ends_before_the_copy_and_goes_on_on_the_partition(places: Places, tmp_path: Path) -> None:
    assert not is_in_place(places)
    system = move(places, System())
    for source, place in folders()[:3]:
        assert (tmp_path / source[1:] / "kept").read_text() == place[1:]
    order = ["systemctl stop mektep-agent", f"mount LABEL=mektep-data {tmp_path}/data", "cp -a", "sync -f", "fstab"]
    order += ["systemctl daemon-reload", f"mount {tmp_path}/etc/mektep", "systemctl start"]
    assert [system.number(one) for one in order] == sorted(system.number(one) for one in order)
    assert {f"mount {tmp_path}{place}" for place in PLACES} < set(system.done)
    assert "mektep-agent.service" in system.done[-1]


def test_what_root_knows_of_updates_and_the_journal_outlive_a_start() -> None:
    """The city's key above all: a root that forgets it would take another from a file of the agent's."""
    assert {"/var/lib/mektep-update", "/var/log"} <= PLACES


def test_half_a_move_is_done_anew_from_what_the_root_has_written_since(places: Places, tmp_path: Path) -> None:
    """The power went after the copy and before fstab was written: the agent went on where it was."""
    with pytest.raises(AgentError, match="F-110"):
        move(places, System(failing="systemctl daemon-reload"))
    (tmp_path / "var/lib/mektep/kept").write_text("eaten since")
    move(places, System())
    assert (tmp_path / "data/var-lib-mektep/kept").read_text() == "eaten since"
    assert (tmp_path / "data" / LIVES).exists()


def test_what_an_earlier_root_has_left_is_newer_and_stays(places: Places, tmp_path: Path) -> None:
    move(places, System())
    (tmp_path / "data/etc-mektep/kept").write_text("newer")
    shutil.rmtree(tmp_path / "data/opt-mektep")
    assert move(places, System()).copied() == {"/mektep"}
    assert (tmp_path / "data/etc-mektep/kept").read_text() == "newer"
    assert (tmp_path / "data/opt-mektep/kept").read_text() == "opt/mektep"


@pytest.mark.parametrize("failing", ["mount LABEL", "cp -a", "sync", "systemctl daemon-reload", "mount /"])
def test_whatever_fails_the_agent_is_started_again(places: Places, failing: str) -> None:
    system = System(failing)
    with pytest.raises(AgentError, match="F-110"):
        move(places, system)
    assert system.done[-1].startswith("systemctl start")


def test_a_change_that_cannot_be_written_leaves_the_folders_where_they_are(places: Places) -> None:
    system = System()
    with pytest.raises(AgentError, match="F-108"), moved(places, system):
        raise AgentError("F-108", "no space", do="")
    assert not [one for one in system.done if one.startswith("mount /")]
    assert system.done[-1].startswith("systemctl start")
