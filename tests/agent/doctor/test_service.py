"""The agent as a service: dead, restarted, stuck, of another version; its own troubles, link and data."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from agent import __version__
from agent.clock import SystemClock
from agent.doctor.service import agent, centre, configuration, reference, service, troubles, version
from agent.ops import status
from agent.ops.status import DatasetView, TroubleView
from agent.reference import Reference
from agent.strict import Problem
from agent.wall_time import rfc3339
from tests.agent.doctor.boxes import box, closed, configured, picture, programs, told
from tests.agent.sealed import CALENDAR, CARDS, sealed

DAY_NS = 86_400 * 1_000_000_000
SHOWN = "LoadState=loaded\nActiveState=active\nResult={}\nNRestarts={}\nUnitFileState={}\n"


def test_a_dead_agent_is_the_first_thing_to_know(tmp_path: Path) -> None:
    (found,) = agent(box(tmp_path, picture=picture(at="2026-11-23T07:00:00.5Z")))
    assert told([found]) == ["fault D-001"]
    assert "2026-11-23T07:00:00Z" in found.fact
    assert told(agent(box(tmp_path))) == ["fault D-001"]
    assert told(agent(box(tmp_path, alive=True, picture=picture()))) == ["ok"]


@pytest.mark.parametrize(
    ("result", "restarts", "enabled", "journal", "found"),
    [
        ("success", 0, "enabled", "", ["ok"]),
        ("watchdog", 1, "enabled", "", ["warn H-152"]),
        ("success", 0, "enabled", "mektep-agent.service: Watchdog timeout (limit 30s)!\n", ["warn H-152"]),
        ("exit-code", 7, "enabled", "", ["warn H-151"]),
        ("success", 0, "disabled", "", ["warn H-156"]),
    ],
)
def test_what_systemd_has_seen(
    tmp_path: Path, result: str, restarts: int, enabled: str, journal: str, found: list[str]
) -> None:
    run = programs(systemctl=SHOWN.format(result, restarts, enabled), journalctl=journal)
    assert told(service(box(tmp_path, run=run))) == found


def test_a_machine_without_systemd_is_no_fault(tmp_path: Path) -> None:
    assert told(service(box(tmp_path))) == ["ok"]
    assert told(service(box(tmp_path, run=programs(systemctl="LoadState=not-found\n")))) == ["ok"]


def test_another_version_runs(tmp_path: Path) -> None:
    site = box(tmp_path, {"opt/mektep/versions/0.0.9/x": ""}, alive=True, picture=picture(agent=__version__))
    (found,) = version(site)
    assert (told([found]), "0.0.9" in found.fact) == (["ok"], True)
    assert told(version(msgspec.structs.replace(site, picture=picture(agent="0.0.9")))) == ["warn H-153"]


def test_the_agents_own_list_and_link_are_taken_over(tmp_path: Path) -> None:
    full, swap = (TroubleView(code=code, what="what", do="do") for code in ("D-121", "U-111"))
    link = msgspec.structs.replace(status.blank("x").link, state="offline", code="L-103", what="refused", do="Wait.")
    site = box(tmp_path, alive=True, picture=picture(troubles=[full, swap], link=link))
    assert told(troubles(site)) == ["fault D-121", "warn U-111"]
    assert told(centre(site)) == ["warn L-103"]
    dead = msgspec.structs.replace(site, alive=False)
    assert troubles(dead) == centre(dead) == reference(dead) == []
    well = msgspec.structs.replace(site, picture=picture())
    assert told([*troubles(well), *centre(well)]) == ["ok", "ok"]
    assert centre(well)[0].fact == f"{status.blank('x').link.state}, no receipt yet"


async def test_of_a_dead_agent_the_data_on_the_disk_are_looked_at(tmp_path: Path) -> None:
    site = configured(tmp_path)
    assert site.config is not None
    places, clock = site.config.state, SystemClock()
    assert told(reference(site)) == ["note H-181"]
    assert list((tmp_path / "state").iterdir()) == []  # looking makes no key
    held = Reference(places.reference, clock)
    await held.put("cards", 5, sealed(CARDS, held.recipient), rfc3339(clock.utc_ns()))
    assert told(reference(site)) == ["ok"]
    await held.put("calendar", 6, json.dumps(CALENDAR).encode(), rfc3339(clock.utc_ns() - 15 * DAY_NS))
    (found,) = reference(site)
    assert (told([found]), found.fact.partition(":")[0]) == (["warn M-102"], "calendar")
    last = msgspec.structs.replace(site, picture=picture(reference={"cards": DatasetView(version="5", issued="")}))
    assert told(reference(last)) == ["warn M-102"]  # what it said when it lived is older


def test_data_that_this_user_may_not_look_at(tmp_path: Path) -> None:
    site = configured(tmp_path)
    assert site.config is not None
    Path(site.config.state.reference).mkdir(parents=True, exist_ok=True)
    with closed(tmp_path / "state"):
        (found,) = reference(site)
    assert told([found]) == ["note H-192"]
    assert str(site.config.state.reference) in found.fact


def test_every_mistake_of_the_configuration_is_a_finding(tmp_path: Path) -> None:
    problems = [
        Problem(code="C-101", file="agent.toml", key="scool", value="x", what="is no setting", do="Write school."),
        Problem(code="C-102", file="agent.toml", key="centre", value="", what="is missing", do="Add it."),
    ]
    assert told(configuration(box(tmp_path, problems=problems))) == ["fault C-101", "fault C-102"]
    assert told(configuration(configured(tmp_path))) == ["ok"]


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ({}, "note H-181"),
        ({"cards": DatasetView(version="7", issued="")}, "ok"),
        ({"cards": DatasetView(version="7", issued="", stale=True)}, "warn M-102"),
        ({"calendar": DatasetView(version="7", issued="", ends="2026-05-25", ended=True)}, "warn M-102"),
    ],
)
def test_the_age_of_the_centres_data(tmp_path: Path, held: dict[str, DatasetView], found: str) -> None:
    assert told(reference(box(tmp_path, alive=True, picture=picture(reference=held)))) == [found]
