"""The link to the centre, for ever: connect, greet, drain, lose it, wait, connect again.

What arrives is believed only after agent/sync/trust.py; what is refused is counted by reason and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from agent.clock import Clock
from agent.evidence.store import Evidence
from agent.model import Draft, Lane
from agent.outbox.outbox import Outbox
from agent.reference import Reference
from agent.sync.ahead import ahead_event
from agent.sync.birth import birth
from agent.sync.centre_word import CentreWord, Said
from agent.sync.drain import Drain
from agent.sync.identity import Identity
from agent.sync.link import CONNECTED, State, Step, failures_after, step
from agent.sync.linkerror import LinkError, no_receipts
from agent.sync.mqtt import Incoming, Mqtt, Outgoing
from agent.sync.order_book import order_book
from agent.sync.order_desk import OrderDesk
from agent.sync.orders import Handler, Orders
from agent.sync.parts import Parts
from agent.sync.pause import Pause
from agent.sync.reference_feed import ReferenceFeed
from agent.sync.settings import LinkSettings
from agent.sync.topics import (
    PAYLOAD_MAX_BYTES,
    EvidenceReceipt,
    Kind,
    Order,
    Receipt,
    Topics,
    Welcome,
)
from agent.sync.trust import Refused, Trust, decoded, instant_ns, signed_text

log = logging.getLogger("agent.link")

R = TypeVar("R", Receipt, EvidenceReceipt)

BIRTH_AGAIN_S = 2.0  # doubles, with jitter
BIRTH_AGAIN_MAX_S = 60.0
WELCOME_WITHIN_S = 10.0
FORGED = {"unknown_key", "bad_signature", "other_topic"}  # of an order: not the centre's own, or taken from another


class LinkSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The link at one moment, for status."""

    state: str
    since_ns: int
    code: str
    what: str
    do: str
    in_flight_bytes: int
    bytes_per_s: float
    rtt_ms: float
    last_receipt_ns: int
    counters: dict[str, int]
    refused: dict[str, int]


