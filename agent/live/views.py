"""Live views: begun and ended by the centre's orders, ended also by silence, by their limit and with their camera.

Whoever looks stands on the record before the first packet leaves: the event is on the disk, then the camera is told. A
view that was on when the box went down is ended on the record at the next start; nothing resumes by itself.

Only    to a media server of the signed dataset `live`, so many at one time and so long as it says.
Masks   are the camera's process's to burn in (drivers/cameras/anew.py): it is told that there are some. A view does not
        outlive a change of the configuration: that restarts the agent.
Wire    LiveView in agent/incident_events.py; orders: agent/live/orders.py. The pushing: drivers/live, in its cell.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from agent.clock import Clock
from agent.config import SourceConfig
from agent.datasets import Live, MediaServer
from agent.events import draft
from agent.incident_events import LiveView
from agent.live.open_cameras import OpenCameras
from agent.live.session import KEEP_S, LiveShown, Recorded, Session
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.plain import plain
from agent.sync.orders import Denied, Failed
from agent.wall_time import rfc3339
from drivers.driver import LiveProgress, LiveTarget

log = logging.getLogger("agent.live")

FACT = "live/views"  # those that are on, for the next start
LOOK_S = 0.5
WORDS_MOST = 200


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown, where and to whom."""

    session: str
    camera: str
    host: str
    port: int
    path: str
    seconds: int
    by: str
    main: bool = False


