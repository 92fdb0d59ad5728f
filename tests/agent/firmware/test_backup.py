"""What was there comes back, byte by byte; a change that fails in the middle has its copy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware.backup import apply, undo
from agent.firmware.places import Places, places_of
from agent.firmware.plan import EEPROM, Change, plan_of
from tests.agent.firmware.pi import forgetful, pi, ready_for_read_only
from tests.agent.firmware.test_plan import PI4


class Eeprom:
    """rpi-eeprom-config."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, words: Sequence[str]) -> str:
        if len(words) == 3:
            self.text = Path(words[2]).read_text()
        return self.text


def tree(root: Path) -> dict[str, bytes | str]:
    """Every file but the copies."""
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        if "mektep-backup" not in path.parts and (path.is_symlink() or path.is_file()):
            found[str(path.relative_to(root))] = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return found


def applied(places: Places, eeprom: Eeprom, *options: str) -> list[Change]:
    changes = plan_of(places, PI4, frozenset(options), eeprom).changes
    apply(changes, places, eeprom, "2026-11-26T08:00:00Z")
    return changes


def test_applied_and_undone_is_as_it_was(tmp_path: Path) -> None:
    places, eeprom = places_of(ready_for_read_only(pi(tmp_path))), Eeprom("[all]\nBOOT_ORDER=0xf14\n")
    (tmp_path / "boot/firmware/config.txt").write_bytes("# мектеп\r\nenable_uart=0\r\n".encode() + b"\xff")
    before = tree(tmp_path)
    assert {one.path.name for one in applied(places, eeprom, "read-only-root")} > {"config.txt", "fstab", EEPROM.name}
    assert tree(tmp_path) != before
    assert "0xf41" in eeprom.text
    undo(places, eeprom)
    assert {**tree(tmp_path), "etc/fstab": before["etc/fstab"]} == before
    assert eeprom.text == "[all]\nBOOT_ORDER=0xf14\n"


def test_the_data_partition_stays_in_its_place(tmp_path: Path) -> None:
    """The data live there, and the root has what was before."""
    places, eeprom = places_of(ready_for_read_only(pi(tmp_path))), Eeprom("[all]\n")
    before = (tmp_path / "etc/fstab").read_text()
    applied(places, eeprom, "read-only-root")
    folder, files = undo(places, eeprom)
    assert "/data/var-lib-mektep /var/lib/mektep" in (tmp_path / "etc/fstab").read_text()
    assert "etc/fstab" not in files
    copy = next(folder.with_name("undone-0001").glob("*-fstab"))
    assert copy.read_text() == before  # for whoever mends the card by hand


def test_a_root_that_forgets_is_not_undone(tmp_path: Path) -> None:
    places, eeprom = places_of(pi(tmp_path)), Eeprom("[all]\n")
    applied(places, eeprom)
    forgetful(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(AgentError, match="F-112"):
        undo(places, eeprom)
    assert tree(tmp_path) == before


def test_two_changes_are_undone_one_after_the_other(tmp_path: Path) -> None:
    places, eeprom = places_of(pi(tmp_path)), Eeprom("[all]\n")
    states = [tree(tmp_path)]
    for options in ([], ["rtc-ds3231"]):
        applied(places, eeprom, *options)
        states.append(tree(tmp_path))
    undo(places, eeprom)
    assert tree(tmp_path) == states[1]
    applied(places, eeprom, "no-wifi")  # after an undo there is room for a copy again
    undo(places, eeprom)
    undo(places, eeprom)
    assert tree(tmp_path) == states[0]
    with pytest.raises(AgentError, match="F-109"):
        undo(places, eeprom)


def test_a_place_that_cannot_be_written_is_told_and_the_copy_is_there(tmp_path: Path) -> None:
    places, eeprom = places_of(pi(tmp_path)), Eeprom("[all]\n")
    changes = plan_of(places, PI4, frozenset(), eeprom).changes
    (tmp_path / "etc/systemd").write_text("a file where a folder should be")
    before = tree(tmp_path)
    with pytest.raises(AgentError, match="F-108"):
        apply(changes, places, eeprom, "2026-11-26T08:00:00Z")
    assert (tmp_path / "boot/firmware/config.txt").read_bytes() == before["boot/firmware/config.txt"]
    assert (places.backups / "0001/manifest.json").exists()
