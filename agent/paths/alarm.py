"""An alarm waits for nothing: accepted if the database answers, sent ahead of it if not.

Every alarm is handed to the outbox at once. What is not on disk after AHEAD_AFTER_S is sent to the centre as a copy
without sequence; the alarm itself stays in the outbox's queue and follows when the database answers, under the same
`aheadid`. Until then the copy is sent again: soon where there was no connection, and at times where there was, for
nobody receipts it. One that the outbox refuses altogether (its database is damaged) has nothing but the copy; and where
accept() gives no place, nobody on the box will tell a person of it: the centre does, by the copy. That one is tried
until it finds a connection.

Signs    an alarm that is a sign of an incident, too, is accepted by who keeps the incidents: both in one commit.

Bounded  WAITING_OF_SOURCE alarms of one source and severity wait for the disk; what is beyond is gathered. No source
         waits, for itself or for another: a door that bangs while the card dies keeps no panel from being read.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec

from agent.clock import Clock
from agent.model import Draft, Place, Severity
from agent.paths.flapping import Flaps

log = logging.getLogger("agent.alarms")

AHEAD_AFTER_S = 0.5
UNSENT_AGAIN_S = 2.0  # the copy found no connection
SENT_AGAIN_S = 30.0  # it found one, and perhaps nobody who listened at the centre
WAITING_OF_SOURCE = 16

Accept = Callable[[Sequence[Draft]], Coroutine[Any, Any, list[Place]]]
Room = tuple[str, Severity]  # of one source, and so severe: what bangs is not what burns
SendAhead = Callable[[Draft], Coroutine[Any, Any, bool]]


class AlarmPath:
    """Joins alarm sources with the outbox and, when that is stuck, with the link."""

    def __init__(self, accept: Accept, send_ahead: SendAhead, clock: Clock) -> None:
        self._accept = accept
        self._clock = clock
        self._flaps = Flaps()
        self._send_ahead = send_ahead
        self._taken: Counter[Room] = Counter()
        self._waiting: set[asyncio.Task[object]] = set()
        self.sent_ahead = 0

    async def raise_alarm(self, draft: Draft, accepting: Callable[[], Accept] | None = None) -> None:
        """Returns as soon as the alarm is on its way; it is never dropped, but a source that chatters is gathered.

        accepting  how it is accepted, if not as others are; of a gathered one it is called without the alarm
        """
        room = _room_of(draft)
        full = self._is_full(room)
        if self._flaps.passes(draft, self._clock.monotonic_ns() / 1e9, full=full):
            self._send(draft, accepting() if accepting else self._accept)
        elif accepting is not None and not full:
            self._start(accepting()([]), room)

    async def tell_gathered(self) -> None:
        """Raise what chattering sources have gathered, as far as there is room for it; called about each second."""
        for event in self._flaps.due(self._clock.monotonic_ns() / 1e9, self._clock.now(), self._has_room):
            self._send(event, self._accept)

    def _send(self, draft: Draft, accept: Accept) -> None:
        draft = msgspec.structs.replace(draft, ahead_id=f"ahead-{uuid4()}")
        self._start(self._carry(draft, accept), _room_of(draft))

    def _start(self, work: Coroutine[Any, Any, object], room: Room) -> None:
        self._taken[room] += 1
        task = asyncio.create_task(work)
        self._waiting.add(task)
        task.add_done_callback(partial(self._carried, room=room))

    def _has_room(self, draft: Draft) -> bool:
        return not self._is_full(_room_of(draft))

    def _is_full(self, room: Room) -> bool:
        return self._taken[room] >= WAITING_OF_SOURCE

    async def drained(self) -> None:
        """Wait until every alarm raised so far is on disk."""
        if self._waiting:
            await asyncio.wait(self._waiting)

    def waiting(self) -> int:
        return len(self._waiting)

    async def _carry(self, draft: Draft, accept: Accept) -> None:
        accepted = asyncio.ensure_future(accept([draft]))
        sent, pause_s = False, AHEAD_AFTER_S
        while not (await asyncio.wait({accepted}, timeout=pause_s))[0]:
            sent = await self._ahead(draft, again=sent)
            pause_s = SENT_AGAIN_S if sent else UNSENT_AGAIN_S
        has_only_the_copy = accepted.exception() is not None or not accepted.result()
        while has_only_the_copy and not sent:
            sent = await self._ahead(draft)
            if not sent:
                await asyncio.sleep(UNSENT_AGAIN_S)
        accepted.result()

    async def _ahead(self, draft: Draft, *, again: bool = False) -> bool:
        """Whether a copy is on its way, now or since an earlier one."""
        sent = await self._send_ahead(draft)
        if sent and not again:
            self.sent_ahead += 1
            log.warning("%s is sent ahead: the database does not take it", draft.type)
        return sent or again

    def _carried(self, task: asyncio.Task[object], room: Room) -> None:
        self._waiting.discard(task)
        self._taken[room] -= 1
        if not task.cancelled() and (error := task.exception()):
            log.error("an alarm could not be accepted: %s", error)


def _room_of(draft: Draft) -> Room:
    return draft.source, draft.severity