class CentreLink:
    """One per box."""

    def __init__(
        self,
        settings: LinkSettings,
        *,
        school: str,
        outbox: Outbox,
        identity: Identity,
        evidence: Evidence,
        reference: Reference,
        clock: Clock,
        rng: random.Random,
        status: Callable[[], msgspec.Struct],
        told_grants: Callable[[Sequence[str]], None] = lambda _grants: None,
        orders: Mapping[str, Handler] = MappingProxyType({}),
        told_forged: Callable[[str], None] = lambda _reason: None,
        told_answered: Callable[[], None] = lambda: None,
    ) -> None:
        """told_forged: an order came that is not the centre's, or came before. told_answered: one of the box left."""
        self._settings, self._school = settings, school
        self._outbox = outbox
        self._identity = identity
        self._clock, self._rng = clock, rng
        self._topics = Topics(school)
        self._trust = Trust(settings.orders_key_bytes, clock)
        parts = Parts(evidence.shelf, identity, self._topics, rng.random)
        self._drain = Drain(outbox, identity, self._topics, parts, clock, rng.random, compressed=settings.compress)
        self._reference = reference
        self._told_grants, self._told_forged, self._told_answered = told_grants, told_forged, told_answered
        self._feed = ReferenceFeed(reference, self._trust, self._topics, school)
        orders = {**order_book(outbox, self._drain, clock, status, self._feed.again), **orders}
        self._desk = OrderDesk(Orders(school, outbox, clock, orders, told_forged))
        self._state, self._since_ns = State.OFFLINE, clock.utc_ns()
        self._trouble: LinkError | None = None
        self._mqtt: Mqtt | None = None
        self._session = ""
        self._born = ""  # the epoch that the last birth told
        self._opened = ""  # an epoch that began here: nobody can know more of it
        self._refused: Counter[str] = Counter()
        self._last_receipt_ns, self._receipted = 0, False  # receipted: on this connection
        self._welcomed = asyncio.Event()
        self._word = CentreWord(clock)
        self._rewound = False
        self._pause = Pause(clock, rng.random)
        outbox.add_listener(lambda _lanes: self._drain.wake.set())
        outbox.add_listener(self._pause.accepted)
        evidence.shelf.add_listener(self._drain.wake.set)

    # --- public -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the link for ever. Losing it is normal; only a defect raises."""
        async with self._desk:
            await self._keep_connecting()

    async def _keep_connecting(self) -> None:
        failures = 0
        while True:
            self._step(Step.TRY)
            began_s, self._receipted = self._drain.seconds(), False
            try:
                await self._live()
            except LinkError as error:
                self._lost(error)
            held_s, receipted = self._drain.seconds() - began_s, self._receipted
            failures = failures_after(failures, held_s=held_s, receipted=receipted)
            await self._pause.before_try(failures)

    async def send_ahead(self, alarm: Draft) -> bool:
        """Send an alarm that the database cannot take. False if there is no connection."""
        if self._state not in CONNECTED or self._mqtt is None:
            self._pause.accepted({Lane.ALARM})
            return False
        payload = ahead_event(alarm, self._school, self._outbox.epoch, self._clock)
        try:
            self._publish_signed(Kind.AHEAD, self._topics.ahead, payload)
        except LinkError:
            return False
        return True

    async def ask_word(self) -> Said:
        """What the centre has stored now, by itself. Raises LinkError, TimeoutError."""
        return await self._word.asked(self._say_birth)

    def snapshot(self) -> LinkSnapshot:
        """The link now."""
        trouble, flow = self._trouble, self._drain.flow
        return LinkSnapshot(
            state=self._state.value,
            since_ns=self._since_ns,
            code=trouble.code if trouble else "",
            what=trouble.what if trouble else "",
            do=trouble.do if trouble else "",
            in_flight_bytes=flow.on_its_way,
            bytes_per_s=flow.rate,
            rtt_ms=flow.rtt_s * 1e3,
            last_receipt_ns=self._last_receipt_ns,
            counters=msgspec.structs.asdict(self._drain.counts) | msgspec.structs.asdict(self._drain.parts.counts),
            refused=dict(self._refused),
        )

    # --- one connection -----------------------------------------------------------------------------------------

    async def _live(self) -> None:
        """One connection from its first packet to its loss. Raises LinkError."""
        self._session = secrets.token_hex(16)
        self._welcomed.clear()
        mqtt = Mqtt(self._settings, self._school, self._on_message)
        try:
            will = self._signed(Kind.STATUS, self._topics.status, self._birth("offline"), retain=True)
            await mqtt.connect(will, check_dates=self._clock.synced())
            self._feed.connected(mqtt.listen, mqtt.unlisten)
            await mqtt.subscribe([*self._topics.subscriptions(), *self._feed.topics()])
            self._mqtt = mqtt
            self._drain.connected(mqtt.in_flight_max)
            self._step(Step.CONNECTED)
            await self._work(mqtt)
        except asyncio.CancelledError:
            if self._mqtt is mqtt:
                await self._say_goodbye(mqtt)
            raise
        finally:
            self._mqtt = None
            mqtt.close()

    async def _work(self, mqtt: Mqtt) -> None:
        """Greet, drain, answer orders and take reference data until the connection is lost."""
        tasks = [
            asyncio.create_task(self._greet(), name="greet"),
            asyncio.create_task(self._keep_draining(mqtt), name="drain"),
            asyncio.create_task(self._keep_answering(), name="answers"),
            asyncio.create_task(self._feed.keep(self._tell_birth, self._count_refused), name="reference"),
        ]
        try:
            awaited: set[asyncio.Future[Any]] = {*tasks, mqtt.lost}
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
            raise mqtt.lost.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _greet(self) -> None:
        """Send the birth until it is welcomed; after a while go on without."""
        pause_s, give_up_s = BIRTH_AGAIN_S, self._drain.seconds() + WELCOME_WITHIN_S
        while True:
            self._say_birth()
            wait_s = pause_s * (0.5 + self._rng.random() / 2)
            if self._state is State.GREETING:
                wait_s = min(wait_s, give_up_s - self._drain.seconds())
            try:
                async with asyncio.timeout(wait_s):
                    await self._welcomed.wait()
                break
            except TimeoutError:
                if self._state is State.GREETING and self._drain.seconds() >= give_up_s:
                    self._step(Step.WAITED)
                pause_s = min(pause_s * 2, BIRTH_AGAIN_MAX_S)
        await asyncio.Event().wait()  # cancelled with the connection

    async def _keep_draining(self, mqtt: Mqtt) -> None:
        drain = self._drain
        while True:
            drain.wake.clear()
            if self._rewound:
                self._opened = await self._outbox.open_epoch("rewind")
                self._rewound = False  # what was said meanwhile was said of the old epoch
            await drain.repair()
            if self._born != self._outbox.epoch:
                self._tell_birth()  # its welcome tells what only the epoch before knows: who has eaten today
            await drain.send(self._state, mqtt.publish)
            if drain.overdue(drain.seconds()):
                self._step(Step.SILENT)
            try:
                async with asyncio.timeout(drain.next_due_s(drain.seconds())):
                    await drain.wake.wait()
            except TimeoutError:
                continue

    async def _keep_answering(self) -> None:
        while True:
            ready = await self._desk.next_answer()
            payload, number = msgspec.json.encode(ready.answer), str(ready.answer.number)
            self._publish_signed(Kind.ANSWER, self._topics.answers, payload, correlation=number.encode())
            self._desk.sent(ready)
            if ready.of_box:
                self._told_answered()

    async def _say_goodbye(self, mqtt: Mqtt) -> None:
        try:
            mqtt.publish(self._signed(Kind.STATUS, self._topics.status, self._birth("offline"), retain=True))
            await mqtt.end()
        except LinkError:
            log.debug("the line was gone before the goodbye")

    # --- what arrives -------------------------------------------------------------------------------------------

    def _on_message(self, message: Incoming) -> None:
        try:
            self._take(message)
        except Refused as refusal:
            self._refused[refusal.reason] += 1
            if message.topic.startswith(self._topics.orders) and refusal.reason in FORGED:
                self._told_forged(refusal.reason)
        except Exception:  # whatever arrives must not break the connection that it came by
            self._refused["not_understood"] += 1
            log.exception("a message on %s could not be taken", message.topic)

    def _take(self, message: Incoming) -> None:
        if len(message.payload) > PAYLOAD_MAX_BYTES:
            raise Refused("oversized")
        if message.topic == self._topics.receipts:
            self._take_receipt(message)
        elif message.topic == self._topics.welcome:
            self._take_welcome(message)
        elif message.topic.startswith(self._topics.reference):
            self._feed.take(message.topic, message.payload, message.properties)
        elif message.topic.startswith(self._topics.orders):
            self._take_order(message)
        else:
            raise Refused("foreign_topic")

    def _take_receipt(self, message: Incoming) -> None:
        self._trust.check_delegated(Kind.RECEIPT, message.topic, message.payload, message.properties)
        if decoded(message.payload, _Which).evidence is None:
            self._drain.take(self._ours(decoded(message.payload, Receipt)))
        else:
            self._drain.take_part(self._ours(decoded(message.payload, EvidenceReceipt)))
        self._last_receipt_ns, self._receipted = self._clock.utc_ns(), True
        self._step(Step.RECEIPT)

    def _ours(self, receipt: R) -> R:
        if receipt.school != self._school:
            raise Refused("other_school")
        return receipt

    def _take_welcome(self, message: Incoming) -> None:
        self._trust.check_delegated(Kind.WELCOME, message.topic, message.payload, message.properties)
        welcome = decoded(message.payload, Welcome)
        greeted = self._state in CONNECTED  # a welcome that comes before our birth answers something else
        if welcome.school != self._school or welcome.session != self._session or not greeted:
            raise Refused("other_session")
        self._clock.prove(instant_ns(welcome.time))
        self._reference.said(welcome.datasets)
        self._word.take(welcome)
        if welcome.grants:
            self._told_grants(welcome.grants)
        self._rewound = any(
            stored.epoch == self._outbox.epoch != self._opened
            and stored.highest > self._outbox.last(stored.epoch, Lane.named(stored.lane))
            for stored in welcome.stored
        )
        if self._rewound:
            self._drain.wake.set()
        if not self._welcomed.is_set():
            self._welcomed.set()
            self._step(Step.WELCOMED)

    def _take_order(self, message: Incoming) -> None:
        self._trust.check_pinned(Kind.ORDER, message.topic, message.payload, message.properties)
        order = decoded(message.payload, Order)
        if message.topic != self._topics.orders + order.order:
            raise Refused("other_topic")
        self._desk.put(order, message.again)

    def _count_refused(self, reason: str) -> None:
        self._refused[reason] += 1

    def _tell_birth(self) -> None:
        """A birth may come at any time: it tells the centre which epoch goes on and which datasets are held now."""
        with contextlib.suppress(LinkError):
            self._say_birth()

    def _say_birth(self) -> None:
        self._born = self._outbox.epoch
        self._publish_signed(Kind.STATUS, self._topics.status, self._birth("online"), retain=True)

    # --- what leaves --------------------------------------------------------------------------------------------

    def _birth(self, state: str) -> bytes:
        return birth(state, self._school, self._session, self._outbox, self._reference, self._clock)

    def _signed(
        self, kind: Kind, topic: str, payload: bytes, *, retain: bool = False, correlation: bytes = b""
    ) -> Outgoing:
        properties = self._identity.properties(signed_text(kind, topic, payload))
        return Outgoing(topic=topic, payload=payload, properties=properties, retain=retain, correlation=correlation)

    def _publish_signed(
        self, kind: Kind, topic: str, payload: bytes, *, retain: bool = False, correlation: bytes = b""
    ) -> None:
        if self._mqtt is None:
            raise LinkError("L-110", "the connection is gone", do="Nothing; the agent reconnects.")
        self._mqtt.publish(self._signed(kind, topic, payload, retain=retain, correlation=correlation))

    # --- state --------------------------------------------------------------------------------------------------

    def _step(self, event: Step) -> None:
        before, self._state = self._state, step(self._state, event)
        if self._state is not before:
            self._since_ns = self._clock.utc_ns()
            log.info("link %s", self._state.value)
            self._drain.wake.set()
        if self._state is State.PROBING:
            self._trouble = no_receipts(self._mqtt.refused if self._mqtt else 0)
        elif self._state is State.ONLINE:
            self._trouble = None

    def _lost(self, error: LinkError) -> None:
        if self._trouble is None or self._trouble.code != error.code:
            log.warning("%s %s. %s", error.code, error.what, error.do)
        self._trouble = error
        self._step(Step.LOST)


class _Which(msgspec.Struct):
    """A receipt for a part of evidence names it; one for a batch does not."""

    evidence: object = None
