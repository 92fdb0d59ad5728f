"""The daemon's side of the eyes: the source that looks at all watched cameras, and what it told last.

Counts  of each camera go to the centre every COUNTS_S; a detector that is off is told as a device's failure is.
Not     the looking itself: agent/pipelines, in a cell of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from agent.clock import Clock
from agent.config import EYES, SourceConfig
from agent.datasets import Calendar
from agent.events import CameraCounts, draft
from agent.events import SourceState as SourceStateEvent
from agent.model import Draft, Moment
from agent.outbox.troubles import Trouble
from agent.pipelines.budget import Budgets
from agent.pipelines.tally import plus
from agent.pipelines.watch import UNLESS_KNOWN, Detects, Settings, Watch, WatchedCamera
from agent.school import periods
from agent.sightings.rows import Sums
from agent.watching.score_keeper import ScoreKeeper
from drivers.errors import DeviceError
from drivers.readings import EyeTrouble, Looked, Noticed, Watched, Worked

COUNTS_S = 300.0
Key = tuple[str, str, str]  # camera, detector, code


def watches(sources: Sequence[SourceConfig]) -> dict[str, Watch]:
    """What each camera that has something to look for is watched for."""
    return {source.name: source.watch for source in sources if source.watch.sees}


def with_eyes(sources: Sequence[SourceConfig], slots: Mapping[str, str]) -> tuple[SourceConfig, ...]:
    """The sources, and what looks at the cameras among them that have a slot."""
    cameras = tuple(
        WatchedCamera(name=source.name, slot=slots[source.name], watch=source.watch)
        for source in sources
        if source.name in slots
    )
    if not cameras:
        return tuple(sources)
    eyes = SourceConfig(name=EYES, kind="eyes", driver=EYES, settings=Settings(cameras=cameras), places={})
    return (*sources, eyes)


class Board:
    """One per box: what the eyes told last."""

    def __init__(
        self,
        clock: Clock,
        blind: DeviceError | None = None,
        watches: Mapping[str, Watch] = MappingProxyType({}),
        scores: ScoreKeeper | None = None,
    ) -> None:
        self.last: Watched | None = None
        self.tampered: dict[str, tuple[str, float]] = {}  # by camera: what was last noticed of that, steady seconds
        self.watches = watches  # what each camera is watched for
        self._scores = scores
        self._budgets = Budgets(watches)
        self._clock = clock
        self._blind = blind
        self._began_ns = clock.utc_ns()
        self._off: dict[Key, tuple[EyeTrouble, int]] = {}  # and since when
        self._over: dict[tuple[str, str], int] = {}  # detectors beyond their budget, and since when
        self._sums: dict[str, Looked] = {}
        self._seconds = 0.0

    def took(self, watched: Watched, *, counted: bool = True) -> tuple[list[Draft], list[Draft]]:
        """A report has come: alarms of detectors that went off or on, and counts that are due.

        counted  whether counts can be recorded now; else they are added to the next ones
        """
        self.last = watched
        for camera, looked in watched.cameras.items():
            self._sums[camera] = added(self._sums.get(camera, Looked()), looked)
        self._seconds += watched.seconds
        if self._scores is not None:
            self._scores.took(watched)
        return self._changes(watched), self._counts() if counted else []

    def resting(self, now: Moment, calendar: Calendar | None) -> dict[str, list[str]]:
        """By camera the detectors whose time it is not."""
        return {
            camera: [
                name.value
                for name, words in watch.schedule.items()
                if periods.rests(words, now, calendar, sure=name in UNLESS_KNOWN)
            ]
            for camera, watch in self.watches.items()
        }

    def noticed(self, notice: Noticed) -> None:
        """A suspicion was raised as an alarm."""
        self._budgets.told(notice, self._clock.monotonic_ns() / 1e9)
        if notice.detector == Detects.TAMPER.value:
            self.tampered[notice.camera] = (notice.kind, self._clock.monotonic_ns() / 1e9)
        if self._scores is not None:
            self._scores.noticed(notice)

    def week(self) -> Mapping[str, Sums]:
        """By camera what the last seven days came to."""
        return self._scores.week() if self._scores is not None else {}

    def trouble(self) -> list[Trouble]:
        """What is off now, and what tells too much."""
        found = [
            Trouble(code=one.code, what=one.what, do=one.do, since_ns=since_ns) for one, since_ns in self._off.values()
        ]
        overs, now_ns = self._budgets.over(self._clock.monotonic_ns() / 1e9), self._clock.utc_ns()
        self._over = {(one.camera, one.detector): self._over.get((one.camera, one.detector), now_ns) for one in overs}
        for over in overs:
            since_ns = self._over[over.camera, over.detector]
            found.append(Trouble(code="V-305", what=over.what, do=over.do, since_ns=since_ns))
        if self._blind is not None:
            blind = self._blind
            found.append(Trouble(code=blind.code, what=blind.what, do=blind.do, since_ns=self._began_ns))
        return found

    def _changes(self, watched: Watched) -> list[Draft]:
        now = {(one.camera, one.detector, one.code): one for one in watched.troubles}
        gone = [self._off.pop(key)[0] for key in self._off.keys() - now.keys()]
        come = [one for key, one in now.items() if key not in self._off]
        at_ns = self._clock.utc_ns()
        self._off |= {(one.camera, one.detector, one.code): (one, at_ns) for one in come}
        return [self._state(one, works=True) for one in gone] + [self._state(one, works=False) for one in come]

    def _state(self, one: EyeTrouble, *, works: bool) -> Draft:
        name = "/".join(part for part in (one.camera or EYES, one.detector) if part)
        data = SourceStateEvent(
            source=name,
            code="" if works else one.code,
            what="works again" if works else one.what,
            do="" if works else one.do,
        )
        kind = "restored" if works else "failed"
        return draft(data, self._clock.now(), type=f"kz.mektep.source.{kind}.v1", source=f"{name}/state")

    def _counts(self) -> list[Draft]:
        if self._seconds < COUNTS_S:
            return []
        seconds, sums = self._seconds, self._sums
        self._seconds, self._sums = 0.0, {}
        return [draft(_event(camera, looked, seconds), self._clock.now()) for camera, looked in sums.items()]


def added(one: Looked, other: Looked) -> Looked:
    """Two reports of a camera as one."""
    mine, others = one.detectors, other.detectors
    return Looked(
        pictures=one.pictures + other.pictures,
        skipped=one.skipped + other.skipped,
        late_ms=max(one.late_ms, other.late_ms),
        detectors={
            name: plus(mine.get(name, Worked()), others.get(name, Worked())) for name in sorted(mine.keys() | others)
        },
        people=max(one.people, other.people),
        entered=one.entered + other.entered,
        left=one.left + other.left,
    )


def _event(camera: str, looked: Looked, seconds: float) -> CameraCounts:
    return CameraCounts(
        camera=camera,
        seconds=round(seconds),
        pictures=looked.pictures,
        skipped=looked.skipped,
        hits={name: worked.hits for name, worked in looked.detectors.items()},
        told={name: worked.told for name, worked in looked.detectors.items()},
        ms={name: round(worked.ms) for name, worked in looked.detectors.items()},
        people=max(0, looked.people),
        entered=looked.entered,
        left=looked.left,
    )
