"""systemd/: the units, with what the agent needs of its sandbox, and how exposed each is by systemd's own measure."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from agent import kernel_clock
from agent.cells.in_unit import FOLDER, WATCHDOG_S
from agent.cells.process import SILENT_S, STOP_S
from agent.cli.main import DEFAULT_CONFIG
from agent.config import StatePlaces
from agent.firmware.data_partition import folders
from agent.outbox.outbox import WRITER_SILENT_S
from drivers import catalog
from tests.exposure import MOST

ROOT = Path(__file__).parents[1]
AGENT = ROOT / "systemd/mektep-agent.service"
CLOCK = ROOT / "systemd/mektep-clock.service"
KINDS = ("cell", "camera", "csi", "eyes")
ROOTS = {"mektep-firewall.service", "mektep-firstboot.service", "mektep-update.service"}  # they say why


def settings(unit: Path = AGENT) -> dict[str, list[str]]:
    """Setting -> its values, in order; lists in systemd are written again and again."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "[")):
            found[key].append(value)
    return found


def analysed(unit: str) -> str:
    """Of systemd-analyze security: each line of its table, and the figure."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(ROOT / "systemd" / unit)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={"COLUMNS": "400"}).stdout


def test_every_unit_has_its_figure() -> None:
    assert {unit.name for unit in (ROOT / "systemd").glob("*.service")} == set(MOST)


@pytest.mark.parametrize("unit", MOST)
def test_it_is_no_more_exposed_than_promised(unit: str) -> None:
    found = re.search(r"Overall exposure level for \S+ (\d+\.\d+)", analysed(unit))
    assert found is not None
    assert float(found[1]) <= MOST[unit]


@pytest.mark.parametrize("unit", MOST)
def test_all_that_is_open_has_its_reason_in_the_unit(unit: str) -> None:
    """Each line that systemd finds open is named in a comment, or is a setting that stands below a comment."""
    text = (ROOT / "systemd" / unit).read_text(encoding="utf-8")
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    reasoned = set(re.findall(r"(?:^#.*\n)(\w+)=", text, flags=re.MULTILINE))
    opened = re.findall(r"^✗ (\S+?)=(\S*)", analysed(unit), flags=re.MULTILINE)
    assert opened
    for key, value in opened:
        of_which = value.removeprefix("~").removeprefix("AF_(").split("|")[0].split("/")[0]
        assert f"{key}=" in comments or key in reasoned or (of_which and of_which in comments), (key, value)


@pytest.mark.parametrize("unit", ["mektep-agent.service", "mektep-update.service", "mektep-firstboot.service"])
def test_who_keeps_something_waits_for_the_data_partition(unit: str) -> None:
    """Its mounts are nofail, so local-fs.target does not wait for them; on the root below all would be forgotten."""
    waits = set(" ".join(settings(ROOT / "systemd" / unit)["RequiresMountsFor"]).split())
    bound = {place for _, place in folders() if "mektep" in place}
    assert {"/opt/mektep", "/var/lib/mektep"} <= waits <= bound | {"/boot", "/boot/firmware"}


def test_an_update_leaves_memory_to_the_readers() -> None:
    """Of the 1 GB of a Pi 3; tests/deb/read_only_root.py tries whether half of it suffices."""
    unit = settings(ROOT / "systemd/mektep-update.service")
    assert (unit["MemoryMax"], unit["MemorySwapMax"]) == (["384M"], ["0"])


def cell_unit(kind: str) -> Path:
    return ROOT / f"systemd/mektep-{kind}@.service"


def test_every_cell_of_the_catalog_has_its_unit_and_its_socket() -> None:
    assert {entry.cell.unit for entry in catalog.CATALOG.values() if entry.cell} == set(KINDS)
    for kind in KINDS:
        socket = settings(ROOT / f"systemd/mektep-{kind}.socket")
        (where,) = (line.partition("=")[2] for line in settings()["Environment"] if line.startswith(f"{FOLDER}="))
        assert socket["ListenStream"] == [f"{where}/{kind}.sock"]
        assert (socket["Accept"], socket["SocketGroup"], socket["SocketMode"]) == (["yes"], ["mektep"], ["0660"])
        assert f"mektep-{kind}.socket" in settings()["Wants"][0].split()


@pytest.mark.parametrize("driver", [name for name, entry in catalog.CATALOG.items() if entry.cell])
def test_a_unit_leaves_its_drivers_what_the_catalog_gives_them(driver: str) -> None:
    limits = catalog.CATALOG[driver].cell
    assert limits is not None
    unit = settings(cell_unit(limits.unit))
    assert int(unit["MemoryMax"][0].removesuffix("M")) > limits.memory_mb  # the daemon is first, and says why
    assert int(unit["CPUQuota"][0].removesuffix("%")) > limits.cpu_percent
    assert int(unit["Nice"][0]) == limits.nice
    python = unit["ExecStart"][0].split()[0]
    assert python == (limits.python or "/opt/mektep/current/bin/python")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_of_its_own_unit_is_another_user_without_the_keys(kind: str) -> None:
    unit = settings(cell_unit(kind))
    assert unit["User"][0].startswith("mektep-")
    assert {"-/etc/mektep", "-/var/lib/mektep"} <= set(unit["InaccessiblePaths"][0].split())
    assert "mektep" not in unit.get("SupplementaryGroups", [""])[0].split()
    landlock = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
    assert unit["SystemCallFilter"].index(landlock) > unit["SystemCallFilter"].index("~@privileged @resources")


@pytest.mark.parametrize("kind", KINDS)
def test_a_stuck_cell_is_ended_a_while_after_the_daemon_has_said_so(kind: str) -> None:
    unit = settings(cell_unit(kind))
    assert float(unit["WatchdogSec"][0]) == WATCHDOG_S > SILENT_S
    assert unit["WatchdogSignal"] == ["SIGKILL"]
    assert unit["StandardInput"] == ["socket"]
    assert (unit["StandardOutput"], unit["StandardError"]) == (["journal"], ["journal"])


def test_the_daemon_is_stopped_before_its_cells_and_in_time() -> None:
    for kind in KINDS:
        assert "mektep-agent.service" in settings(cell_unit(kind))["Before"]
    assert float(settings()["TimeoutStopSec"][0]) > STOP_S + WATCHDOG_S + STOP_S


def test_status_names_this_unit() -> None:
    source = (ROOT / "agent/cli/status.py").read_text(encoding="utf-8")
    assert f"systemctl start {AGENT.stem}" in source


def test_it_starts_the_agent_with_the_configuration_that_the_commands_read() -> None:
    (command,) = settings()["ExecStart"]
    assert command.split() == ["/opt/mektep/current/bin/mektep", "run", DEFAULT_CONFIG]


def test_the_folders_are_those_of_the_configuration() -> None:
    places, unit = StatePlaces(), settings()
    assert f"/var/lib/{unit['StateDirectory'][0]}" == places.directory
    assert f"/run/{unit['RuntimeDirectory'][0]}" == places.runtime
    where, credentials = unit["ConfigurationDirectory"][0].split()
    assert str(Path(DEFAULT_CONFIG).parent) == f"/etc/{where}"
    assert unit["LoadCredential"] == [f"sec:/etc/{credentials}"]  # made by the unit: without it it would not start


def test_the_picture_stays_when_the_daemon_dies() -> None:
    assert settings()["RuntimeDirectoryPreserve"] == ["yes"]


def test_the_watchdog_waits_longer_than_the_agent_itself() -> None:
    assert int(settings()["WatchdogSec"][0]) > WRITER_SILENT_S


def test_a_serial_adapter_that_is_plugged_in_later_may_be_opened() -> None:
    allowed = settings()["DeviceAllow"]
    assert {"char-188 rw", "char-166 rw", "char-204 rw"} <= set(allowed)
    assert not [rule for rule in allowed if rule.startswith("char-tty")]


def test_the_clock_is_asked_where_the_agent_may_not() -> None:
    agent, clock = settings(), settings(CLOCK)
    assert agent["ProtectClock"] == ["yes"]
    assert "ProtectClock" not in clock
    assert clock["SystemCallFilter"].index("adjtimex clock_adjtime") > clock["SystemCallFilter"].index(
        "~@privileged @resources"
    )
    assert clock["CapabilityBoundingSet"] == [""]
    assert str(Path(kernel_clock.TOLD).parent) == f"/run/{clock['RuntimeDirectory'][0]}"
    assert clock["RuntimeDirectoryMode"] == ["0755"]
    assert clock["User"] == ["mektep-clock"]
    assert "DynamicUser" not in clock  # with RuntimeDirectoryPreserve= its folder would be closed to all who ask
    assert clock["ExecStart"][0].split()[-1] == kernel_clock.__name__
    assert CLOCK.name in agent["Wants"][0].split()


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


@pytest.mark.parametrize("unit", MOST)
def test_no_unit_leaves_its_memory_on_a_disk(unit: str) -> None:
    found = settings(ROOT / "systemd" / unit)
    assert (found["LimitCORE"], found["MemorySwapMax"]) == (["0"], ["0"])


def test_what_the_library_of_the_networks_would_tell_its_vendor_is_not_told() -> None:
    assert "ORT_DISABLE_TELEMETRY=1" in settings()["Environment"]


def test_systemd_never_gives_up_starting_it_and_makes_no_storm() -> None:
    unit = settings()
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert int(unit["RestartSec"][0]) >= 2
    assert int(unit["RestartMaxDelaySec"][0]) <= 15  # a school is not without its alarms for longer


def test_every_user_of_a_unit_is_made() -> None:
    made = set(re.findall(r"^u (\S+)", (ROOT / "systemd/sysusers.conf").read_text(encoding="utf-8"), re.MULTILINE))
    for unit in (ROOT / "systemd").glob("*.service"):
        found = settings(unit)
        assert set(found["User"]) <= made
        assert found["User"] or found["DynamicUser"] == ["yes"] or unit.name in ROOTS


def test_systemd_understands_who_its_users_are(tmp_path: Path) -> None:
    (tmp_path / "etc/sysusers.d").mkdir(parents=True)
    shutil.copy(ROOT / "systemd/sysusers.conf", tmp_path / "etc/sysusers.d")
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], check=True, capture_output=True)
    names = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text(encoding="utf-8").splitlines()}
    assert {"mektep", "mektep-cell", "mektep-camera", "mektep-eyes"} <= names
