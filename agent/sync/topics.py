"""Topic names and payloads of the wire, both ways: exactly docs/protocol.md. Pure; schemas are generated from here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.model import Lane

PAYLOAD_MAX_BYTES = 1_048_576
BATCH_MAX_EVENTS = 2_000
PART_MAX_BYTES = 16_384  # of evidence
EVIDENCE_MAX_BYTES = 16_777_216
REFERENCE_PART_MAX_BYTES = 131_072
REFERENCE_MAX_PARTS = 64

Positive = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Word = Annotated[str, Meta(max_length=64)]
Time = Annotated[str, Meta(max_length=40, description="RFC 3339, UTC, microseconds")]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, lower-case hex")]
EpochName = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
EvidenceId = EpochName
DatasetName = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,31}$")]
LaneName = Annotated[str, Meta(pattern="^(alarm|record|telemetry)$")]


class Kind(StrEnum):
    """What a signature is for; part of the signed text."""

    STATUS = "status"
    WELCOME = "welcome"
    BATCH = "batch"
    AHEAD = "ahead"
    RECEIPT = "receipt"
    ORDER = "order"
    ANSWER = "answer"
    REFERENCE = "reference"
    EVIDENCE = "evidence"


class LaneReport(msgspec.Struct, frozen=True, kw_only=True):
    last: Annotated[int, Meta(ge=0, description="highest sequence accepted")]
    settled: Annotated[int, Meta(ge=0, description="end of the prefix that is receipted or recorded as lost")]


class Birth(msgspec.Struct, frozen=True, kw_only=True):
    """The box is here; as the will with state offline: it is gone."""

    state: Annotated[str, Meta(pattern="^(online|offline)$")]
    school: Word
    session: Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="new for each connection")]
    bootid: Word
    epoch: EpochName
    agent: Word
    clock: Annotated[str, Meta(pattern="^(synced|unsynced)$")]
    time: Time
    datasets: dict[str, str]
    lanes: dict[str, LaneReport]
    owes: list[EpochName]
    recipient: Annotated[
        str, Meta(pattern="^(age1[0-9a-z]{58})?$", description="age recipient of this box: what is sealed for it")
    ] = ""


class StoredLane(msgspec.Struct, frozen=True, kw_only=True):
    epoch: EpochName
    lane: LaneName
    through: Annotated[int, Meta(ge=0, description="end of the contiguous prefix; recorded losses count as present")]
    highest: Annotated[int, Meta(ge=0, description="highest sequence stored")]


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The centre's answer to a birth."""

    school: Word
    session: Word
    time: Time
    stored: Annotated[list[StoredLane], Meta(max_length=256)]
    datasets: dict[str, str] = {}
    grants: Annotated[
        list[Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d/[a-z0-9-]{1,32}/[0-9a-f]{16}$")]],
        Meta(
            max_length=10_000,
            description="meals of today that other epochs granted: day/meal/pupil",
        ),
    ] = []


class Verdict(StrEnum):
    STORED = "stored"
    REPEAT = "repeat"
    QUARANTINED = "quarantined"
    CONFLICT = "conflict"


class RangeVerdict(msgspec.Struct, frozen=True, kw_only=True):
    verdict: Verdict
    first: Positive
    last: Positive


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, after the COMMIT."""

    school: Word
    epoch: EpochName
    lane: LaneName
    first: Positive
    last: Positive
    sha256: Hash
    verdicts: Annotated[list[RangeVerdict], Meta(min_length=1, max_length=BATCH_MAX_EVENTS)]
    time: Time

    def is_whole(self) -> bool:
        """Whether the verdicts cover first to last without gap or overlap, in order."""
        after = self.first - 1
        for part in self.verdicts:
            if part.first != after + 1 or part.last < part.first:
                return False
            after = part.last
        return after == self.last


class ByteRange(msgspec.Struct, frozen=True, kw_only=True):
    first: Annotated[int, Meta(ge=0)]
    last: Annotated[int, Meta(ge=0, description="the last byte itself")]


class EvidenceVerdict(StrEnum):
    PARTIAL = "partial"
    WHOLE = "whole"
    CONFLICT = "conflict"
    DAMAGED = "damaged"


class EvidenceReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the centre holds of one sealed file, after the COMMIT."""

    school: Word
    evidence: EvidenceId
    sha256: Hash
    bytes: Annotated[int, Meta(ge=1, le=EVIDENCE_MAX_BYTES)]
    verdict: EvidenceVerdict
    have: Annotated[
        list[ByteRange], Meta(max_length=256, description="the ranges that are stored, ascending; the first ones")
    ]
    time: Time


class PartName(msgspec.Struct, frozen=True, kw_only=True):
    sha256: Hash
    bytes: Annotated[int, Meta(ge=1, le=REFERENCE_PART_MAX_BYTES)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset of reference data: its content, or the parts that it is joined of."""

    dataset: DatasetName
    school: Word
    version: Positive
    issued: Time
    content: Annotated[
        msgspec.Raw | msgspec.UnsetType,
        Meta(description="the dataset; absent if there are parts", extra_json_schema={"type": "object"}),
    ] = msgspec.UNSET
    parts: Annotated[
        list[PartName], Meta(max_length=REFERENCE_MAX_PARTS, description="of which the content is joined")
    ] = []


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the centre."""

    order: Word
    school: Word
    epoch: EpochName
    number: Positive
    issued: Time
    expires: Time
    args: dict[str, object] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order."""

    order: Word
    school: Word
    epoch: EpochName
    number: Positive
    outcome: Annotated[str, Meta(pattern="^(done|refused|failed)$")]
    reason: str
    result: dict[str, object]
    time: Time


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """The orders key lets another key sign receipts and welcomes for a while."""

    key: Annotated[str, Meta(description="base64 of the 32 raw bytes of an Ed25519 public key")]
    use: Annotated[str, Meta(pattern="^receipts$")]
    notbefore: Time
    expires: Time


class Topics:
    """The topics of one school."""

    def __init__(self, school: str) -> None:
        prefix = f"mektep/v1/{school}"
        self.status = f"{prefix}/status"
        self.welcome = f"{prefix}/welcome"
        self.receipts = f"{prefix}/receipts"
        self.answers = f"{prefix}/answers"
        self.ahead = f"{prefix}/events/ahead"
        self.orders = f"{prefix}/orders/"
        self.reference = f"{prefix}/reference/"
        self.evidence = f"{prefix}/evidence/"
        self._events = {lane: f"{prefix}/events/{lane.word}" for lane in Lane}

    def events(self, lane: Lane) -> str:
        return self._events[lane]

    def subscriptions(self) -> list[str]:
        """What a box listens to, besides reference data."""
        return [self.welcome, self.receipts, self.orders + "+"]
