"""JSON Schemas of the wire, from the code's own types: each event type's data, the envelope, every other message.

What the agent encodes by hand for speed (the CloudEvents envelope) has its type here; tests compare it with real ones.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agent.datasets import DATASETS
from agent.events import KINDS
from agent.incidents.orders import AnswerArgs, Answered, DrillArgs, Drilled, ReportArgs, Reported
from agent.live.orders import SessionArgs, Snapped, SnapshotArgs, StartArgs
from agent.model import Severity
from agent.ops.box_orders import ApplyArgs, DeviceArgs, RestartArgs
from agent.ops.bundle_order import Bundled
from agent.ops.status import Status
from agent.paths.reader_test import Tried
from agent.sync.order_book import NoArgs, PaceArgs, ResendArgs
from agent.sync.topics import (
    BATCH_MAX_EVENTS,
    Answer,
    Birth,
    Delegation,
    EvidenceReceipt,
    Hash,
    Manifest,
    Order,
    Receipt,
    Welcome,
)
from agent.trials.apply import Applied
from agent.updates.order import UpdateArgs

DIALECT = "https://json-schema.org/draft/2020-12/schema"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SCHOOL = "[a-z0-9][a-z0-9-]{0,31}"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"

Time = Annotated[str, Meta(pattern=TIME)]
Number = Annotated[str, Meta(pattern=r"^\d{19}$", description="the sequence, zero-padded")]
Type = Annotated[str, Meta(min_length=1, max_length=256, description="one of the files of this folder, or a newer one")]
AheadId = Annotated[str, Meta(pattern=f"^ahead-{UUID}$")]
KeyId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", description="first 16 hex digits of the key's SHA-256")]
Signature = Annotated[str, Meta(pattern="^[A-Za-z0-9+/]{86}==$", description="Ed25519, base64")]
Decimal = Annotated[str, Meta(pattern="^[1-9][0-9]{0,15}$")]


class ClockState(StrEnum):
    SYNCED = "synced"
    UNSYNCED = "unsynced"


class Common(msgspec.Struct, frozen=True, kw_only=True):
    """What every event says of itself."""

    specversion: Literal["1.0"]
    type: Type
    time: Annotated[Time, Meta(description="when it happened, by the box's clock; never rewritten")]
    recordedtime: Annotated[Time, Meta(description="when the box accepted it")]
    partitionkey: Annotated[str, Meta(pattern=f"^{SCHOOL}$", description="the school")]
    severitytext: Severity
    bootid: Annotated[str, Meta(pattern=f"^{UUID}$", description="boot of the box")]
    monotonic: Annotated[str, Meta(pattern=r"^\d+$", description="CLOCK_BOOTTIME at `time`, nanoseconds")]
    clock: Annotated[ClockState, Meta(description="what the box knew of its clock at `time`")]
    data: Annotated[dict[str, Any], Meta(description="by the schema of `type`")]


class Event(Common, frozen=True, kw_only=True):
    """One element of a batch: a CloudEvents 1.0 object."""

    id: Number
    sequence: Number
    source: Annotated[str, Meta(pattern=f"^/schools/{SCHOOL}/{UUID}/(alarm|record|telemetry)$")]
    aheadid: Annotated[AheadId | UnsetType, Meta(description="id of the copy sent ahead, if one was")] = UNSET
    leaf: Annotated[
        Annotated[str, Meta(pattern="^(0|[1-9][0-9]{0,17})$")] | UnsetType,
        Meta(description="index of this event in the ledger's log of its epoch"),
    ] = UNSET
    reissueof: Annotated[
        Annotated[str, Meta(pattern=rf"^{UUID}/(alarm|record|telemetry)/[1-9]\d*$")] | UnsetType,
        Meta(description="epoch/lane/sequence of the event that this one repeats under a new key"),
    ] = UNSET


class Ahead(Common, frozen=True, kw_only=True):
    """An alarm that the box's database cannot take yet: a CloudEvents 1.0 object without a sequence."""

    id: AheadId
    source: Annotated[str, Meta(pattern=f"^/schools/{SCHOOL}/{UUID}/ahead$")]


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """User properties of every message that its sender signs with its own key."""

    key: KeyId
    sig: Signature
    encoding: Annotated[Literal["zstd"] | UnsetType, Meta(description="up only; absent: not compressed")] = UNSET


