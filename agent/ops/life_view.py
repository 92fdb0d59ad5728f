"""The life of one thing as a technician asks for it: what is wrong now, what happened until now, what to try.

From the daemon's last picture and from the history of the database; each may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.config import EYES, Config, SourceConfig
from agent.errors import AgentError
from agent.history.rows import Part, Stretch
from agent.history.view import Told
from agent.ops.device_trouble import troubles_of
from agent.ops.status import Status, TroubleView
from agent.wall_time import rfc3339

OWN = (Part.CENTRE, Part.CLOCK, Part.AGENT)
DAY_NS = 86_400 * 1_000_000_000
JUMP_S = 60.0  # what a time server corrects after a night without power is less
WENT_AWAY = {"P-104", "P-204", "R-404"}
UNSYNCED = TroubleView(
    code="H-131",
    what="no time server has set the clock: nobody vouches for the time",
    do="Check that NTP passes the router (UDP 123): `timedatectl timesync-status`.",
)
ENDS = {  # state of the agent's row -> code, fact, instruction
    "killed": (
        "H-154",
        "the agent was ended by force, or fell by itself",
        "Read its last words: `journalctl -u mektep-agent`; if nobody did it, send them to support.",
    ),
    "power": (
        "H-155",
        "the power went, or the box was reset",
        "Ask the school; if nobody knows, look at plug and power supply. Nothing that was shown green is lost.",
    ),
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline."""

    part: str  # device, centre, clock, agent
    state: str
    at: str  # when it began, the last time
    first: str  # and first
    times: int
    clock_ok: bool
    code: str = ""
    what: str = ""
    do: str = ""
    port: str = ""
    readings: int = 0
    garbled: int = 0
    last_reading: str = ""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """What `mektep why` says."""

    name: str
    part: str
    kind: str = ""  # of a device
    driver: str = ""
    place: str = ""
    running: bool  # the daemon
    state: str = ""
    since: str = ""
    port: str = ""
    last_reading: str = ""
    readings: int = 0
    garbled: int = 0
    troubles: list[TroubleView] = []  # of now
    timeline: list[Entry] = []  # oldest first
    whole: bool = True  # False: the database could be read only as it was some time ago


class Subject(msgspec.Struct, frozen=True):
    """Whose life it is."""

    part: Part
    name: str = ""  # of a device
    source: SourceConfig | None = None  # None: what looks at the pictures has none


def subject_of(found: Config, name: str) -> Subject:
    """A device of this name goes first. Raises AgentError H-191 if there is neither."""
    for source in found.sources:
        if source.name == name:
            return Subject(Part.DEVICE, name, source)
    if name == EYES:
        return Subject(Part.DEVICE, name)
    if name in OWN:
        return Subject(Part(name))
    known = ", ".join([*(source.name for source in found.sources), *OWN])
    raise AgentError("H-191", f"no device is called {name}", do=f"Take one of these: {known}.")


def life_of(subject: Subject, told: Told, picture: Status | None, now_ns: int, *, running: bool) -> Life:
    """Joins both."""
    life = Life(
        name=subject.name or subject.part.value, part=subject.part.value, running=running, whole=told.whole,
        timeline=[_entry(row) for row in told.stretches],
    )  # fmt: skip
    mine = next((row for row in reversed(told.stretches) if row.part is subject.part and row.state != "set"), None)
    if mine is not None:
        life = _as_written(life, mine)
    if subject.part is Part.DEVICE:
        return _device(life, subject, picture, told.stretches)
    return _own(life, subject.part, picture, lately(told.stretches, now_ns))


