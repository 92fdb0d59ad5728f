"""Examples of every message with fixed test keys: another receiver, or another box, checks its own code against them.

Among them are messages that must be refused, and why; they come from no real school.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, cast

import contract_evidence
import contract_incidents
import contract_live
import msgspec
from contract_signing import (
    AHEAD,
    BOOT,
    EPOCH,
    NOW_NS,
    SCHOOL,
    SECOND,
    SESSION,
    TOPICS,
    Example,
    delegation,
    keys,
    public,
    signed,
)

from agent.clock import Clock
from agent.events import CardSeen, ZoneChanged, draft
from agent.model import Draft, Lane, Moment, Severity
from agent.outbox.envelope import Envelope
from agent.sync.ahead import ahead_event
from agent.sync.topics import (
    Answer,
    Birth,
    Kind,
    LaneReport,
    Order,
    RangeVerdict,
    Receipt,
    StoredLane,
    Verdict,
    Welcome,
)
from agent.sync.trust import batch_statement, key_id
from agent.wall_time import rfc3339

RAW_BLOCK, RLE_BLOCK, BLOCK_MAX = 0, 1, 131_072


class Still:
    """A clock that stands."""

    boot_id = BOOT

    def utc_ns(self) -> int:
        return NOW_NS + SECOND // 200


# --- up ---------------------------------------------------------------------------------------------------------


def birth(name: str, about: str, state: str) -> Example:
    found = Birth(
        state=state, school=SCHOOL, session=SESSION, bootid=BOOT, epoch=EPOCH, agent="0.1.0", clock="synced",
        time=rfc3339(NOW_NS), datasets={}, owes=[],
        lanes={
            "alarm": LaneReport(last=3, settled=3),
            "record": LaneReport(last=452, settled=450),
            "telemetry": LaneReport(last=90, settled=90),
        },
    )  # fmt: skip
    return signed(name, about, Kind.STATUS, TOPICS.status, msgspec.json.encode(found), by="box")


def taps() -> list[bytes]:
    """Two records, 451 and 452."""
    envelope = Envelope(SCHOOL, EPOCH, Lane.RECORD, BOOT)
    cards = ("5f2b0c6a9d1e4c37a8b60f1d2e3c4b5a", "c0ffee00112233445566778899aabbcc")
    return [
        envelope.encode(_tap(card, number), 451 + number, NOW_NS + number * SECOND + 5_000_000)
        for number, card in enumerate(cards)
    ]


def batch(
    name: str, about: str, events: Sequence[bytes], verdict: Verdict = Verdict.STORED, *, lane: Lane = Lane.RECORD,
    first: int = 451, last: int = 452,
) -> Example:  # fmt: skip
    body = b"[" + b",".join(events) + b"]"
    found = signed(
        name, about, Kind.BATCH, TOPICS.events(lane), body, by="box", statement=batch_statement(EPOCH, first, last)
    )
    found.verdicts = [RangeVerdict(verdict=verdict, first=first, last=last)]
    return found


def _tap(card: str, number: int) -> Draft:
    at = Moment(NOW_NS + number * SECOND, 5_000 * SECOND + number * SECOND, True)
    return draft(CardSeen(reader="canteen-1", form="em4100", card=card), at)


def fire() -> Draft:
    at = Moment(NOW_NS, 5_000 * SECOND, True)
    data = ZoneChanged(
        sensor="fire-panel", zone=3, place="gym", state="fire", before="normal", codes=[37], words="fire"
    )
    return msgspec.structs.replace(draft(data, at, severity=Severity.FATAL), ahead_id=AHEAD)


def ahead() -> Example:
    payload = ahead_event(fire(), SCHOOL, EPOCH, cast(Clock, Still()))
    return signed("ahead", "An alarm, before the database takes it", Kind.AHEAD, TOPICS.ahead, payload, by="box")


def alarm() -> Example:
    """The same alarm in its lane."""
    body = Envelope(SCHOOL, EPOCH, Lane.ALARM, BOOT).encode(fire(), 4, NOW_NS + 9 * SECOND)
    return batch("alarm", "The same alarm in its lane, later", [body], lane=Lane.ALARM, first=4, last=4)


def answer() -> Example:
    found = Answer(
        order="ping", school=SCHOOL, epoch=EPOCH, number=18, outcome="done", reason="",
        result={"time": rfc3339(NOW_NS + 3 * SECOND)}, time=rfc3339(NOW_NS + 3 * SECOND),
    )  # fmt: skip
    return signed("answer", "The answer to it", Kind.ANSWER, TOPICS.answers, msgspec.json.encode(found), by="box")


# --- down -------------------------------------------------------------------------------------------------------


def welcome() -> Example:
    stored = [
        StoredLane(epoch=EPOCH, lane=lane, through=through, highest=through)
        for lane, through in (("alarm", 3), ("record", 450), ("telemetry", 90))
    ]
    found = Welcome(school=SCHOOL, session=SESSION, time=rfc3339(NOW_NS + SECOND), stored=stored)
    return signed(
        "welcome", "The answer to the birth", Kind.WELCOME, TOPICS.welcome, msgspec.json.encode(found), by="receipts"
    )


def receipt(name: str = "receipt", about: str = "The receipt for the batch") -> Example:
    body = b"[" + b",".join(taps()) + b"]"
    found = Receipt(
        school=SCHOOL, epoch=EPOCH, lane="record", first=451, last=452, sha256=hashlib.sha256(body).hexdigest(),
        verdicts=[RangeVerdict(verdict=Verdict.STORED, first=451, last=452)], time=rfc3339(NOW_NS + 2 * SECOND),
    )  # fmt: skip
    return signed(name, about, Kind.RECEIPT, TOPICS.receipts, msgspec.json.encode(found), by="receipts")


def order(name: str = "order", about: str = "An order", *, by: str = "orders") -> Example:
    found = Order(
        order="ping", school=SCHOOL, epoch=EPOCH, number=18, issued=rfc3339(NOW_NS + 2 * SECOND),
        expires=rfc3339(NOW_NS + 302 * SECOND), args={},
    )  # fmt: skip
    return signed(name, about, Kind.ORDER, f"{TOPICS.orders}ping", msgspec.json.encode(found), by=by)


# --- compressed -------------------------------------------------------------------------------------------------


def zstd_frame(kind: int, size: int, blocks: Sequence[bytes]) -> bytes:
    """A frame of raw or repeating blocks, by RFC 8878: the same bytes whatever the library's version."""
    parts = [bytes.fromhex("28b52ffd"), b"\xa0", size.to_bytes(4, "little")]
    for number, block in enumerate(blocks, 1):
        length = len(block) if kind == RAW_BLOCK else min(BLOCK_MAX, size - (number - 1) * BLOCK_MAX)
        parts += [(length << 3 | kind << 1 | (number == len(blocks))).to_bytes(3, "little"), block]
    return b"".join(parts)


