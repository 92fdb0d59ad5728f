"""systemd/mektep-agent.service: the unit that `mektep status` names, with what the agent needs of its sandbox."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from agent.cli.main import DEFAULT_CONFIG
from agent.config import StatePlaces
from agent.outbox.outbox import WRITER_SILENT_S

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "systemd/mektep-agent.service"


def settings() -> dict[str, list[str]]:
    """Setting -> its values, in order; lists in systemd are written again and again."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "[")):
            found[key].append(value)
    return found


def test_status_names_this_unit() -> None:
    source = (ROOT / "agent/cli/status.py").read_text(encoding="utf-8")
    assert f"systemctl start {UNIT.stem}" in source


def test_it_starts_the_agent_with_the_configuration_that_the_commands_read() -> None:
    (command,) = settings()["ExecStart"]
    assert command.split()[1:] == ["run", DEFAULT_CONFIG]


def test_the_folders_are_those_of_the_configuration() -> None:
    places, unit = StatePlaces(), settings()
    assert f"/var/lib/{unit['StateDirectory'][0]}" == places.directory
    assert f"/run/{unit['RuntimeDirectory'][0]}" == places.runtime


def test_the_picture_stays_when_the_daemon_dies() -> None:
    assert settings()["RuntimeDirectoryPreserve"] == ["yes"]


def test_the_watchdog_waits_longer_than_the_agent_itself() -> None:
    assert int(settings()["WatchdogSec"][0]) > WRITER_SILENT_S


def test_a_serial_adapter_that_is_plugged_in_later_may_be_opened() -> None:
    allowed = settings()["DeviceAllow"]
    assert {"char-188 rw", "char-166 rw", "char-204 rw"} <= set(allowed)
    assert not [rule for rule in allowed if rule.startswith("char-tty")]


def test_cells_may_give_up_their_rights() -> None:
    filters = settings()["SystemCallFilter"]
    assert filters.index("landlock_create_ruleset landlock_add_rule landlock_restrict_self") > filters.index(
        "~@privileged"
    )


def test_groups_that_only_some_systems_have_are_no_reason_not_to_start() -> None:
    assert settings()["SupplementaryGroups"] == ["dialout video input"]
    assert "SupplementaryGroups=gpio" in (ROOT / "systemd/gpio.conf").read_text(encoding="utf-8")


def test_the_kernel_may_be_asked_whether_the_clock_is_right() -> None:
    unit = settings()
    filters = unit["SystemCallFilter"]
    assert filters.index("adjtimex clock_adjtime") > filters.index("~@privileged")
    assert "ProtectClock" not in unit


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("User", "mektep"),
        ("CapabilityBoundingSet", ""),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("DevicePolicy", "closed"),
        ("StateDirectoryMode", "0700"),
        ("LimitCORE", "0"),
        ("MemorySwapMax", "0"),
    ],
)
def test_the_agent_has_no_more_rights_than_it_needs(key: str, value: str) -> None:
    assert settings()[key] == [value]


def test_systemd_never_gives_up_starting_it() -> None:
    unit = settings()
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
