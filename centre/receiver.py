"""A receiver: takes what boxes send, commits it in groups, and only then answers.

Two pipelines, each with its own connection, thread and database connection, so that alarms never wait behind bulk.
PUBACK and receipt leave after the COMMIT; while the database is down nothing is answered and the broker, by our
Receive Maximum, holds the rest back. A mistake of our own ends the receiver, loudly: one that only swallows would
take its share of the city with it.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from centre.connection import RECEIVE_MAXIMUM, Arrived, Connection
from centre.database import open_database
from centre.errors import CentreError, StoreDown
from centre.evidence import EvidenceStore, Outcome
from centre.grants import grants
from centre.judge import Judged, judge
from centre.keys import Keys, receipt_keys
from centre.parts import Part, judge_part
from centre.reference import Published
from centre.settings import Settings
from centre.store import Store
from centre.wire import (
    EVENT_MAX,
    RANGES_TOLD,
    SCHOOL,
    TOPIC,
    Ahead,
    Answer,
    Birth,
    ByteRange,
    EvidenceReceipt,
    RangeVerdict,
    Receipt,
    Refused,
    Welcome,
    has_nul,
    key_id,
    now_text,
    sign,
    topic_of,
    unpacked,
    verify,
)

log = logging.getLogger("centre")

S = TypeVar("S", bound=msgspec.Struct)

PREFIX = "mektep/v1"
BULK = ("events/record", "events/telemetry", "status", "answers", "evidence/+")
ALARM = ("events/alarm", "events/ahead")
RETRY_FIRST_S, RETRY_MAX_S = 0.05, 5.0
KEYS_REMEMBERED_S = 5.0
QUEUE_MAX = 4 * RECEIVE_MAXIMUM
STRANGERS_ASK_S = 0.2  # a flood of unknown names or keys does not become a flood of queries
NOBODY = "-"  # a refused message of a school that is not registered


class Born(NamedTuple):
    """A birth or death of a school's box, and its text."""

    school: str
    birth: Birth
    body: str


