"""What an arrived batch is: its signature checked, its events told apart into sound ones and quarantined ones. Pure.

Raises  Refused for what gets no receipt: bad signature, unknown key, wrong range, oversized.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

import msgspec
from msgspec import Meta

from centre.incident_words import speaks
from centre.ledger_entry import CHECKPOINT, STATEMENT, UNREADABLE, Leaf, leaf_of
from centre.wire import (
    BATCH_MAX_EVENTS,
    EPOCH,
    EPOCH_PATTERN,
    EVENT_MAX,
    LANE_PATTERN,
    SEQUENCES,
    Epoch,
    Number,
    Refused,
    has_nul,
    unpacked,
    verify,
)

NUMBER = re.compile(r"[1-9][0-9]{0,15}")
TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
    r"(?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
LOSS_TYPE = "kz.mektep.loss.v1"
EVIDENCE_TYPES = ("kz.mektep.evidence.sealed.v1", "kz.mektep.evidence.lost.v1")
NOTED = (CHECKPOINT, STATEMENT)  # reissued in another epoch they still speak of their own: not noted there
TYPE_MAX = 256
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class Envelope(msgspec.Struct):
    """The attributes that decide whether an event can be stored."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    sequence: str
    leaf: object = None
    reissueof: object = None


class Loss(msgspec.Struct, frozen=True):
    """Data of a loss record: this range will never come."""

    epoch: Epoch
    lane: Annotated[str, Meta(pattern=LANE_PATTERN)]
    first: Number
    last: Number


class _LossEvent(msgspec.Struct):
    data: Loss


class Told(msgspec.Struct, frozen=True):
    """A record that tells what became of a picture."""

    name: str  # the id of the evidence
    type: str
    body: str


class _Evidence(msgspec.Struct):
    evidence: Annotated[str, Meta(pattern=EPOCH_PATTERN)]


class _EvidenceEvent(msgspec.Struct):
    data: _Evidence


class Event(msgspec.Struct, frozen=True, gc=False):
    """A sound event, ready for the table."""

    sequence: int
    type: str
    time: str
    body: str
    is_leaf: bool = False
    is_reissued: bool = False


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
    told: list[Told] = []
    leaves: list[Leaf] = []
    notes: list[Event] = []  # checkpoints and statements of the ledger
    incidents: list[Event] = []  # what centre/incident_projection.py looks at


_envelopes = msgspec.json.Decoder(Envelope)
_losses = msgspec.json.Decoder(_LossEvent)
_evidence = msgspec.json.Decoder(_EvidenceEvent)


def judge(school: str, lane: str, topic: str, payload: bytes, properties: dict[str, str], public: bytes) -> Judged:
    """Check a batch. Raises Refused."""
    epoch, first, last = _range(properties)
    plain = unpacked(payload, properties)
    statement = (f"epoch={epoch}", f"first={first}", f"last={last}")
    verify(public, "batch", topic, plain, properties, statement)
    sha256 = hashlib.sha256(plain).hexdigest()
    try:
        raws = _raws.decode(plain)
    except UNREADABLE as error:
        return _whole(school, epoch, lane, first, last, sha256, Bad(first, last, f"no array: {error}", plain))
    if len(raws) != last - first + 1:
        reason = f"{len(raws)} elements for {last - first + 1} sequences"
        return _whole(school, epoch, lane, first, last, sha256, Bad(first, last, reason, plain))
    return _each(school, epoch, lane, first, last, sha256, raws)


def _range(properties: dict[str, str]) -> tuple[str, int, int]:
    epoch, first, last = (properties.get(name, "") for name in ("epoch", "first", "last"))
    if not EPOCH.fullmatch(epoch) or not NUMBER.fullmatch(first) or not NUMBER.fullmatch(last):
        raise Refused("bad_range")
    if not 0 <= int(last) - int(first) < BATCH_MAX_EVENTS or int(last) >= SEQUENCES:
        raise Refused("bad_range")
    return epoch, int(first), int(last)


def _whole(school: str, epoch: str, lane: str, first: int, last: int, sha256: str, bad: Bad) -> Judged:
    return Judged(school, epoch, lane, first, last, sha256, [], [bad], [])


def _each(school: str, epoch: str, lane: str, first: int, last: int, sha256: str, raws: list[msgspec.Raw]) -> Judged:
    source = f"/schools/{school}/{epoch}/{lane}"
    events: list[Event] = []
    bad: list[Bad] = []
    losses: list[Loss] = []
    told: list[Told] = []
    for sequence, raw in enumerate(raws, first):
        try:
            event = _event(raw, sequence, source)
            if event.type == LOSS_TYPE:
                losses.append(_loss(raw))
            elif event.type in EVIDENCE_TYPES:
                told += _told(event)
            events.append(event)
        except UNREADABLE as error:
            bad.append(Bad(sequence, sequence, str(error), bytes(raw)))
    leaves = [leaf for event in events if event.is_leaf and (leaf := leaf_of(event.body, event.sequence))]
    notes = [event for event in events if event.type in NOTED and not event.is_reissued]
    incidents = [event for event in events if speaks(event.type, event.body)]
    return Judged(school, epoch, lane, first, last, sha256, events, bad, losses, told, leaves, notes, incidents)


def _event(raw: msgspec.Raw, sequence: int, source: str) -> Event:
    """Raises one of UNREADABLE with the reason for the quarantine."""
    found = _envelopes.decode(raw)
    number = b"%019d" % sequence
    if found.sequence != found.id or found.id.encode() != number:
        raise ValueError(f"id or sequence is not {number.decode()}")
    if found.source != source:
        raise ValueError(f"source is not {source}")
    if found.specversion != "1.0" or not 0 < len(found.type) <= TYPE_MAX:
        raise ValueError(f"specversion is not 1.0, or type does not have 1 to {TYPE_MAX} characters")
    if not TIME.fullmatch(found.time):
        raise ValueError("time is not RFC 3339")
    body = bytes(raw)
    if len(body) > EVENT_MAX:
        raise ValueError(f"{len(body)} bytes, more than {EVENT_MAX}")
    if has_nul(body):
        raise ValueError("a NUL character")
    is_leaf, is_reissued = found.leaf is not None, found.reissueof is not None
    return Event(sequence, found.type, found.time, body.decode(), is_leaf, is_reissued)


def _loss(raw: msgspec.Raw) -> Loss:
    loss = _losses.decode(raw).data
    if loss.last < loss.first:
        raise ValueError("a loss that ends before it begins")
    return loss


def _told(event: Event) -> list[Told]:
    """Nothing if it names no picture: data is the box's word, and no reason to refuse it."""
    try:
        return [Told(_evidence.decode(event.body).data.evidence, event.type, event.body)]
    except UNREADABLE:
        return []


def judge_again(school: str, epoch: str, lane: str, first: int, last: int, body: bytes) -> Judged | None:
    """A quarantined piece by today's rules; None if it is still not sound. Its signature was good when it came."""
    try:
        raws = _raws.decode(body) if body.lstrip().startswith(b"[") else [msgspec.Raw(body)]
    except UNREADABLE:
        return None
    if len(raws) != last - first + 1:
        return None
    judged = _each(school, epoch, lane, first, last, "", raws)
    return None if judged.bad else judged