def lately(stretches: Sequence[Stretch], now_ns: int) -> list[TroubleView]:
    """What the last day's history tells of the agent's ends and of the clock, each once, the latest."""
    found: dict[str, TroubleView] = {}
    for row in stretches:
        if row.at_ns < now_ns - DAY_NS:
            continue
        if row.part is Part.AGENT and row.state in ENDS:
            code, what, do = ENDS[row.state]
            found[code] = TroubleView(code=code, what=what, do=do, since=rfc3339(row.at_ns))
        elif row.part is Part.CLOCK and row.state == "set" and abs(float(row.what)) >= JUMP_S:
            do = "Look at the battery of the clock and at NTP; `mektep why clock` shows when. Records keep their time."
            what = f"the clock was set by {row.what} s"
            found["H-133"] = TroubleView(code="H-133", what=what, do=do, since=rfc3339(row.at_ns))
    return list(found.values())


def _as_written(life: Life, row: Stretch) -> Life:
    """What the newest row says, until the daemon's picture says more."""
    trouble = TroubleView(code=row.code, what=row.what, do=row.advice, since=rfc3339(row.first_ns))
    return msgspec.structs.replace(
        life, state=row.state, since=rfc3339(row.at_ns), port=row.port, last_reading=rfc3339(row.last_ns),
        troubles=[trouble] if row.code else [],
    )  # fmt: skip


def _device(life: Life, subject: Subject, picture: Status | None, rows: Sequence[Stretch]) -> Life:
    if source := subject.source:
        life = msgspec.structs.replace(life, kind=source.kind, driver=source.driver, place=source.place)
    else:
        life = msgspec.structs.replace(life, kind=EYES, driver=EYES)
    seen = picture.sources.get(subject.name) if picture else None
    if seen is None:
        return life
    return msgspec.structs.replace(
        life,
        state=seen.state,
        since=seen.since,
        last_reading=seen.last_reading or life.last_reading,
        readings=seen.readings,
        garbled=seen.garbled,
        troubles=_since_its_beginning(troubles_of(subject.name, seen), seen.code, rows),
    )


def _since_its_beginning(now: list[TroubleView], code: str, rows: Sequence[Stretch]) -> list[TroubleView]:
    """A device that went away is soon only not there: how it began says more of what to do, and goes first."""
    outage: list[Stretch] = []
    for row in rows:
        if row.part is Part.DEVICE:
            outage = [] if row.state == "working" else [*outage, row]
    if not code or not outage or outage[0].code == code or outage[0].code not in WENT_AWAY:
        return now
    first = outage[0]
    return [TroubleView(code=first.code, what=first.what, do=first.advice, since=rfc3339(first.first_ns)), *now]


def _own(life: Life, part: Part, picture: Status | None, late: list[TroubleView]) -> Life:
    if part is Part.CENTRE:
        return _link(life, picture) if picture else life
    if part is Part.CLOCK:
        state = picture.clock if picture and picture.clock else life.state
        now = [UNSYNCED] if state == "unsynced" else []
        return msgspec.structs.replace(
            life, state=state, troubles=[*now, *(one for one in late if one.code == "H-133")]
        )
    ends = [one for one in late if one.code != "H-133"]
    if picture is None:
        return msgspec.structs.replace(life, troubles=ends)
    troubles = [*picture.troubles, *ends]
    return msgspec.structs.replace(life, state=picture.state, since=picture.started, troubles=troubles)


def _link(life: Life, picture: Status) -> Life:
    link = picture.link
    trouble = TroubleView(code=link.code, what=link.what, do=link.do, since=link.since)
    return msgspec.structs.replace(
        life, state=link.state, since=link.since, last_reading=link.last_receipt,
        troubles=[trouble] if link.code else [],
    )  # fmt: skip


def _entry(row: Stretch) -> Entry:
    return Entry(
        part=row.part.value, state=row.state, at=rfc3339(row.at_ns), first=rfc3339(row.first_ns), times=row.times,
        clock_ok=row.clock_ok, code=row.code, what=row.what, do=row.advice, port=row.port, readings=row.readings,
        garbled=row.garbled, last_reading=rfc3339(row.last_ns),
    )  # fmt: skip
