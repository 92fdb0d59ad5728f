"""The box's incidents: what was seen, answered, ordered and is overdue becomes steps, each in a commit of its own.

Alarms   accepting(seen) is how an alarm is accepted that is a sign, too: both in one commit, so that a power cut leaves
         neither alone. Where a step fails by itself the alarm is accepted without it, and the failure is told (M-104).
At once  a certain sign that lamps show is in open_now() before the database has taken it.
Order    one commit an input, and the writer takes them in turn: of two answers at one moment the first one counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import msgspec

from agent.book import Book
from agent.clock import Clock
from agent.errors import AgentError
from agent.incidents import by_card, rows, signs, steps
from agent.incidents.answers import Reason
from agent.incidents.due import is_due, left_s
from agent.incidents.kinds import MANNERS, Kind
from agent.incidents.life import Input, State
from agent.incidents.rows import Incident
from agent.incidents.signs import Family, Seen, Spot
from agent.incidents.steps import By, Effects, Locally, Scene
from agent.incidents.view import View, in_order
from agent.incidents.views import before_it_is_kept, view_of
from agent.model import Draft, Moment, Place, Severity
from agent.outbox.group import Transaction
from agent.outbox.troubles import Trouble
from agent.school.defects import Defects, Words
from agent.school.since import stamp
from agent.school.tapped import Tapped
from drivers.readings import Light

log = logging.getLogger("agent.incidents")

T = TypeVar("T")
LOOK_S = 20.0  # at the latest: a clock that is set may make something due
AGAIN_S = 1.0
FORGED_EVERY_NS = 60_000_000_000
RULE = "incidents"
WORDS = Words(
    "M-104",
    "the work on {part} failed by itself: {error}",
    "Send the log to support; the alarms themselves are sent. Until it is mended somebody must be told by telephone.",
)
Accept = Callable[[Sequence[Draft]], Coroutine[Any, Any, list[Place]]]


class Transact(Protocol):
    """The outbox's."""

    def __call__(self, work: Callable[[Transaction], T], *, size: int = 1) -> Awaitable[T]: ...