class Pipeline:
    """One connection and the thread that stores what it brings."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        topics: list[str],
        on_failure: Callable[[], None],
        retained: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._on_failure = on_failure
        self._arrived: queue.Queue[Arrived | None] = queue.Queue()  # bounded by _put
        self.connection = Connection(settings, name, topics, self._put, retained)
        self._forgotten = 0  # up to which connection nothing of a former one waits
        self._keys: Keys = receipt_keys(settings.file("."))
        self._keys_s = time.monotonic()
        self._schools: dict[str, bytes] = {}
        self._schools_s = 0.0
        self._store: Store | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.connection.start()

    def stop(self) -> None:
        self._stopping.set()
        self._arrived.put(None)
        self._thread.join(10)
        self.connection.stop()

    def _put(self, arrived: Arrived) -> None:
        """The broker keeps to our Receive Maximum, but not across connections, and not for QoS 0."""
        if self._arrived.qsize() >= QUEUE_MAX:
            if arrived.qos == 0:
                return  # not of this contract, and nobody waits for an answer
            if self._forgotten < arrived.connection:
                self._forget_former(arrived.connection)
        self._arrived.put(arrived)

    def _forget_former(self, connection: int) -> None:
        """What former connections brought cannot be acknowledged any more: the boxes send it again."""
        self._forgotten = connection
        kept: list[Arrived | None] = []
        with contextlib.suppress(queue.Empty):
            while True:
                kept.append(self._arrived.get_nowait())
        for one in kept:
            if one is None or one.connection == connection:
                self._arrived.put(one)

    def _run(self) -> None:
        try:
            self._take_all()
        finally:
            if not self._stopping.is_set():
                self._on_failure()

    def _take_all(self) -> None:
        while (first := self._arrived.get()) is not None:
            group = [first]
            while len(group) < self._settings.group_batches and not self._arrived.empty():
                arrived = self._arrived.get()
                if arrived is None:
                    return
                group.append(arrived)
            self._read_keys()
            self._until_stored(group)

    def _until_stored(self, group: list[Arrived]) -> None:
        """Try for ever: an event that is acknowledged is committed."""
        pause_s = RETRY_FIRST_S
        while not self._stopping.is_set():
            try:
                self._take(group)
                return
            except StoreDown as error:
                log.warning("K-110 the database cannot commit: %s; again in %.2f s", error, pause_s)
                self._stopping.wait(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)

    def _read_keys(self) -> None:
        """After `mektep-centre rekey` the new delegation is taken up."""
        if time.monotonic() - self._keys_s < KEYS_REMEMBERED_S:
            return
        self._keys_s = time.monotonic()
        try:
            self._keys = receipt_keys(self._settings.file("."))
        except CentreError as error:
            log.error("%s. %s", error, error.do)

    def _take(self, group: list[Arrived]) -> None:
        found = [self._understood(arrived) for arrived in group]
        births = [one for one in found if isinstance(one, Born)]
        batches = [one for one in found if isinstance(one, Judged)]
        parts = [one for one in found if isinstance(one, Part)]
        if births:
            self._greet(births)
        if batches:
            self._answer(batches, self._db().store(batches))
        if parts:
            self._answer_parts(EvidenceStore(self._db().database).store(parts))
        for arrived in group:
            self.connection.acknowledge(arrived)

    def _understood(self, arrived: Arrived) -> Born | Judged | Part | None:
        """None also for what is refused, and counted so."""
        try:
            return self._understand(arrived)
        except Refused as refusal:
            self._refuse(arrived, refusal)
            return None

    def _understand(self, arrived: Arrived) -> Born | Judged | Part | None:
        """A birth, a batch or a part to store, or None for what is dealt with at once. Raises Refused, StoreDown."""
        if arrived.qos == 0:
            raise Refused("wrong_qos")
        match = TOPIC.fullmatch(arrived.topic)
        if match is None:
            raise Refused("foreign_topic")
        school, rest = match["school"], match["rest"]
        public = self._school_key(school, arrived.properties.get("key", ""))
        if rest.startswith("events/") and rest != "events/ahead":
            return judge(
                school, rest.removeprefix("events/"), arrived.topic, arrived.payload, arrived.properties, public
            )
        if evidence := match["evidence"]:
            return judge_part(school, evidence, arrived.topic, arrived.payload, arrived.properties, public)
        payload = unpacked(arrived.payload, arrived.properties)
        kind = {"status": "status", "answers": "answer", "events/ahead": "ahead"}[rest]
        verify(public, kind, arrived.topic, payload, arrived.properties)
        if kind == "status":
            return _born(school, payload)
        (self._note_answer if kind == "answer" else self._note_ahead)(school, payload)
        return None

    def _answer(self, batches: list[Judged], verdicts: list[list[RangeVerdict]]) -> None:
        now = now_text(time.time_ns())
        for batch, parts in zip(batches, verdicts, strict=True):
            receipt = Receipt(
                school=batch.school,
                epoch=batch.epoch,
                lane=batch.lane,
                first=batch.first,
                last=batch.last,
                sha256=batch.sha256,
                verdicts=parts,
                time=now,
            )
            self._send("receipt", topic_of(batch.school, "receipts"), msgspec.json.encode(receipt))

    def _answer_parts(self, outcomes: list[Outcome]) -> None:
        now = now_text(time.time_ns())
        for one in outcomes:
            receipt = EvidenceReceipt(
                school=one.school,
                evidence=one.name,
                sha256=one.sha256,
                bytes=one.size,
                verdict=one.verdict,
                have=[ByteRange(first, last) for first, last in one.have[:RANGES_TOLD]],
                time=now,
            )
            self._send("receipt", topic_of(one.school, "receipts"), msgspec.json.encode(receipt))

    def _greet(self, births: Sequence[Born]) -> None:
        """Births and deaths are noted, all in one commit: a whole city may come back at once. Births are welcomed."""
        self._db().note_births(births)
        now_ns = time.time_ns()
        for school, birth, _ in births:
            if birth.state == "online":
                welcome = self._welcome(school, birth, now_ns)
                self._send("welcome", topic_of(school, "welcome"), msgspec.json.encode(welcome))

    def _welcome(self, school: str, birth: Birth, now_ns: int) -> Welcome:
        return Welcome(
            school=school,
            session=birth.session,
            time=now_text(now_ns),
            stored=self._db().stored(school, dict.fromkeys([birth.epoch, *birth.owes[:32]])),
            datasets=Published(self._db().database).versions(school),
            grants=grants(self._db().database, school, birth.epoch, now_ns),
        )

    def _note_answer(self, school: str, payload: bytes) -> None:
        answer = _decoded(payload, Answer)
        if answer.school != school:
            raise Refused("other_school")
        self._db().note_answer(school, answer, payload.decode())

    def _note_ahead(self, school: str, payload: bytes) -> None:
        if len(payload) > EVENT_MAX:
            raise Refused("oversized")
        event = _decoded(payload, Ahead)
        if not event.source.startswith(f"/schools/{school}/"):
            raise Refused("other_school")
        self._db().note_ahead(school, event.id, payload.decode())

    def _send(self, kind: str, topic: str, payload: bytes) -> None:
        user = sign(self._keys.receipts, kind, topic, payload)
        self.connection.publish(topic, payload, user | {"delegation": self._keys.delegation})

    def _refuse(self, arrived: Arrived, refusal: Refused) -> None:
        parts = arrived.topic.split("/")
        named = parts[2] if len(parts) > 2 and SCHOOL.fullmatch(parts[2]) else NOBODY
        school = named if named in self._schools else NOBODY  # a stranger cannot fill the table with names
        log.warning("K-111 refused from %s: %s", named, refusal.reason)
        self._db().note_refusal(school, refusal.reason)

    def _school_key(self, school: str, signer: str) -> bytes:
        """The registered key; the table is read again when it is old, or does not know who signs: a new box."""
        age_s = time.monotonic() - self._schools_s
        known = self._schools.get(school)
        strange = known is None or key_id(known) != signer
        if age_s > KEYS_REMEMBERED_S or (strange and age_s > STRANGERS_ASK_S):
            self._schools = self._db().schools()
            self._schools_s = time.monotonic()
        if school not in self._schools:
            raise Refused("unknown_school")
        return self._schools[school]

    def _db(self) -> Store:
        if self._store is None:
            self._store = Store(open_database(self._settings.database))
        return self._store


class Receiver:
    """The two pipelines of one receiver. on_failure is called once one of them cannot go on."""

    def __init__(self, settings: Settings, name: str, on_failure: Callable[[], None]) -> None:
        shared = [f"$share/centre/{PREFIX}/+/{rest}" for rest in BULK]
        births = [f"{PREFIX}/+/status"]  # of boxes that were there before us
        alarms = [f"$share/centre-alarm/{PREFIX}/+/{rest}" for rest in ALARM]
        self._broker = f"{settings.broker_host}:{settings.broker_port}"
        self._pipelines = [
            Pipeline(settings, name, shared, on_failure, births),
            Pipeline(settings, f"{name}-alarm", alarms, on_failure),
        ]

    def start(self, patience_s: float) -> str:
        """Returns an empty text once subscribed, else what stands in the way."""
        for pipeline in self._pipelines:
            pipeline.start()
        for pipeline in self._pipelines:
            if not pipeline.connection.subscribed.wait(patience_s):
                return pipeline.connection.trouble or f"no connection to the broker at {self._broker}"
        return ""

    def stop(self) -> None:
        for pipeline in self._pipelines:
            pipeline.stop()


def _born(school: str, payload: bytes) -> Born:
    birth = _decoded(payload, Birth)
    if birth.school != school:
        raise Refused("other_school")
    return Born(school, birth, payload.decode())


def _decoded(payload: bytes, type_: type[S]) -> S:
    if has_nul(payload):
        raise Refused("malformed")  # no database would take it: it would hold up everybody for ever
    try:
        payload.decode()  # it is kept as text, also what the decoder skips
        return msgspec.json.decode(payload, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("malformed") from error
