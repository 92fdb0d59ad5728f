"""Outbox to centre: reads what is owed, lane by lane, signs it, and settles it when a receipt says stored.

Order     alarms first and outside the window; then pictures of open incidents; then records before telemetry, which
gets every fourth turn so that it does not starve; other pictures after them, with every eighth turn; videos in what is
left; older epochs first. After a reconnection everything without a receipt is sent again.
Settles   only by a receipt that matches a batch of this connection in school, epoch, lane, range and hash; also one
          that was given up: a centre that a whole city keeps busy answers late, and to send the same again and again
          would keep it so.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable

import msgspec

from agent.clock import Clock
from agent.events import Quarantined, draft
from agent.evidence.retention import Turn
from agent.model import Batch, Lane
from agent.outbox.outbox import Outbox
from agent.outbox.reissue import reissue
from agent.sync.compression import compress
from agent.sync.flow import BATCH_MAX, Flow, Sent
from agent.sync.identity import Identity
from agent.sync.link import State
from agent.sync.mqtt import Outgoing
from agent.sync.parts import Parts
from agent.sync.topics import BATCH_MAX_EVENTS, EvidenceReceipt, Kind, RangeVerdict, Receipt, Topics, Verdict
from agent.sync.trust import Refused, batch_statement, signed_hash

log = logging.getLogger("agent.drain")

BATCH_TYPE = "application/cloudevents-batch+json"
TELEMETRY_EVERY = 4
PICTURES_EVERY, PICTURES_TURN = 8, 6
ALARM_BATCH_BYTES = 65_536
ALARM_BATCHES = 16  # in flight at most; beyond it alarms join each other in the next batch
RESENDS_WAITING = 64
GIVEN_UP_KEPT = 256
YIELD_S = 0.01  # a batch waits so long for taps that are on their way to the disk
NANO = 1_000_000_000

Key = tuple[str, Lane, int, int]


class Flight(msgspec.Struct):
    """One batch without a receipt."""

    batch: Batch
    sha256: str
    sent: Sent
    due_s: float


class Late(msgspec.Struct, frozen=True):
    """A batch that was given up, without its events: how it was sent the first time."""

    sha256: str
    sent: Sent


class Resend(msgspec.Struct):
    """A range that the centre asked for again."""

    epoch: str
    lane: Lane
    after: int
    last: int


class Counts(msgspec.Struct):
    """For status."""

    batches: int = 0
    events: int = 0
    receipts: int = 0
    repeats: int = 0
    quarantined: int = 0
    conflicts: int = 0
    overdue: int = 0
    stale: int = 0


class Drain:
    """Fills one connection after the other; `publish` belongs to the connection of the moment."""

    def __init__(
        self,
        outbox: Outbox,
        identity: Identity,
        topics: Topics,
        parts: Parts,
        clock: Clock,
        jitter: Callable[[], float],
        *,
        compressed: bool,
    ) -> None:
        self._outbox = outbox
        self._identity = identity
        self._topics = topics
        self.parts = parts
        self._clock = clock
        self._jitter = jitter
        self._compressed = compressed
        self.flow = Flow()
        self.counts = Counts()
        self.wake = asyncio.Event()
        self._flights: dict[Key, Flight] = {}
        self._given_up: dict[Key, Late] = {}  # sent on this connection and not receipted in time
        self._cursors: dict[tuple[str, Lane], int] = {}
        self._resends: deque[Resend] = deque()
        self._repairs: deque[tuple[Receipt, RangeVerdict]] = deque()
        self._turn = 0
        self._in_flight_max = 1

    # --- the connection's life ----------------------------------------------------------------------------------

    def connected(self, in_flight_max: int) -> None:
        """A new connection: whatever has no receipt is owed again. The measured rate is kept."""
        for flight in self._flights.values():
            self.flow.dropped(flight.sent)
        self._flights.clear()
        self.parts.connected(self.flow)
        self._given_up.clear()
        self._cursors.clear()
        self._in_flight_max = in_flight_max
        self.wake.set()

    def resend(self, epoch: str, lane: Lane, first: int, last: int) -> bool:
        """Send a range again when there is time. False if too many wait already."""
        if len(self._resends) >= RESENDS_WAITING:
            return False
        self._resends.append(Resend(epoch, lane, first - 1, last))
        self.wake.set()
        return True

    def overdue(self, now_s: float) -> bool:
        """Whether a receipt is late; what is late is given up and will be sent again."""
        self.parts.overdue(self.flow, now_s)
        late = [key for key, flight in self._flights.items() if flight.due_s <= now_s]
        if not late:
            return False
        self.counts.overdue += len(late)
        self.flow.overdue()
        for key, flight in self._flights.items():
            self.flow.dropped(flight.sent)
            self._given_up.setdefault(key, Late(flight.sha256, flight.sent))
        while len(self._given_up) > GIVEN_UP_KEPT:
            del self._given_up[next(iter(self._given_up))]
        self._flights.clear()
        self._cursors.clear()  # from the settled prefix again, in order
        self.wake.set()
        return True

    def next_due_s(self, now_s: float) -> float:
        """Seconds until something is to be done without being woken."""
        due = min((flight.due_s for flight in self._flights.values()), default=now_s + 60.0) - now_s
        paced_s = self.flow.paced_until(now_s)
        return max(0.001, min(due, self.parts.next_due_s(now_s), paced_s or 60.0))

    def seconds(self) -> float:
        return self._clock.monotonic_ns() / NANO

    # --- sending --------------------------------------------------------------------------------------------------

    async def send(self, state: State, publish: Callable[[Outgoing], None]) -> None:
        """Send all that may be sent now. Raises LinkError from publish."""
        while await self._send_alarm(publish):
            pass
        if state is State.GREETING:
            return
        if state is State.PROBING:
            if not self._flights:
                await self._send_bulk(publish)
            return
        await self._send_in_turn(publish)
        if not self._owes_bulk():
            await self._fill_with_parts(publish)

    async def _send_in_turn(self, publish: Callable[[Outgoing], None]) -> None:
        """Batches and parts, as long as there is room for a batch."""
        while self._may_send_bulk():
            await self._outbox.calm(within_s=YIELD_S)
            if not await self._send_bulk(publish):
                return
            while await self._send_alarm(publish):
                pass
            await asyncio.sleep(0)  # let receipts and taps in

    async def _fill_with_parts(self, publish: Callable[[Outgoing], None]) -> None:
        """What is left of the window is less than a batch: no batch waits for it."""
        while self.parts.flying() + len(self._flights) < self._in_flight_max:
            for turn in Turn:
                if await self._send_part(turn, publish):
                    break
            else:
                return

    def _owes_bulk(self) -> bool:
        """Whether a batch waits for room."""
        return bool(self._resends) or any(
            self._sent(epoch, lane) < self._outbox.last(epoch, lane)
            for epoch in self._outbox.owes()
            for lane in (Lane.RECORD, Lane.TELEMETRY)
        )

    def _sent(self, epoch: str, lane: Lane) -> int:
        """Up to which number nothing is to be sent."""
        return max(self._cursors.get((epoch, lane), 0), self._outbox.settled(epoch, lane))

    def _may_send_bulk(self) -> bool:
        flying = len(self._flights) + self.parts.flying()
        return flying < self._in_flight_max and self.flow.room(self.seconds())

    async def _send_alarm(self, publish: Callable[[Outgoing], None]) -> bool:
        flying = sum(key[1] is Lane.ALARM for key in self._flights)
        if flying >= ALARM_BATCHES or len(self._flights) >= self._in_flight_max + ALARM_BATCHES:
            return False
        return await self._send_lane(Lane.ALARM, ALARM_BATCH_BYTES, publish)

    async def _send_bulk(self, publish: Callable[[Outgoing], None]) -> bool:
        if await self._send_part(Turn.FIRST, publish):
            return True
        self._turn += 1
        order = [Lane.RECORD, Lane.TELEMETRY]
        if self._turn % TELEMETRY_EVERY == 0:
            order.reverse()
        if self._turn % PICTURES_EVERY == PICTURES_TURN and await self._send_part(Turn.LATER, publish):
            return True
        for lane in order:
            if await self._send_lane(lane, self.flow.batch_bytes(), publish):
                return True
        if await self._send_part(Turn.LATER, publish) or await self._send_again(publish):
            return True
        return await self._send_part(Turn.LAST, publish)

    async def _send_part(self, turn: Turn, publish: Callable[[Outgoing], None]) -> bool:
        return await self.parts.send(turn, self.flow, self.seconds(), publish)

    async def _send_lane(self, lane: Lane, max_bytes: int, publish: Callable[[Outgoing], None]) -> bool:
        for epoch in self._outbox.owes():
            after = self._sent(epoch, lane)
            if after >= self._outbox.last(epoch, lane):
                continue
            batch = await self._outbox.read(
                epoch, lane, after, max_bytes=min(max_bytes, BATCH_MAX), max_events=BATCH_MAX_EVENTS
            )
            if batch is not None:
                self._cursors[epoch, lane] = batch.last
                self._fly(batch, publish)
                return True
        return False

    async def _send_again(self, publish: Callable[[Outgoing], None]) -> bool:
        """A piece of what the order `resend` asked for."""
        while self._resends:
            wanted = self._resends[0]
            batch = await self._outbox.read(
                wanted.epoch,
                wanted.lane,
                wanted.after,
                max_bytes=self.flow.batch_bytes(),
                max_events=min(BATCH_MAX_EVENTS, wanted.last - wanted.after),
            )
            if batch is None or batch.first > wanted.last:
                self._resends.popleft()
                continue
            wanted.after = batch.last
            if wanted.after >= wanted.last:
                self._resends.popleft()
            self._fly(batch, publish)
            return True
        return False

    def _fly(self, batch: Batch, publish: Callable[[Outgoing], None]) -> None:
        """Sign and publish a batch."""
        topic = self._topics.events(batch.lane)
        statement = batch_statement(batch.epoch, batch.first, batch.last)
        sha256 = hashlib.sha256(batch.body).hexdigest()
        properties = self._identity.properties(signed_hash(Kind.BATCH, topic, sha256, statement), statement)
        payload = batch.body
        if self._compressed:
            payload = compress(payload)
            properties["encoding"] = "zstd"
        publish(Outgoing(topic=topic, payload=payload, properties=properties, content_type=BATCH_TYPE))
        now_s = self.seconds()
        sent = self.flow.sent(len(payload), now_s, bulk=batch.lane is not Lane.ALARM)
        due_s = now_s + self.flow.timeout_s(self._jitter())
        key = (batch.epoch, batch.lane, batch.first, batch.last)
        if twice := self._flights.get(key):  # the order `resend` asked for what is on its way
            self.flow.dropped(twice.sent)
            self._given_up.setdefault(key, Late(twice.sha256, twice.sent))
        self._flights[key] = Flight(batch, sha256, sent, due_s)
        self.counts.batches += 1

    # --- receipts -------------------------------------------------------------------------------------------------

    def take_part(self, receipt: EvidenceReceipt) -> None:
        """Learn what the centre has of a picture. Raises Refused("stale_receipt")."""
        try:
            self.parts.take(receipt, self.flow, self.seconds())
        except Refused:
            self.counts.stale += 1
            raise
        self.counts.receipts += 1
        self.wake.set()

    def take(self, receipt: Receipt) -> None:
        """Settle by a receipt whose signature was checked. Raises Refused("stale") and changes nothing else."""
        lane = Lane.named(receipt.lane)
        key = (receipt.epoch, lane, receipt.first, receipt.last)
        flight, late = self._flights.get(key), self._given_up.get(key)
        sent = flight or late
        if sent is None or sent.sha256 != receipt.sha256 or not receipt.is_whole():
            self.counts.stale += 1
            raise Refused("stale_receipt")
        self._given_up.pop(key, None)
        if flight is not None:
            del self._flights[key]
            self.flow.receipted(flight.sent, self.seconds(), late.sent if late else None)
        else:
            self.flow.late(sent.sent, self.seconds())
        self.counts.receipts += 1
        for part in receipt.verdicts:
            self._judge(receipt, lane, part)
        self.wake.set()

    def _judge(self, receipt: Receipt, lane: Lane, part: RangeVerdict) -> None:
        count = part.last - part.first + 1
        if part.verdict is Verdict.CONFLICT:
            self.counts.conflicts += count
            self._repairs.append((receipt, part))
            return
        self._outbox.settle(receipt.epoch, lane, part.first, part.last)
        self.counts.events += count
        if part.verdict is Verdict.REPEAT:
            self.counts.repeats += count
        elif part.verdict is Verdict.QUARANTINED:
            self.counts.quarantined += count
            self._repairs.append((receipt, part))

    async def repair(self) -> None:
        """What a receipt asked of the database: a new epoch for conflicts, a record of what is quarantined."""
        while self._repairs:
            receipt, part = self._repairs[0]
            lane = Lane.named(receipt.lane)
            if part.verdict is Verdict.CONFLICT:
                if receipt.epoch == self._outbox.epoch:
                    log.error("the centre holds other events under our numbers: a new epoch begins")
                    await self._outbox.open_epoch("conflict")
                await reissue(self._outbox, receipt.epoch, lane, part.first, part.last)
            else:
                data = Quarantined(epoch=receipt.epoch, lane=lane.word, first=part.first, last=part.last)
                await self._outbox.accept([draft(data, self._clock.now())])
            self._repairs.popleft()
            self.wake.set()