class LiveViews:
    """One per box; run() for ever. `rules` is the dataset `live`, `city_ca` the PEM of who vouches for the city."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        cameras: Sequence[SourceConfig],
        opened: OpenCameras,
        rules: Callable[[], Live | None],
        city_ca: Callable[[], str],
        told_forbidden: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._cameras: Mapping[str, SourceConfig] = {one.name: one for one in cameras if one.kind == "camera"}
        self._opened = opened
        self._rules = rules
        self._city_ca = city_ca
        self._told_forbidden = told_forbidden
        self._on: dict[str, Session] = {}
        self._over: list[Session] = []  # not yet on the record
        self._begun = asyncio.Event()
        self._wake = asyncio.Event()
        opened.tell(self._hear, self._closed)

    # --- orders -------------------------------------------------------------------------------------------------

    async def start(self, asked: Asked) -> None:
        """On the record when this returns. Raises Denied, Failed."""
        await self._begun.wait()
        if (session := self._on.get(asked.session)) is not None and not session.ending:
            session.keep(self._now_s())  # the same order again, after an answer that got lost
            return
        rules, server = self._allowed(asked)
        self._check(asked, rules)
        target = self._target(asked, server)
        now_s = self._now_s()
        session = self._on[asked.session] = Session(
            id=asked.session,
            camera=asked.camera,
            by=asked.by,
            host=asked.host,
            began_ns=self._clock.utc_ns(),
            keep_until_s=now_s + KEEP_S,
            limit_s=now_s + min(asked.seconds, rules.seconds),
        )
        await self._record(session, "started")
        camera = self._opened.find(asked.camera)
        if camera is None:
            session.end("camera", now_s)
            self._gone(session)
        elif not session.ending:
            camera.show_live(session.id, target)
            log.info("%s is shown live to %s at %s", session.camera, session.by, session.host)
        self._wake.set()

    def keep(self, session: str) -> None:
        """Somebody still looks. Raises Failed."""
        found = self._on.get(session)
        if found is None or found.ending:
            raise Failed("unknown_session")
        found.keep(self._now_s())

    def stop(self, session: str) -> None:
        """One that is over already needs no stopping."""
        if (found := self._on.get(session)) is not None:
            self._end(found, "stopped")

    def _allowed(self, asked: Asked) -> tuple[Live, MediaServer]:
        """Raises Denied: the signed data say nothing of this host."""
        rules = self._rules()
        for server in rules.servers if rules else ():
            if rules and (server.host, server.port) == (asked.host, asked.port):
                return rules, server
        log.error(
            "a live view was ordered to %s:%d, which the centre's signed data do not name", asked.host, asked.port
        )
        self._told_forbidden("forbidden_host")
        raise Denied("forbidden_host")

    def _check(self, asked: Asked, rules: Live) -> None:
        """Raises Failed, with a word of docs/live.md."""
        if asked.camera not in self._cameras:
            raise Failed("unknown_camera")
        if self._opened.find(asked.camera) is None:
            raise Failed("camera_gone")
        if not self._opened.can_be_encoded(asked.camera):
            raise Failed("no_encoder")
        if len(self._on) >= rules.sessions:
            raise Failed("too_many_views")

    def _target(self, asked: Asked, server: MediaServer) -> LiveTarget:
        """Raises Failed: nobody is known to vouch for the server."""
        ca = server.ca or self._city_ca()
        if not ca:
            raise Failed("no_authority")
        return LiveTarget(
            host=asked.host,
            port=asked.port,
            path=asked.path,
            ca=ca,
            main=asked.main,
            check_dates=self._clock.synced(),
            masked=self._cameras[asked.camera].is_masked,
        )

    # --- how they go ----------------------------------------------------------------------------------------------

    def _hear(self, progress: LiveProgress) -> None:
        session = self._on.get(progress.session)
        if session is None:
            return
        session.bytes_sent = max(session.bytes_sent, progress.bytes_sent)
        if progress.state == "started":
            session.shown_s = self._now_s()
        elif progress.state == "ended":
            what = plain(progress.what)[:WORDS_MOST]
            log.info("%s is no longer shown live: %s. %s", session.camera, session.ending or progress.reason, what)
            session.end(progress.reason[:32], self._now_s())
            self._gone(session)

    def _closed(self, camera: str) -> None:
        for session in [one for one in self._on.values() if one.camera == camera]:
            session.end("camera", self._now_s())
            self._gone(session)

    def _end(self, session: Session, reason: str) -> None:
        if session.ending:
            return
        session.end(reason, self._now_s())
        camera = self._opened.find(session.camera)
        if camera is None:
            self._gone(session)
        else:
            camera.end_live(session.id)

    def _gone(self, session: Session) -> None:
        """Nothing more leaves: its end is to go on the record."""
        if self._on.pop(session.id, None) is not None:
            self._over.append(session)
            self._wake.set()

    # --- life -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Runs for ever."""
        await self._end_of_earlier_life()
        self._begun.set()
        while True:
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if self._on else None):  # wait_for() may lose a cancellation
                    await self._wake.wait()
            self._wake.clear()

    async def look(self) -> None:
        """End what is due, and put on the record what is over."""
        now_s = self._now_s()
        for session in list(self._on.values()):
            if reason := session.due(now_s):
                self._end(session, reason)
            elif session.ending and now_s >= session.end_by_s:
                log.error("the view of %s is over, and its camera has not said so", session.camera)
                self._gone(session)
        while self._over:
            await self._record(self._over[0], "ended")
            self._over.pop(0)

    async def _end_of_earlier_life(self) -> None:
        kept = await self._outbox.recall(FACT)
        at = self._clock.now()
        events = [
            draft(
                LiveView(session=one.id, camera=one.camera, state="ended", by=one.by, host=one.host, reason="restart"),
                at,
                source=f"{one.camera}/live",
            )
            for one in _recorded(kept)
        ]

        def end(transaction: Transaction) -> None:
            for event in events:
                transaction.put(event)
            transaction.remember(FACT, b"[]")

        if events:
            await self._outbox.transact(end)

    async def _record(self, session: Session, state: str) -> None:
        """The event, and which views the next start finds on: in one transaction."""
        view = LiveView(
            session=session.id,
            camera=session.camera,
            state=state,
            by=session.by,
            host=session.host,
            reason=session.ending if state == "ended" else "",
            seconds=session.seconds(self._now_s()) if state == "ended" else 0,
            bytes=session.bytes_sent,
        )
        event = draft(view, self._clock.now(), source=f"{session.camera}/live")
        on = [one for one in self._on.values() if one.id != session.id or state == "started"]
        kept = msgspec.json.encode([Recorded(one.id, one.camera, one.by, one.host) for one in on])

        def put(transaction: Transaction) -> None:
            transaction.put(event)
            transaction.remember(FACT, kept)

        await self._outbox.transact(put)

    def shown(self) -> list[LiveShown]:
        """Who looks at what now."""
        return [
            LiveShown(camera=one.camera, by=one.by, since=rfc3339(one.began_ns), host=one.host)
            for one in self._on.values()
        ]

    def may_be_shown(self, camera: str) -> bool:
        """Whether an order for it would be followed, but for the number of views."""
        rules = self._rules()
        if camera not in self._cameras or rules is None or not rules.servers or self._opened.find(camera) is None:
            return False
        return self._opened.can_be_encoded(camera)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def _recorded(kept: bytes | None) -> list[Recorded]:
    """What cannot be read costs the record an end, and not the box its start."""
    try:
        return msgspec.json.decode(kept, type=list[Recorded]) if kept else []
    except (msgspec.MsgspecError, UnicodeError) as error:
        log.error("which views were on when the agent ended cannot be read: %s", error)
        return []
