"""Sealed files to the centre, in parts: paced, resumed from what the centre has, given up only when it says so.

Window    what the line takes in TARGET_S, on a long way a round trip and QUEUE_S; at most WINDOW_MAX: an alarm waits
          for no more than that.
Resumes   after each connection one part is sent; its receipt tells which bytes the centre has, and only the others
          follow.
Settles   only by a receipt that says `whole` for the very file, by its hash.
A centre  that does not take evidence is asked ever more seldom, and what else is sent does not suffer by it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import msgspec

from agent.evidence.retention import Turn
from agent.evidence.rows import Kept
from agent.evidence.shelf import Shelf
from agent.outbox.settled import Settled
from agent.sync.flow import MOST_S, TARGET_S, Flow, Sent
from agent.sync.identity import Identity
from agent.sync.mqtt import Outgoing
from agent.sync.topics import PART_MAX_BYTES, ByteRange, EvidenceReceipt, EvidenceVerdict, Kind, Topics
from agent.sync.trust import Refused, part_statement, signed_text

log = logging.getLogger("agent.parts")

PART_MIN_BYTES = 4_096
WINDOW_MAX = 65_536
QUEUE_S = 0.3  # that wait at the near end of the line or at a busy centre, and make an alarm wait
STARTS_MAX = 3  # how often a file is sent from its beginning before it is given up
PAUSE_FIRST_S, PAUSE_MAX_S = 1.0, 60.0
SEALED_TYPE = "application/octet-stream"

Publish = Callable[[Outgoing], None]


class PartFlight(msgspec.Struct):
    """One part without a receipt; places count from 1, as sequences do."""

    kept: Kept
    first: int
    last: int
    sent: Sent
    due_s: float


class Known(msgspec.Struct):
    """What is known of one file at the centre."""

    have: Settled
    answered: bool = False  # by a receipt on this connection
    intact: bool = False  # the file is what was sealed
    starts: int = 0


class PartCounts(msgspec.Struct):
    """For status."""

    parts: int = 0
    part_bytes: int = 0
    part_receipts: int = 0
    parts_overdue: int = 0


class Parts:
    """Used by the drain, whose flow everything goes through."""

    def __init__(self, shelf: Shelf, identity: Identity, topics: Topics, jitter: Callable[[], float]) -> None:
        self._shelf = shelf
        self._identity = identity
        self._topics = topics
        self._jitter = jitter
        self.counts = PartCounts()
        self._flights: dict[tuple[str, int], PartFlight] = {}
        self._known: dict[str, Known] = {}
        self._silences = 0
        self._pause_until_s = 0.0
        self._way_s = 0.0  # the shortest round trip of this connection

    # --- the connection's life ----------------------------------------------------------------------------------

    def connected(self, flow: Flow) -> None:
        """A new connection: what the centre has must be learned again; what it had tells where to ask."""
        self._give_up(flow)
        self._known = {id_: known for id_, known in self._known.items() if self._shelf.find(id_)}  # some gave way
        for known in self._known.values():
            known.answered = False
        self._silences, self._pause_until_s, self._way_s = 0, 0.0, 0.0

    def flying(self) -> int:
        return len(self._flights)

    def next_due_s(self, now_s: float) -> float:
        """Seconds until something is to be done without being woken."""
        due = [flight.due_s for flight in self._flights.values()]
        if not due and self._pause_until_s > now_s and self._shelf.owed():
            due = [self._pause_until_s]
        return min(due, default=now_s + 60.0) - now_s

    def overdue(self, flow: Flow, now_s: float) -> None:
        """Where a receipt is late, all parts are given up, and the next try waits a while."""
        late = [flight for flight in self._flights.values() if flight.due_s <= now_s]
        if late:
            self.counts.parts_overdue += len(late)
            flow.overdue()
            self._give_up(flow)
            self._pause(now_s)

    def _give_up(self, flow: Flow) -> None:
        for flight in self._flights.values():
            flow.dropped(flight.sent)
        self._flights.clear()

    def _pause(self, now_s: float) -> None:
        pause_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2 ** min(self._silences, 10))
        self._silences += 1
        self._pause_until_s = now_s + pause_s * (0.5 + self._jitter() / 2)

    # --- sending --------------------------------------------------------------------------------------------------

    async def send(self, turn: Turn, flow: Flow, now_s: float, publish: Publish) -> bool:
        """Send one part of a file of that turn, if there is one and room for it. Raises LinkError from publish."""
        kept = self._shelf.owed(turn)
        size = part_bytes(flow, self._flying_bytes(), flow.left(now_s), self._way_s)
        if kept is None or now_s < self._pause_until_s or not size:
            return False
        known = self._known.setdefault(kept.id, Known(Settled()))
        if not known.intact and not await self._shelf.intact(kept):
            return self._lose(kept, "damaged")
        known.intact = True
        place = self._next(kept, known, size)
        if place is None:
            self._ask_again(kept, known, now_s)
            return False
        first, last = place
        body = await self._shelf.read(kept, first - 1, last - first + 1)
        if len(body) != last - first + 1:
            return self._lose(kept, "damaged")
        self._fly(kept, first, body, flow, now_s, publish)
        return True

    def _next(self, kept: Kept, known: Known, size: int) -> tuple[int, int] | None:
        """The next bytes neither stored nor on their way; until the centre has answered, one part at a time."""
        if not known.answered and self._is_flying(kept):
            return None
        missing = _joined(known.have, self._on_its_way(kept)).missing(1, kept.bytes)
        if not missing and known.answered:
            return None
        first, last = missing[0] if missing else (1, kept.bytes)  # all of it went, and nobody said whole: ask
        return first, min(last, first + size - 1)

    def _ask_again(self, kept: Kept, known: Known, now_s: float) -> None:
        """Nothing to send of this one now. If nothing is on its way either, the receipt that says whole was lost."""
        if not self._is_flying(kept):
            known.answered = False
            self._pause(now_s)

    def _is_flying(self, kept: Kept) -> bool:
        return any(flight.kept.id == kept.id for flight in self._flights.values())

    def _start_over(self, kept: Kept, known: Known) -> None:
        """The centre has every byte, and not the file."""
        known.starts += 1
        known.have, known.answered, known.intact = Settled(), False, False
        if known.starts >= STARTS_MAX:
            log.error("the centre cannot put a picture together: it is given up")
            self._lose(kept, "refused")

    def _lose(self, kept: Kept, reason: str) -> bool:
        self._known.pop(kept.id, None)
        self._shelf.lose(kept, reason)
        return True

    def _fly(self, kept: Kept, first: int, body: bytes, flow: Flow, now_s: float, publish: Publish) -> None:
        """Sign and publish a part."""
        topic = self._topics.evidence + kept.id
        statement = part_statement(kept.sha256, kept.bytes, first - 1)
        properties = self._identity.properties(signed_text(Kind.EVIDENCE, topic, body, statement), statement)
        publish(Outgoing(topic=topic, payload=body, properties=properties, content_type=SEALED_TYPE))
        limit = window(flow, self._way_s)
        full = limit < WINDOW_MAX and self._flying_bytes() + len(body) + PART_MIN_BYTES > limit
        sent = flow.sent(len(body), now_s, full=full)
        due_s = now_s + flow.timeout_s(self._jitter())
        self._flights[kept.id, first] = PartFlight(kept, first, first + len(body) - 1, sent, due_s)
        self.counts.parts += 1
        self.counts.part_bytes += len(body)

    def _flying_bytes(self) -> int:
        return sum(flight.sent.size for flight in self._flights.values())

    # --- receipts -------------------------------------------------------------------------------------------------

    def take(self, receipt: EvidenceReceipt, flow: Flow, now_s: float) -> None:
        """Learn from a receipt whose signature was checked. Raises Refused("stale_receipt") and changes nothing."""
        kept = self._shelf.find(receipt.evidence)
        flights = [flight for flight in self._flights.values() if flight.kept.id == receipt.evidence]
        owner = kept or (flights[0].kept if flights else None)
        if owner is None or (owner.sha256, owner.bytes) != (receipt.sha256, receipt.bytes):
            raise Refused("stale_receipt")
        stored = _ranges(receipt.have)
        if receipt.verdict is EvidenceVerdict.WHOLE:
            stored.add(1, receipt.bytes)
        for flight in flights:
            if not stored.missing(flight.first, flight.last):
                flow.receipted(_judged(flight.sent, now_s), now_s)
                del self._flights[flight.kept.id, flight.first]
        self.counts.part_receipts += 1
        self._way_s = min(self._way_s or flow.rtt_s, flow.rtt_s)
        self._silences, self._pause_until_s = 0, 0.0
        if kept is not None:
            self._judge(kept, receipt.verdict, stored, flow)

    def _judge(self, kept: Kept, verdict: EvidenceVerdict, stored: Settled, flow: Flow) -> None:
        known = self._known.setdefault(kept.id, Known(Settled()))
        match verdict:
            case EvidenceVerdict.PARTIAL if not stored.missing(1, kept.bytes):
                self._drop(kept, flow)
                self._start_over(kept, known)
            case EvidenceVerdict.PARTIAL:
                known.have = _joined(known.have, stored) if known.answered else stored
                known.answered = True
            case EvidenceVerdict.WHOLE:
                self._known.pop(kept.id)
                self._shelf.delivered(kept)
            case EvidenceVerdict.DAMAGED:
                self._drop(kept, flow)
                self._start_over(kept, known)
            case EvidenceVerdict.CONFLICT:
                self._drop(kept, flow)
                log.error("the centre holds another file under the id of a picture: it is given up")
                self._lose(kept, "refused")

    def _drop(self, kept: Kept, flow: Flow) -> None:
        for key in [key for key in self._flights if key[0] == kept.id]:
            flow.dropped(self._flights.pop(key).sent)

    def _on_its_way(self, kept: Kept) -> Settled:
        found = Settled()
        for flight in self._flights.values():
            if flight.kept.id == kept.id:
                found.add(flight.first, flight.last)
        return found


def window(flow: Flow, way_s: float = 0.0) -> int:
    """Bytes of evidence that may be on their way: what the line holds, and QUEUE_S more, so that it fills the line.

    way_s: the shortest round trip that was ever seen on this connection. That of the last minute is not enough: a video
    keeps the line full for longer, and would take what it makes wait for what the line is long.
    """
    share_s = min(MOST_S, max(TARGET_S, way_s + QUEUE_S))
    return min(WINDOW_MAX, max(PART_MIN_BYTES, int(flow.rate * share_s)))


def part_bytes(flow: Flow, flying: int = 0, room: int = WINDOW_MAX, way_s: float = 0.0) -> int:
    """How large the next part should be: half of the window, and with the last of them what is left; 0: it is full.

    A window that is never filled would keep the rate, of which it is made, from rising.
    """
    limit = window(flow, way_s)
    left = min(limit - flying, room)
    if left < PART_MIN_BYTES:
        return 0
    size = min(PART_MAX_BYTES, left, max(PART_MIN_BYTES, limit // 2))
    return size if left - size >= PART_MIN_BYTES else min(PART_MAX_BYTES, left)


def _judged(sent: Sent, now_s: float) -> Sent:
    """A window at its limit tells nothing of the line, unless it took so long that the line must be slow."""
    return msgspec.structs.replace(sent, full=sent.full or now_s - sent.at_s > MOST_S)


def _ranges(have: Iterable[ByteRange]) -> Settled:
    """Bytes of the wire count from 0."""
    found = Settled()
    for one in have:
        found.add(one.first + 1, one.last + 1)
    return found


def _joined(one: Settled, other: Settled) -> Settled:
    found = Settled(max(one.prefix, other.prefix))
    for first, last in [*one.beyond(), *other.beyond()]:
        found.add(first, last)
    return found
