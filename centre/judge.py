"""What an arrived batch is: its signature checked, its events told apart into sound ones and quarantined ones. Pure.

Raises  Refused for what gets no receipt: bad signature, unknown key, wrong range, oversized.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from centre.wire import BATCH_MAX_EVENTS, EPOCH, EVENT_MAX, Refused, unpacked, verify

NUMBER = re.compile(r"[1-9][0-9]{0,15}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
LOSS_TYPE = "kz.mektep.loss.v1"
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class Envelope(msgspec.Struct):
    """The attributes that decide whether an event can be stored."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    sequence: str


class Loss(msgspec.Struct, frozen=True):
    """Data of a loss record: this range will never come."""

    epoch: str
    lane: str
    first: int
    last: int


class _LossEvent(msgspec.Struct):
    data: Loss


class Event(msgspec.Struct, frozen=True, gc=False):
    """A sound event, ready for the table."""

    sequence: int
    type: str
    time: str
    body: str


class Bad(msgspec.Struct, frozen=True):
    """A range that is kept aside, verbatim."""

    first: int
    last: int
    reason: str
    body: bytes


class Judged(msgspec.Struct, frozen=True):
    """A batch that will be stored and receipted."""

    school: str
    epoch: str
    lane: str
    first: int
    last: int
    sha256: str
    events: list[Event]
    bad: list[Bad]
    losses: list[Loss]


_envelopes = msgspec.json.Decoder(Envelope)
_losses = msgspec.json.Decoder(_LossEvent)


def judge(school: str, lane: str, topic: str, payload: bytes, properties: dict[str, str], public: bytes) -> Judged:
    """Check a batch. Raises Refused."""
    epoch, first, last = _range(properties)
    plain = unpacked(payload, properties)
    statement = (f"epoch={epoch}", f"first={first}", f"last={last}")
    verify(public, "batch", topic, plain, properties, statement)
    sha256 = hashlib.sha256(plain).hexdigest()
    try:
        raws = _raws.decode(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _whole(school, epoch, lane, first, last, sha256, Bad(first, last, f"no array: {error}", plain))
    if len(raws) != last - first + 1:
        reason = f"{len(raws)} elements for {last - first + 1} sequences"
        return _whole(school, epoch, lane, first, last, sha256, Bad(first, last, reason, plain))
    return _each(school, epoch, lane, first, last, sha256, raws)


def _range(properties: dict[str, str]) -> tuple[str, int, int]:
    epoch, first, last = (properties.get(name, "") for name in ("epoch", "first", "last"))
    if not EPOCH.fullmatch(epoch) or not NUMBER.fullmatch(first) or not NUMBER.fullmatch(last):
        raise Refused("bad_range")
    if not 0 <= int(last) - int(first) < BATCH_MAX_EVENTS:
        raise Refused("bad_range")
    return epoch, int(first), int(last)


def _whole(school: str, epoch: str, lane: str, first: int, last: int, sha256: str, bad: Bad) -> Judged:
    return Judged(school, epoch, lane, first, last, sha256, [], [bad], [])


def _each(school: str, epoch: str, lane: str, first: int, last: int, sha256: str, raws: list[msgspec.Raw]) -> Judged:
    source = f"/schools/{school}/{epoch}/{lane}"
    events: list[Event] = []
    bad: list[Bad] = []
    losses: list[Loss] = []
    for sequence, raw in enumerate(raws, first):
        try:
            event = _event(raw, sequence, source)
            if event.type == LOSS_TYPE:
                losses.append(_losses.decode(raw).data)
            events.append(event)
        except (msgspec.MsgspecError, ValueError) as error:
            bad.append(Bad(sequence, sequence, str(error), bytes(raw)))
    return Judged(school, epoch, lane, first, last, sha256, events, bad, losses)


def _event(raw: msgspec.Raw, sequence: int, source: str) -> Event:
    """Raises ValueError or msgspec.MsgspecError with the reason for the quarantine."""
    found = _envelopes.decode(raw)
    number = b"%019d" % sequence
    if found.sequence != found.id or found.id.encode() != number:
        raise ValueError(f"id or sequence is not {number.decode()}")
    if found.source != source:
        raise ValueError(f"source is not {source}")
    if found.specversion != "1.0" or not 0 < len(found.type) <= 256:
        raise ValueError("specversion is not 1.0, or there is no type")
    if not TIME.fullmatch(found.time):
        raise ValueError("time is not RFC 3339")
    body = bytes(raw)
    if len(body) > EVENT_MAX or b"\\u0000" in body:
        raise ValueError("too large, or a NUL character")
    return Event(sequence, found.type, found.time, body.decode())


def judge_again(school: str, epoch: str, lane: str, first: int, body: bytes) -> Judged | None:
    """A quarantined piece by today's rules; None if it is still not sound. Its signature was good when it came."""
    try:
        raws = _raws.decode(body) if body.lstrip().startswith(b"[") else [msgspec.Raw(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    judged = _each(school, epoch, lane, first, first + len(raws) - 1, "", raws)
    return None if judged.bad or not judged.events else judged
