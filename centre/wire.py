"""The wire as docs/protocol.md has it: topics, signatures, payloads. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAYLOAD_MAX = 1_048_576
EVENT_MAX = 65_536
BATCH_MAX_EVENTS = 2_000
PART_MAX = 16_384
EVIDENCE_MAX = 16_777_216
RANGES_TOLD = 256  # of the bytes that are stored of one file
LANES = ("alarm", "record", "telemetry")
SCHOOL = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
EPOCH = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EPOCH_PATTERN = rf"^{EPOCH.pattern}\Z"
LANE_PATTERN = rf"^(?:{'|'.join(LANES)})\Z"
SEQUENCES = 2**53  # a sequence is below
AHEAD_PATTERN = r"^[!-~]{1,100}\Z"
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # after an even number of backslashes: an odd one escapes ours
TOPIC = re.compile(
    r"mektep/v1/(?P<school>[a-z0-9][a-z0-9-]{0,31})/"
    rf"(?P<rest>status|answers|events/(?:alarm|record|telemetry|ahead)|evidence/(?P<evidence>{EPOCH.pattern}))"
)


class Refused(Exception):
    """A message that is not taken: counted by reason, never answered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RangeVerdict(msgspec.Struct, frozen=True):
    verdict: str  # stored, repeat, quarantined, conflict
    first: int
    last: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    school: str
    epoch: str
    lane: str
    first: int
    last: int
    sha256: str
    verdicts: list[RangeVerdict]
    time: str


class ByteRange(msgspec.Struct, frozen=True):
    first: int
    last: int


class EvidenceReceipt(msgspec.Struct, frozen=True, kw_only=True):
    school: str
    evidence: str
    sha256: str
    bytes: int
    verdict: str  # partial, whole, conflict, damaged
    have: list[ByteRange]
    time: str


class PartName(msgspec.Struct, frozen=True):
    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Of a dataset: its content, or the parts of which it is joined."""

    dataset: str
    school: str
    version: int
    issued: str
    content: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    parts: list[PartName] | msgspec.UnsetType = msgspec.UNSET


Epoch = Annotated[str, Meta(pattern=EPOCH_PATTERN)]
Number = Annotated[int, Meta(ge=1, lt=SEQUENCES)]


class Birth(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of it; the rest is kept verbatim."""

    state: Literal["online", "offline"]
    school: str
    session: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    epoch: Epoch
    owes: list[Epoch] = []
    datasets: dict[str, str] = {}
    recipient: Annotated[str, Meta(max_length=128)] = ""


class Ahead(msgspec.Struct, frozen=True):
    """What must be there of an alarm sent ahead."""

    id: Annotated[str, Meta(pattern=AHEAD_PATTERN)]
    type: str
    source: str


class StoredLane(msgspec.Struct, frozen=True):
    epoch: str
    lane: str
    through: int
    highest: int


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    school: str
    session: str
    time: str
    stored: list[StoredLane]
    datasets: dict[str, str] = {}
    grants: list[str] = []


class Order(msgspec.Struct, frozen=True, kw_only=True):
    order: str
    school: str
    epoch: str
    number: int
    issued: str
    expires: str
    args: dict[str, object]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    order: str
    school: str
    epoch: str
    number: Number
    outcome: str
    reason: str
    result: dict[str, object]
    time: str


def topic_of(school: str, rest: str) -> str:
    """Always derived, never copied from a message."""
    return f"mektep/v1/{school}/{rest}"


def signed_text(kind: str, topic: str, payload: bytes, statement: Sequence[str] = ()) -> bytes:
    lines = ["mektep/v1/signature", kind, topic, hashlib.sha256(payload).hexdigest(), *statement]
    return ("\n".join(lines) + "\n").encode()


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def sign(key: Ed25519PrivateKey, kind: str, topic: str, payload: bytes) -> dict[str, str]:
    """The user properties of a signed message."""
    signature = key.sign(signed_text(kind, topic, payload))
    return {"key": key_id(key.public_key().public_bytes_raw()), "sig": base64.b64encode(signature).decode()}


def verify(
    public: bytes, kind: str, topic: str, payload: bytes, properties: dict[str, str], statement: Sequence[str] = ()
) -> None:
    """Raises Refused unless the message is signed by this key."""
    if properties.get("key") != key_id(public):
        raise Refused("unknown_key")
    try:
        signature = base64.b64decode(properties.get("sig", ""), validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed_text(kind, topic, payload, statement))
    except (InvalidSignature, ValueError) as error:
        raise Refused("bad_signature") from error


def unpacked(payload: bytes, properties: dict[str, str]) -> bytes:
    """The payload after decompression, bounded. Raises Refused."""
    if len(payload) > PAYLOAD_MAX:
        raise Refused("oversized")
    encoding = properties.get("encoding")
    if encoding is None:
        return payload
    if encoding != "zstd":
        raise Refused("unknown_encoding")
    frame = zstd.ZstdDecompressor()
    try:
        plain = frame.decompress(payload, max_length=PAYLOAD_MAX + 1)
    except zstd.ZstdError as error:
        raise Refused("bad_compression") from error
    if len(plain) > PAYLOAD_MAX:
        raise Refused("oversized")
    if not frame.eof:
        raise Refused("bad_compression")
    return plain


def has_nul(payload: bytes) -> bool:
    """Whether a text in this JSON holds a NUL: PostgreSQL keeps none, and would refuse it for ever."""
    return b"\\u0000" in payload and NUL.search(payload) is not None


def now_text(utc_ns: int) -> str:
    """RFC 3339, UTC, microseconds."""
    whole = datetime.fromtimestamp(utc_ns // 1_000_000_000, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + f".{utc_ns // 1000 % 1_000_000:06d}Z"