def packed() -> Example:
    found = batch("batch-zstd", "The same batch, compressed: the signature is that of the plain bytes", taps())
    found.payload = zstd_frame(RAW_BLOCK, len(found.payload), [found.payload])
    found.properties["encoding"] = "zstd"
    return found


def bomb() -> Example:
    """A few bytes that would become two megabytes."""
    size = 2_097_152
    found = batch("batch-bomb", "80 bytes that grow to 2 MiB: stop at the limit", taps())
    found.payload = zstd_frame(RLE_BLOCK, size, [b" "] * (size // BLOCK_MAX))
    found.properties["encoding"] = "zstd"
    found.expect = "oversized"
    return found


# --- all --------------------------------------------------------------------------------------------------------


def examples() -> list[Example]:
    """Good ones first, in the order of a connection; then those that are not what they should be."""
    good = [
        birth("birth", "The box is here", "online"),
        birth("will", "What the broker publishes when the box is gone", "offline"),
        welcome(),
        batch("batch", "Two records", taps()),
        receipt(),
        order(),
        answer(),
        ahead(),
        alarm(),
        packed(),
        *contract_evidence.good(),
        *contract_incidents.good(),
        *contract_live.good(),
    ]
    refused = [*_refused_batches(), bomb(), *_refused_orders(), *_refused_receipts()]
    return [*good, *_quarantined(), *refused, *contract_evidence.refused()]


def _quarantined() -> list[Example]:
    """Signed by the box, but no events: kept aside, and receipted as such."""
    first, second = taps()
    foreign = first.replace(b"/schools/school-07/", b"/schools/school-08/")
    few = batch("batch-short", "One event where the range says two", [first], Verdict.QUARANTINED)
    other = batch("batch-foreign", "The first event names another school: it alone is set aside", [foreign, second])
    other.verdicts = [
        RangeVerdict(verdict=Verdict.QUARANTINED, first=451, last=451),
        RangeVerdict(verdict=Verdict.STORED, first=452, last=452),
    ]
    return [few, other]


def _refused_batches() -> list[Example]:
    def make(name: str, about: str, expect: str, spoil: Callable[[Example], None]) -> Example:
        found = batch(name, about, taps())
        found.expect, found.verdicts = expect, []
        spoil(found)
        return found

    def move(one: Example) -> None:
        one.topic = TOPICS.events(Lane.ALARM)

    def stretch(one: Example) -> None:
        one.properties["last"] = "453"

    def alter(one: Example) -> None:
        one.payload = one.payload.replace(b"canteen-1", b"canteen-2")

    def rename(one: Example) -> None:
        one.properties["key"] = key_id(public("stranger"))

    def unnumber(one: Example) -> None:
        one.properties["first"] = "0451"

    return [
        make("batch-moved", "The batch on the topic of another lane", "bad_signature", move),
        make("batch-stretched", "Another range than the signed one", "bad_signature", stretch),
        make("batch-altered", "Another payload than the signed one", "bad_signature", alter),
        make("batch-stranger", "A key that this school does not have", "unknown_key", rename),
        make("batch-zero", "A leading zero in the range", "bad_range", unnumber),
    ]


def _refused_orders() -> list[Example]:
    delegated = order("order-delegated", "An order by the receipt key: it may not give any", by="receipts")
    delegated.properties["delegation"] = delegation()
    delegated.expect = "unknown_key"
    crossed = receipt("order-crossed", "A receipt's signature under an order's topic")
    crossed.topic, crossed.kind, crossed.expect = f"{TOPICS.orders}ping", Kind.ORDER, "unknown_key"
    return [delegated, crossed]


def _refused_receipts() -> list[Example]:
    def make(name: str, about: str, expect: str, token: str) -> Example:
        found = receipt(name, about)
        found.expect = expect
        found.properties["delegation"] = token
        return found

    return [
        make("receipt-undelegated", "No delegation", "no_delegation", ""),
        make("receipt-expired", "The delegation is over", "expired_delegation", delegation(expires_ns=NOW_NS - SECOND)),
        make("receipt-misused", "A delegation for something else", "bad_delegation", delegation(use="orders")),
        make("receipt-usurped", "A delegation by a stranger", "bad_delegation", delegation(by="stranger")),
    ]


def vectors() -> dict[str, Any]:
    """docs/vectors.json."""
    return {
        "about": "Test keys and messages of docs/protocol.md. Each message is for a receiver whose clock says `now`.",
        "now": rfc3339(NOW_NS + 2 * SECOND),
        "school": SCHOOL,
        "keys": keys(),
        "age": contract_evidence.age(),
        "messages": [_as_json(one) for one in examples()],
    }


def _as_json(one: Example) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": one.name,
        "about": one.about,
        "expect": one.expect,
        "kind": one.kind.value,
        "topic": one.topic,
        "properties": one.properties,
        "by": one.by,
        "signed": one.signed,
    }
    if "encoding" in one.properties or one.kind is Kind.EVIDENCE:
        found["payload_base64"] = base64.b64encode(one.payload).decode()
    else:
        found["payload"] = one.payload.decode()
    if one.verdicts:
        found["verdicts"] = msgspec.to_builtins(one.verdicts)
    return found
