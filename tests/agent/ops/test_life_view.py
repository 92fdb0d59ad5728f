"""The life of a device is joined from the daemon's picture and the history; each may be missing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.errors import AgentError
from agent.history.rows import Part, Stretch
from agent.history.view import Told
from agent.ops import status
from agent.ops.life_view import DAY_NS, Life, lately, life_of, subject_of
from agent.ops.status import SourceView, Status
from tests.agent.cli.command import READER, write_config

NOW_NS = 1_795_420_800_000_000_000
SEEN = SourceView(
    kind="reader", driver="serial_ascii", state="working", since="2026-11-23T07:00:00Z", garbled=3, repeats=0,
    last_reading="2026-11-23T07:59:00Z", readings=12,
)  # fmt: skip


def row(part: Part, state: str, ago_s: float = 60, **words: str) -> Stretch:
    at_ns = NOW_NS - round(ago_s * 1e9)
    name = "gate" if part is Part.DEVICE else ""
    return Stretch(part=part, name=name, state=state, at_ns=at_ns, first_ns=at_ns, **words)  # type: ignore[arg-type]


GONE = row(Part.DEVICE, "failed", code="P-104", what="went away", advice="Check the plug.")


@pytest.fixture
def found(tmp_path: Path) -> config.Config:
    more = READER.format(name="gate", port="/dev/g") + READER.format(name="clock", port="/dev/c")
    return config.load(write_config(tmp_path, more=more))


def picture(**words: object) -> Status:
    return msgspec.structs.replace(status.blank("school-07"), state="running", clock="synced", **words)


def life(found: config.Config, name: str, rows: list[Stretch], now: Status | None = None) -> Life:
    return life_of(subject_of(found, name), Told(rows), now, NOW_NS, running=now is not None)


def test_with_the_daemon_its_picture_says_what_is_now(found: config.Config) -> None:
    now = life(found, "gate", [GONE, row(Part.DEVICE, "working", port="ttyUSB1")], picture(sources={"gate": SEEN}))
    assert (now.state, now.port, now.readings, now.garbled, now.driver) == ("working", "ttyUSB1", 12, 3, "serial_ascii")
    assert [one.code for one in now.troubles] == ["H-171"]
    assert [one.state for one in now.timeline] == ["failed", "working"]


def test_without_any_picture_the_history_says_how_it_was(found: config.Config) -> None:
    now = life(found, "gate", [GONE, row(Part.AGENT, "power")])
    assert (now.state, now.running) == ("failed", False)
    assert [(one.code, one.what, one.do) for one in now.troubles] == [("P-104", "went away", "Check the plug.")]


def test_nothing_at_all_is_a_life_too(found: config.Config) -> None:
    assert life(found, "gate", []).timeline == []


def test_a_device_goes_before_what_every_box_has(found: config.Config) -> None:
    assert subject_of(found, "clock").part is Part.DEVICE
    assert subject_of(found, "centre").part is Part.CENTRE
    assert subject_of(found, "eyes").part is Part.DEVICE
    with pytest.raises(AgentError) as refused:
        subject_of(found, "gat")
    assert refused.value.code == "H-191"
    assert "gate, clock, centre" in refused.value.do


def test_of_the_line_the_links_own_code_is_told(found: config.Config) -> None:
    link = msgspec.structs.replace(status.blank("x").link, state="offline", code="L-103", what="refused", do="Wait.")
    assert [one.code for one in life(found, "centre", [], picture(link=link)).troubles] == ["L-103"]
    assert life(found, "centre", [], picture()).troubles == []


def test_of_the_agent_its_troubles_and_its_ends_of_the_last_day(found: config.Config) -> None:
    full = status.TroubleView(code="D-121", what="full", do="Free.")
    rows = [row(Part.AGENT, "killed"), row(Part.AGENT, "power", ago_s=2 * DAY_NS / 1e9), row(Part.AGENT, "started", 5)]
    now = life(found, "agent", rows, picture(troubles=[full]))
    assert [one.code for one in now.troubles] == ["D-121", "H-154"]
    assert [one.code for one in life(found, "agent", rows).troubles] == ["H-154"]


def test_a_jump_of_the_clock_is_told_for_a_day_if_it_was_large() -> None:
    jumps = [row(Part.CLOCK, "set", what="+0.9"), row(Part.CLOCK, "set", what="-3600.0")]
    assert [(one.code, one.what) for one in lately(jumps, NOW_NS)] == [("H-133", "the clock was set by -3600.0 s")]
    assert lately(jumps, NOW_NS + DAY_NS) == []


def test_how_an_outage_began_goes_first(found: config.Config) -> None:
    """A pulled reader is soon only not there; the plug is what to look at."""
    missing = msgspec.structs.replace(SEEN, state="failed", garbled=0, code="P-101", what="not there", do="Plug it in.")
    rows = [row(Part.DEVICE, "failed", code="P-999"), row(Part.DEVICE, "working"), GONE, row(Part.AGENT, "started")]
    rows.append(row(Part.DEVICE, "failed", code="P-101"))
    now = life(found, "gate", rows, picture(sources={"gate": missing}))
    assert [one.code for one in now.troubles] == ["P-104", "P-101"]
    assert [one.code for one in life(found, "gate", rows[:2], picture(sources={"gate": missing})).troubles] == ["P-101"]