class KeepClip(Protocol):
    """agent/evidence: a video around a moment, from the camera's ring. Returns its id; empty: none will be kept."""

    def __call__(
        self, camera: str, *, before_s: float, after_s: float, severity: Severity, at: Moment
    ) -> Awaitable[str]: ...


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an answer, a report, a drill."""

    view: View | None = None  # None: there is no such incident
    refused: str = ""  # a word; empty: it was taken


async def _no_clip(
    camera: str,  # noqa: ARG001 - the shape
    *,
    before_s: float,  # noqa: ARG001
    after_s: float,  # noqa: ARG001
    severity: Severity,  # noqa: ARG001
    at: Moment,  # noqa: ARG001
) -> str:
    return ""


class Incidents:
    """One per box; run() for ever.

    spots    the sources by name: their places, and which of them are cameras (`cameras`)
    locally  which lamps, sirens and readers show an incident
    """

    def __init__(
        self,
        transact: Transact,
        book: Callable[[], Book],
        clock: Clock,
        *,
        spots: Mapping[str, Spot] = MappingProxyType({}),
        cameras: Sequence[str] = (),
        locally: Locally = lambda _incident: [],
        keep_clip: KeepClip = _no_clip,
    ) -> None:
        self._transact = transact
        self._book = book
        self._clock = clock
        self._defects = Defects(clock, WORDS)
        self._spots = spots
        self._cameras = cameras
        self._locally = locally
        self._keep_clip = keep_clip
        self._rows: dict[str, Incident] = {}
        self._coming: dict[str, View] = {}  # certain signs that the database has not taken yet
        self._listeners: list[Callable[[], None]] = []
        self._wake = asyncio.Event()
        self._working: set[asyncio.Task[Any]] = set()
        self._forged_ns: dict[str, int] = {}  # by reason: when it was last written, monotonic
        self._answered_ns = -by_card.HELD_NS  # when a card last answered, monotonic

    # --- life -----------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Read what is open from the disk."""
        self._took(await self._transact(rows.live))

    async def run(self) -> None:
        """Deadlines, for ever; a step that fails by itself ends nothing."""
        begun = False
        while True:
            self._wake.clear()
            begun = begun or await self._begun()
            await self.look()
            try:
                async with asyncio.timeout(self._next_s() if begun else AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _begun(self) -> bool:
        (outcome,) = await asyncio.gather(self.begin(), return_exceptions=True)
        if isinstance(outcome, BaseException):
            self._failed(outcome)
            return False
        self._defects.passed(RULE)
        return True

    async def look(self) -> None:
        """Take the steps that are due, each for itself: one that fails keeps no other incident from its next person."""
        now, scene = stamp(self._clock.now(), self._clock.boot_id), self._scene()
        due = [row.id for row in self._rows.values() if row.due is None or is_due(row.due, now)]
        work = (self._transact(partial(steps.deadline, scene=scene, id_=id_)) for id_ in due)
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        if due and not any(isinstance(one, BaseException) for one in outcomes):
            self._defects.passed(RULE)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                self._failed(outcome)
            else:
                self._done(outcome)

    async def drained(self) -> None:
        """Wait until what was seen so far is on the disk."""
        while self._working:
            await asyncio.wait(set(self._working))

    # --- what is seen ---------------------------------------------------------------------------------------------

    def accepting(self, seen: Seen) -> Accept:
        """How to accept the alarm that is this sign: with its step, in one commit. No drafts: the step alone."""
        fresh = str(uuid4())
        if seen.certain and MANNERS[seen.kind].lights:
            self._coming[fresh] = before_it_is_kept(seen, fresh)
            self._tell()
        return partial(self._accept, seen=seen, fresh=fresh)

    async def saw(self, seen: Seen) -> Outcome:
        """A sign without an alarm of its own."""
        fresh = str(uuid4())
        effects = await self._transact(partial(steps.saw, scene=self._scene(), seen=seen, fresh=fresh))
        self._done(effects)
        return _outcome(effects)

    async def _accept(self, drafts: Sequence[Draft], *, seen: Seen, fresh: str) -> list[Place]:
        work = partial(_with_alarm, drafts=drafts, scene=self._scene(), seen=seen, fresh=fresh)
        try:
            (outcome,) = await asyncio.gather(self._transact(work, size=max(1, len(drafts))), return_exceptions=True)
            if isinstance(outcome, BaseException):
                if isinstance(outcome, AgentError) or not isinstance(outcome, Exception):
                    raise outcome
                self._failed(outcome)
                await self._transact(partial(_alone, drafts=drafts))
                return []
        finally:
            self._coming.pop(fresh, None)
        self._defects.passed(RULE)
        places, effects = outcome
        self._done(effects)
        return places

    def forged(self, reason: str) -> None:
        """Something came that the centre has not signed, or that came before. One incident is open for it at most.

        Of a flood each reason is written once in FORGED_EVERY_NS: whoever floods must not keep the disk from taps.
        """
        now = self._clock.now()
        if now.monotonic_ns - self._forged_ns.get(reason, -FORGED_EVERY_NS) >= FORGED_EVERY_NS:
            self._forged_ns[reason] = now.monotonic_ns
            self._start(self.saw(signs.forged(reason, now)))

    # --- what is said ---------------------------------------------------------------------------------------------

    async def answer(self, incident: str, given: Input, by: By, reason: Reason = "") -> Outcome:
        """Somebody acknowledges, confirms, dismisses or closes it."""
        work = partial(steps.answer, scene=self._scene(), id_=incident, given=given, by=by, reason=reason)
        effects = await self._transact(work)
        self._done(effects)
        return _outcome(effects)

    async def report(
        self, incident: str, kind: Kind, place: str, *, report: str = "", certain: bool, drill: bool = False
    ) -> Outcome:
        """What somebody typed at the centre; the same id again changes nothing."""
        at = self._clock.now()
        return await self.saw(signs.reported(kind, place, incident, report, at, certain=certain, drill=drill))

    async def drill(self, kind: Kind, place: str, account: str = "", incident: str = "") -> Outcome:
        """The whole chain, marked as a drill. The same id again changes nothing; without one each is another."""
        log.warning("a drill of %s begins, asked for by %s", kind.value, account or "the centre")
        return await self.saw(signs.drilled(kind, place, incident or str(uuid4()), self._clock.now()))

    def press(self, place: str) -> None:
        """A button that means `answer` was pressed. Returns at once."""
        self._start(self._pressed(place))

    async def _pressed(self, place: str) -> None:
        effects = await self._transact(partial(by_card.answer_by_button, scene=self._scene(), place=place))
        if effects is not None:
            self._done(effects)

    # --- cards ----------------------------------------------------------------------------------------------------

    def concern(self, tap: Tapped) -> bool:
        """Whether a tap may be an answer: something waits, or somebody has just answered."""
        if any(row.state is State.TOLD for row in self._rows.values()):
            return True
        return tap.at.monotonic_ns - self._answered_ns < by_card.HELD_NS

    def answering(self, tap: Tapped, place: str, otherwise: Callable[[Transaction], Light]) -> CardAnswer:
        """The work of such a tap: an answer, or else what the tap always was."""
        return CardAnswer(self._scene(), tap, place, otherwise, self._carded)

    def _carded(self, tap: Tapped, effects: Effects) -> None:
        self._answered_ns = tap.at.monotonic_ns
        self._done(effects)

    # --- for others -----------------------------------------------------------------------------------------------

    def open_now(self) -> tuple[View, ...]:
        """All that are not closed: those that wait for a person first."""
        return in_order([*self._coming.values(), *(view_of(row) for row in self._rows.values())])

    async def closed(self, limit: int) -> tuple[View, ...]:
        """The latest that are over, the newest first."""
        return tuple(view_of(row) for row in await self._transact(partial(rows.closed, limit=limit)))

    def trouble(self) -> list[Trouble]:
        """What failed by itself, until it succeeds again."""
        return self._defects.trouble()

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call it on the loop whenever open_now() has changed."""
        self._listeners.append(listener)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _scene(self) -> Scene:
        return Scene(book=self._book(), now=self._clock.now(), boot=self._clock.boot_id, locally=self._locally)

    def _done(self, effects: Effects) -> None:
        row = effects.incident
        if row is None:
            return
        self._took([row])
        if effects.opened or effects.cameras:
            self._start(self._keep_clips(row, effects))

    def _took(self, changed: Sequence[Incident]) -> None:
        for row in changed:
            known = self._rows.get(row.id)
            if known is not None and known.changes > row.changes:
                continue  # a later step was told before
            if row.state is State.CLOSED:
                self._rows.pop(row.id, None)
            else:
                self._rows[row.id] = row
        self._wake.set()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _next_s(self) -> float:
        """Until something is due; what is due still, after a look, has failed by itself."""
        now = stamp(self._clock.now(), self._clock.boot_id)
        left = min((left_s(row.due, now) for row in self._rows.values() if row.due is not None), default=LOOK_S)
        return min(left, LOOK_S) if left > 0 else AGAIN_S

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=RULE)
        self._working.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._working.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self._defects.failed(RULE, error)

    async def _keep_clips(self, row: Incident, effects: Effects) -> None:
        """Of the cameras that saw it; where none did, of all at its place."""
        before_s, after_s = MANNERS[row.kind].clip
        if row.drill or not after_s or any(one.family == Family.LINK for one in row.signs):
            return
        cameras = effects.cameras or (() if row.cameras else self._cameras_at(row.place))
        for camera in cameras:
            id_ = await self._keep_clip(
                camera, before_s=before_s, after_s=after_s, severity=MANNERS[row.kind].severity, at=_moment(row)
            )
            if id_:
                await self._transact(partial(steps.clip, scene=self._scene(), incident=row, camera=camera, id_=id_))

    def _cameras_at(self, place: str) -> tuple[str, ...]:
        if not place:
            return ()
        return tuple(name for name in self._cameras if signs.place_of(self._spots[name].place) == place)


class CardAnswer:
    """One tap that may be an answer. `decide` runs in the writer's thread; `committed` on the loop, when it is kept."""

    def __init__(
        self,
        scene: Scene,
        tap: Tapped,
        place: str,
        otherwise: Callable[[Transaction], Light],
        carded: Callable[[Tapped, Effects], None],
    ) -> None:
        self._scene = scene
        self._tap = tap
        self._place = place
        self._otherwise = otherwise
        self._carded = carded
        self._effects: Effects | None = None

    def decide(self, transaction: Transaction) -> Light:
        """Of the last run counts what it did: it may run again."""
        answered = by_card.answer_by_card(transaction, self._scene, self._tap, self._place)
        if answered is None:
            self._effects = None
            return self._otherwise(transaction)
        light, self._effects = answered
        return light

    def committed(self) -> None:
        if self._effects is not None:
            self._carded(self._tap, self._effects)


def _alone(transaction: Transaction, *, drafts: Sequence[Draft]) -> None:
    """The alarm without its incident, and without the name of its copy: the centre then answers for the copy."""
    for one in drafts:
        transaction.put(msgspec.structs.replace(one, ahead_id=""))


def _with_alarm(
    transaction: Transaction, *, drafts: Sequence[Draft], scene: Scene, seen: Seen, fresh: str
) -> tuple[list[Place], Effects]:
    places = [transaction.put(one) for one in drafts]
    return places, steps.saw(transaction, scene, seen, fresh)


def _moment(row: Incident) -> Moment:
    """Of its latest sign."""
    return Moment(row.latest_sign.utc_ns, row.latest_sign.monotonic_ns, row.latest_sign.trusted)


def _outcome(effects: Effects) -> Outcome:
    return Outcome(view=view_of(effects.incident) if effects.incident else None, refused=effects.refused)