class SignedBatch(Signed, frozen=True, kw_only=True):
    """User properties of a batch."""

    epoch: Annotated[str, Meta(pattern=f"^{UUID}$")]
    first: Annotated[Decimal, Meta(description="sequence of the first event")]
    last: Annotated[Decimal, Meta(description="sequence of the last event")]


class SignedPart(msgspec.Struct, frozen=True, kw_only=True):
    """User properties of a part of evidence; its payload is bytes and never compressed."""

    key: KeyId
    sig: Signature
    sha256: Annotated[Hash, Meta(description="of the whole sealed file")]
    bytes: Annotated[Decimal, Meta(description="size of the whole sealed file, at most 16,777,216")]
    offset: Annotated[str, Meta(pattern="^(0|[1-9][0-9]{0,8})$", description="place of the first byte of this part")]


class Delegated(msgspec.Struct, frozen=True, kw_only=True):
    """User properties of what the centre signs with its receipt key."""

    key: KeyId
    sig: Signature
    delegation: Annotated[
        str, Meta(max_length=2000, pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$", description="of the orders key")
    ]


Batch = Annotated[list[Event], Meta(min_length=1, max_length=BATCH_MAX_EVENTS)]

MESSAGES: dict[str, Any] = {
    "event": Event,
    "batch": Batch,
    "ahead": Ahead,
    "birth": Birth,
    "welcome": Welcome,
    "receipt": Receipt,
    "order": Order,
    "answer": Answer,
    "evidence-receipt": EvidenceReceipt,
    "reference": Manifest,
    **{f"reference.{name}": type_ for name, type_ in DATASETS.items()},
    "delegation": Delegation,
    "properties": Signed,
    "properties-batch": SignedBatch,
    "properties-evidence": SignedPart,
    "properties-delegated": Delegated,
    "order.ping.args": NoArgs,
    "order.status.args": NoArgs,
    "order.pace.args": PaceArgs,
    "order.resend.args": ResendArgs,
    "order.status.result": Status,
    "order.incident.report.args": ReportArgs,
    "order.incident.report.result": Reported,
    "order.incident.answer.args": AnswerArgs,
    "order.incident.answer.result": Answered,
    "order.drill.args": DrillArgs,
    "order.drill.result": Drilled,
    "order.live.start.args": StartArgs,
    "order.live.keep.args": SessionArgs,
    "order.live.stop.args": SessionArgs,
    "order.camera.snapshot.args": SnapshotArgs,
    "order.camera.snapshot.result": Snapped,
    "order.reference.reload.args": NoArgs,
    "order.config.apply.args": ApplyArgs,
    "order.config.apply.result": Applied,
    "order.restart.args": RestartArgs,
    "order.bundle.args": NoArgs,
    "order.bundle.result": Bundled,
    "order.reader.test.args": DeviceArgs,
    "order.reader.test.result": Tried,
    "order.update.args": UpdateArgs,
}
ORDERS = [name[len("order.") : -len(".args")] for name in MESSAGES if name.endswith(".args")]


def files() -> dict[str, dict[str, Any]]:
    """Name without suffix -> schema, each whole in itself."""
    found = {name: _schema(name, type_) for name, type_ in MESSAGES.items()}
    for name, kind in KINDS.items():
        about = f"Lane {kind.lane.word}; severity {kind.severity.value} unless the event says another."
        found[name] = _schema(name, kind.data) | {"$comment": about}
    return found


def components(template: str) -> dict[str, Any]:
    """All types by their own names, referring to each other by a template."""
    types = [type_ for name, type_ in MESSAGES.items() if name != "batch"] + [kind.data for kind in KINDS.values()]
    _, found = msgspec.json.schema_components(dict.fromkeys(types), ref_template=template, schema_hook=_hook)
    return dict(sorted(found.items()))


def _schema(name: str, type_: Any) -> dict[str, Any]:
    """A schema with its own definitions; the type's own stands at the top."""
    (top,), others = msgspec.json.schema_components([type_], ref_template="#/$defs/{name}", schema_hook=_hook)
    if "$ref" in top:
        top = others.pop(top["$ref"].rpartition("/")[2])
    return {"$schema": DIALECT, **top, "title": name} | ({"$defs": others} if others else {})


def _hook(type_: type) -> dict[str, Any]:
    """What the code calls an object may be any JSON value."""
    if type_ is object:
        return {"description": "any JSON value"}
    raise NotImplementedError
