"""What would change on a made-up Pi, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware.board import Board
from agent.firmware.places import places_of
from agent.firmware.plan import EEPROM, Change, Plan, State, options_now, plan_of
from tests.agent.firmware.pi import pi, ready_for_read_only

PI4 = Board("Raspberry Pi 4 Model B Rev 1.4", "pi4")


def plan(root: Path, *options: str, board: Board = PI4) -> Plan:
    return plan_of(places_of(root), board, frozenset(options), None)


def make(changes: Sequence[Change]) -> None:
    """As they are written, without the care."""
    for one in changes:
        one.path.parent.mkdir(parents=True, exist_ok=True)
        if one.after is None:
            one.path.unlink()
        elif one.link:
            one.path.symlink_to(one.after)
        else:
            one.path.write_text(one.after)


def test_every_line_has_a_state_and_a_reason(tmp_path: Path) -> None:
    lines = plan(pi(tmp_path)).lines
    states = {(line.file.name, line.text): line.state for line in lines}
    assert states["config.txt", "camera_auto_detect=1"] is State.THERE
    assert states["config.txt", "dtparam=watchdog=on"] is State.MISSING
    assert states["config.txt", "enable_uart=1"] is State.CONTRADICTED
    assert states["cmdline.txt", "- console=serial0,*"] is State.MISSING
    assert all(line.why for line in lines)


def test_after_it_is_done_nothing_is_left_to_do(tmp_path: Path) -> None:
    make(plan(pi(tmp_path)).changes)
    done = plan(tmp_path)
    assert done.changes == []
    assert {line.state for line in done.lines} == {State.THERE}


def test_the_command_line_that_boots_comes_last(tmp_path: Path) -> None:
    assert [one.path.name for one in plan(pi(tmp_path)).changes][-2:] == ["config.txt", "cmdline.txt"]


def test_an_option_is_remembered_until_it_is_given_up(tmp_path: Path) -> None:
    make(plan(pi(tmp_path), "rtc-ds3231").changes)
    assert options_now(places_of(tmp_path), PI4) == {"rtc-ds3231"}
    assert plan(tmp_path, "rtc-ds3231").changes == []
    make(plan(tmp_path).changes)
    assert options_now(places_of(tmp_path), PI4) == frozenset()


def test_a_unit_of_somebody_elses_is_not_touched(tmp_path: Path) -> None:
    own = pi(tmp_path) / "etc/systemd/system/bluetooth.service"
    own.parent.mkdir(parents=True)
    own.write_text("[Service]\n")
    found = plan(tmp_path)
    assert own not in [one.path for one in found.changes]
    assert [line.state for line in found.lines if line.text == "bluetooth.service"] == [State.CONTRADICTED]


def test_the_eeprom_is_read_and_compared(tmp_path: Path) -> None:
    def run(words: Sequence[str]) -> str:
        assert words == ["rpi-eeprom-config"]
        return "[all]\nBOOT_ORDER=0xf41\nPOWER_OFF_ON_HALT=1\n"

    found = plan_of(places_of(pi(tmp_path)), PI4, frozenset(), run)
    assert {line.text: line.state for line in found.lines if line.file == EEPROM} == {
        "BOOT_ORDER=0xf41": State.THERE,
        "POWER_OFF_ON_HALT=0": State.MISSING,
    }
    assert [one.after for one in found.changes if one.path == EEPROM] == [
        "[all]\nBOOT_ORDER=0xf41\nPOWER_OFF_ON_HALT=0\n"
    ]


def test_a_read_only_root_wants_its_package_and_its_partition(tmp_path: Path) -> None:
    root = pi(tmp_path)
    with pytest.raises(AgentError, match="F-106"):
        plan(root, "read-only-root")
    (root / "etc/overlayroot.conf").write_text("")
    with pytest.raises(AgentError, match="busybox"):
        plan(root, "read-only-root")
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/busybox").write_bytes(b"")
    with pytest.raises(AgentError, match="F-107"):
        plan(root, "read-only-root")


def test_a_read_only_root_binds_what_is_kept(tmp_path: Path) -> None:
    make(plan(ready_for_read_only(pi(tmp_path)), "read-only-root").changes)
    places = [
        line.split()[1] for line in (tmp_path / "etc/fstab").read_text().splitlines() if line[:1] not in ("#", "")
    ]
    assert {"/data", "/etc/mektep", "/var/lib/mektep", "/opt/mektep", "/var/log"} <= set(places)
    assert "overlayroot=tmpfs:recurse=0" in (tmp_path / "boot/firmware/cmdline.txt").read_text().split()


def test_without_the_option_the_data_stay_where_they_are(tmp_path: Path) -> None:
    """The root has the folders as they were when they moved: an agent on those would have forgotten who has eaten."""
    make(plan(ready_for_read_only(pi(tmp_path)), "read-only-root").changes)
    fstab = (tmp_path / "etc/fstab").read_text()
    given_up = plan(tmp_path).changes
    assert [one.path.name for one in given_up] == ["config.txt", "cmdline.txt"]
    make(given_up)
    assert (tmp_path / "etc/fstab").read_text() == fstab
    assert plan(tmp_path).changes == []


def test_the_fstab_that_overlayroot_writes_at_each_start_is_ours(tmp_path: Path) -> None:
    """Its own words above, every field one blank apart, blanks after short comments."""
    make(plan(ready_for_read_only(pi(tmp_path)), "read-only-root").changes)
    path = tmp_path / "etc/fstab"
    padded = "".join(f"{line:<24}\n" if line.startswith("#") else f"{line}\n" for line in path.read_text().splitlines())
    path.write_text(f"#\n#  This fstab is for overlayroot.\n{padded}")
    done = plan(tmp_path, "read-only-root")
    assert done.changes == []
    assert {line.state for line in done.lines} == {State.THERE}
