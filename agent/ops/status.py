"""One frozen picture of the daemon, written to tmpfs each second: what `mektep status` and the order `status` show.

It works when the daemon is dead: the picture stays, with the moment it was taken and the process that took it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from agent.incidents.view import View
from agent.live.session import LiveShown


class TroubleView(msgspec.Struct, frozen=True, kw_only=True):
    """A row for the technician: of docs/errors.md."""

    code: str
    what: str
    do: str
    since: str = ""


class PartView(msgspec.Struct, frozen=True, kw_only=True):
    """A zone, a contact or a picture that is not as it should be."""

    kind: str  # zone, contact or picture
    part: str  # the zone's number, the contact's name; empty for a device that is one part
    place: str
    state: str


class CellView(msgspec.Struct, frozen=True, kw_only=True):
    """The child process in which a device lives."""

    pid: int  # 0: none runs now
    memory_mb: int
    cpu_percent: float  # of one core
    falls: int  # since the daemon started


class VideoView(msgspec.Struct, frozen=True, kw_only=True):
    """The stream of a camera."""

    width_px: int  # 0: no picture yet
    height_px: int
    rate: float  # pictures a second that come; 0: not known yet
    seen: str  # when the last whole picture came, RFC 3339; empty if none did
    clock_off_s: float | None = None  # how far the camera's clock is ahead; None: its stream does not tell
    encodes: bool | None = None  # whether its pictures can be made anew for a live view; None: they need not be


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    driver: str
    state: str
    since: str
    last_reading: str
    readings: int
    garbled: int
    repeats: int
    code: str = ""
    what: str = ""
    do: str = ""
    parts: list[PartView] = []  # only what is unusual
    cell: CellView | None = None  # None: it needs none
    video: VideoView | None = None  # of a camera


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    last: int
    settled: int
    bytes: int


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    since: str
    code: str
    what: str
    do: str
    in_flight_bytes: int
    bytes_per_s: float
    rtt_ms: float
    last_receipt: str
    counters: dict[str, int]
    refused: dict[str, int]


class DiskView(msgspec.Struct, frozen=True, kw_only=True):
    free_bytes: int
    wal_bytes: int
    commit_p50_ms: float
    commit_p99_ms: float


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures of cameras; the counts are since the agent's start."""

    kept: int = 0  # owed to the centre now
    owed_bytes: int = 0
    sealed: int = 0
    delivered: int = 0
    lost: int = 0  # an id was given, and nothing will come
    not_kept: int = 0  # no id was given


class WeekView(msgspec.Struct, frozen=True, kw_only=True):
    """What one camera's detectors came to in the last seven days, as far as it is kept."""

    hits: int = 0  # looks that spoke for something, before any vote
    votes: int = 0
    told: int = 0  # alarms
    dismissed: int = 0  # of them, by people
    confirmed: int = 0


class DetectorView(msgspec.Struct, frozen=True, kw_only=True):
    """One detector of one camera, in the last report of the eyes."""

    runs_per_s: float
    ms: float  # of a processor core, a run
    hits: int
    told: int
    votes: int = 0
    rests: bool = False  # it is not its time


class EyeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the eyes did with one camera's pictures, in their last report."""

    pictures_per_s: float
    skipped: int
    late_ms: float
    detectors: dict[str, DetectorView]
    people: int = -1  # -1: nobody counts them
    clock: list[float] = []  # where the camera draws its own: left, top, right, bottom, as shares; empty: not found
    week: WeekView = WeekView()


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset of the centre's reference data."""

    version: str
    issued: str  # by the centre, RFC 3339; empty if it did not say
    counts: dict[str, int] = {}
    stale: bool = False  # issued more than two weeks ago
    ends: str = ""  # of the calendar: its last day
    ended: bool = False  # that day is past
    utc_offset_min: int | None = None  # of the calendar: so far the school's clocks are ahead of UTC


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a technician asks first."""

    state: str  # starting, running, stopping; "dead" and "unknown" are said by the reader of the file
    school: str
    agent: str
    pid: int
    pid_start: int  # field 22 of /proc/PID/stat: tells a reused number
    at: str
    started: str
    epoch: str
    bootid: str
    clock: str
    lanes: dict[str, LaneView]
    owes: list[str]
    link: LinkView
    sources: dict[str, SourceView]
    troubles: list[TroubleView]
    disk: DiskView
    alarms_waiting: int = 0
    alarms_sent_ahead: int = 0
    incidents: list[View] = []  # that are not closed, the most urgent first
    live: list[LiveShown] = []  # cameras that somebody looks at now
    evidence: EvidenceView = EvidenceView()
    datasets: dict[str, str] = {}  # versions of the centre's reference data
    eyes: dict[str, EyeView] = {}  # by camera
    reference: dict[str, DatasetView] = {}  # the same, and how old and how much they are


def write(path: Path, status: Status) -> None:
    """Replace the picture atomically. tmpfs needs no fsync. Raises OSError."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(msgspec.json.encode(status))
    os.replace(fresh, path)


def read(path: Path) -> Status | None:
    """The last picture, or None if there is none or it cannot be read as one. Raises PermissionError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except PermissionError:
        raise
    except (OSError, msgspec.MsgspecError):
        return None


def process_start(pid: int) -> int:
    """When a process started, in clock ticks since boot (proc(5), stat field 22); 0 if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[19])


def is_alive(status: Status) -> bool:
    """Whether the very process that took the picture still runs."""
    return status.pid_start != 0 and process_start(status.pid) == status.pid_start


def blank(school: str) -> Status:
    """A picture of a box that has never run since boot."""
    link = LinkView(
        state="offline",
        since="",
        code="",
        what="",
        do="",
        in_flight_bytes=0,
        bytes_per_s=0.0,
        rtt_ms=0.0,
        last_receipt="",
        counters={},
        refused={},
    )
    return Status(
        state="unknown",
        school=school,
        agent="",
        pid=0,
        pid_start=0,
        at="",
        started="",
        epoch="",
        bootid="",
        clock="",
        lanes={},
        owes=[],
        link=link,
        sources={},
        troubles=[],
        disk=DiskView(free_bytes=0, wal_bytes=0, commit_p50_ms=0.0, commit_p99_ms=0.0),
    )
