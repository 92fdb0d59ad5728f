"""Every kind of event that the agent sends: its type, lane, severity and data. JSON Schemas are generated from here.

Adding one: a struct here, a line in KINDS; `make docs` writes its schema.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.event_words import Count, LaneWord, MeansWord, Name, PlaceWord, Sha256, Uuid
from agent.incident_events import (
    CameraList,
    IncidentAnswered,
    IncidentClosed,
    IncidentEvidence,
    IncidentJoined,
    IncidentOpened,
    IncidentTold,
    LiveView,
)
from agent.model import Draft, Lane, Moment, Severity
from agent.school_events import (
    AttendanceSummary,
    Checkpoint,
    ClubEntered,
    ClubRefused,
    ClubVisit,
    MealDated,
    MealGranted,
    MealRefused,
    MealReversed,
    Passed,
    Statement,
    Suspicion,
)
from agent.trial_events import ConfigApplied, ConfigUndone
from agent.update_events import UpdateFailed, UpdateInstalled, UpdateUndone


class CardSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A card was shown to a reader."""

    reader: Name
    form: Annotated[
        str, Meta(description="which of its possible numbers the reader reported, e.g. em4100, uid4, wiegand26")
    ]
    card: Annotated[
        str,
        Meta(
            description="keyed hash of form and number, 32 hex digits; never the number itself",
            pattern="^[0-9a-f]{32}$",
        ),
    ]


class ZoneChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A zone of a fire panel or a smoke detector is in another state."""

    sensor: Name
    zone: Annotated[int, Meta(ge=1)]
    place: Annotated[str, Meta(description="the zone's name in the configuration, or empty")]
    state: Annotated[
        str, Meta(description="fire, extinguishing, attention, fault, disabled, test, restored, normal, unknown")
    ]
    before: Annotated[str, Meta(description="the state before; empty at the first poll")]
    codes: Annotated[list[int], Meta(description="codes as read, top priority first")]
    words: str
    indicative: Annotated[
        bool, Meta(description="from a device that no standard vouches for: a hint, not a fire panel's word")
    ] = False


class ContactChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A dry contact, a supervised loop or a device's cover is in another state."""

    source: Name
    contact: Annotated[str, Meta(description="which of the device's contacts: tamper, power; empty if it has one")]
    state: Annotated[str, Meta(description="idle, active, cut, short, flapping")]
    before: Annotated[str, Meta(description="the state before; empty at the first look")]
    means: MeansWord = ""
    place: PlaceWord = ""


class ReportPressed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody pressed a report button: a person in the school asks for a responsible person."""

    source: Name
    means: MeansWord = ""
    place: PlaceWord = ""


class CameraPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's picture can no longer be used, or can again."""

    camera: Name
    state: Annotated[str, Meta(description="clear, frozen, covered")]
    before: Annotated[str, Meta(description="the state before; empty at the first look")]
    evidence: Annotated[str, Meta(description="id of the snapshot that shows it; empty if there is none")] = ""
    blurred: Annotated[
        str, Meta(description="id of the same with faces and bodies made unrecognisable; empty if there is none")
    ] = ""


class CameraNoticed(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's picture gives reason to suspect something. No verdict, and never who: a person looks and decides."""

    camera: Name
    suspected: Annotated[
        str,
        Meta(
            description="fire, smoke, flame (small and tended), fight, covered, turned, defocused, crowd, lying, "
            "presence (of somebody when nobody may be there)"
        ),
    ]
    zone: Annotated[str, Meta(description="the zone of the camera in which it is; empty if it has none there")]
    score: Annotated[float, Meta(ge=0, le=1, description="the detector's own scale: comparable with itself alone")]
    since: Annotated[str, Meta(description="when what speaks for it began")]
    box: Annotated[
        list[float],
        Meta(max_length=4, description="where: left, top, right, bottom as shares of the picture; empty: all of it"),
    ]
    detail: Annotated[str, Meta(description="a word for the technician")] = ""
    evidence: Annotated[str, Meta(description="id of the snapshot that shows it; empty if there is none")] = ""
    blurred: Annotated[
        str, Meta(description="id of the same with faces and bodies made unrecognisable; empty if there is none")
    ] = ""


class CameraCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the detectors of one camera did in some minutes."""

    camera: Name
    seconds: Count
    pictures: Annotated[int, Meta(ge=0, description="looked at")]
    skipped: Annotated[int, Meta(ge=0, description="for want of time: newer ones had come")]
    hits: Annotated[dict[str, Count], Meta(description="by detector: looks that spoke for something, before the vote")]
    told: Annotated[dict[str, Count], Meta(description="by detector: what the vote let through")]
    ms: Annotated[dict[str, Count], Meta(description="by detector: milliseconds of a processor core")]
    people: Annotated[int, Meta(ge=0, description="the most that were to be seen")] = 0
    entered: Count = 0
    left: Count = 0


class CameraViewed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has looked at a camera's picture as it is, with the faces in it: at the box itself, or by an order."""

    camera: Name
    viewing: Annotated[Uuid, Meta(description="its id: a record that came twice is one viewing")]
    by: Annotated[str, Meta(max_length=64, description="the account at the box who asked for it; `centre`: an order")]
    what: Annotated[str, Meta(max_length=16, description="snapshot, zones; order: kept as evidence")]
    shown: Annotated[
        str, Meta(max_length=32, description="when, by the box's clock; the event's `time` is when it was taken in")
    ]


class EvidenceSealed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture, a video or an archive for support is kept, sealed; the event's `time` is that of what it shows."""

    evidence: Annotated[Uuid, Meta(description="its id: that of `evidence/{id}` on the wire")]
    camera: Annotated[str, Meta(max_length=64, description="name of a device in the configuration; none: a bundle")]
    kind: Annotated[
        str,
        Meta(
            description="snapshot: one JPEG; blurred: the same with faces and bodies made unrecognisable; clip: a "
            "video; bundle: an archive for support"
        ),
    ]
    bytes: Annotated[int, Meta(ge=1, description="size of the sealed file")]
    sha256: Annotated[Sha256, Meta(description="of the sealed file: what is sent")]
    plain_bytes: Annotated[int, Meta(ge=1, description="size of the picture")]
    plain_sha256: Annotated[Sha256, Meta(description="of the picture, as who can open the file finds it")]
    recipients: Annotated[
        list[str], Meta(description="who can open it: first 16 hex digits of the SHA-256 of each age recipient")
    ]
    before_s: Annotated[
        float, Meta(description="of a clip: it begins so many seconds before the moment; below 0: after it")
    ] = 0.0
    after_s: Annotated[float, Meta(description="of a clip: it ends so many seconds after the moment")] = 0.0


class EvidenceLost(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures were not kept, or were dropped before the centre had them."""

    evidence: Annotated[str, Meta(description="the id that an alarm gave; empty where none was given")]
    camera: Annotated[str, Meta(max_length=64, description="empty if it is not known any more")]
    kind: Annotated[str, Meta(description="snapshot, blurred, clip, bundle; empty if it is not known any more")]
    reason: Annotated[
        str,
        Meta(
            description="no_recipient, too_many, busy, no_video: not kept, and no id was given; interrupted, "
            "quota, disk_full, failed, damaged, refused, expired: an id was given and nothing will come"
        ),
    ]
    count: Annotated[int, Meta(ge=1, description="more than one only where no id was given")]


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """A device stopped answering, or answers again."""

    source: Name
    code: Annotated[str, Meta(description="code of docs/errors.md; empty when the device works again")]
    what: str
    do: str


class Flapping(msgspec.Struct, frozen=True, kw_only=True):
    """A source changed so often that its events were gathered into this one."""

    source: Name
    type: Annotated[str, Meta(description="type of the gathered events")]
    count: Count
    first: Annotated[str, Meta(description="time of the first gathered event")]
    last: Annotated[str, Meta(description="time of the last gathered event")]
    latest: Annotated[dict[str, Any], Meta(description="data of the last gathered event: the state now")]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Events were dropped for want of space."""

    epoch: Uuid
    lane: LaneWord
    first: Annotated[int, Meta(ge=1)]
    last: Annotated[int, Meta(ge=1)]
    count: Count
    reason: Annotated[str, Meta(description="quota, disk_full or damaged")]


class EpochOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A new life of the box's numbering begins, and with it a new log of the ledger: this is its first leaf."""

    epoch: Uuid
    before: Annotated[str, Meta(description="the epoch before, or empty")]
    reason: Annotated[str, Meta(description="new, rewind, conflict or damaged")]
    checkpoint: Annotated[
        str, Meta(max_length=2_000, description="the last signed checkpoint that the box knows of the log before")
    ] = ""


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """A damaged database was set aside and its readable rows were taken over."""

    epoch: Uuid
    kept: Count
    unreadable: Annotated[str, Meta(description="what could not be read, in words")]
    set_aside: Annotated[str, Meta(description="file name of the damaged database, kept on the box")]


class ClockCorrected(msgspec.Struct, frozen=True, kw_only=True):
    """The clock was set: times of this boot before this moment were off by so much."""

    off_by_ns: Annotated[int, Meta(description="true UTC minus the UTC used until now, nanoseconds")]
    by: Annotated[str, Meta(description="system or centre")]


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """The centre could not read some events and keeps them aside."""

    epoch: Uuid
    lane: LaneWord
    first: Annotated[int, Meta(ge=1)]
    last: Annotated[int, Meta(ge=1)]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Messages from the network that were refused since the last report."""

    reason: Annotated[str, Meta(description="e.g. bad_signature, oversized, malformed, replayed")]
    count: Count


class LaneHealth(msgspec.Struct, frozen=True, kw_only=True):
    last: Count
    settled: Count
    bytes: Count


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the box is, once a minute."""

    uptime_s: Count
    lanes: dict[str, LaneHealth]
    disk_free_bytes: Count
    wal_bytes: Count
    commit_p99_ms: float
    sources: dict[str, Annotated[str, Meta(description="working, or the code of the trouble")]]
    temperature_c: float | None = None
    camera_clocks_s: Annotated[
        dict[str, float],
        Meta(
            description="by camera: how far its clock is ahead of the box's, seconds, where its stream tells the time"
        ),
    ] = {}


class Kind(msgspec.Struct, frozen=True):
    lane: Lane
    severity: Severity
    data: type[msgspec.Struct]
    leaf: bool = False  # whether each event of this kind is a leaf of the ledger


KINDS: dict[str, Kind] = {
    "kz.mektep.card.seen.v1": Kind(Lane.RECORD, Severity.INFO, CardSeen),
    "kz.mektep.meal.granted.v1": Kind(Lane.RECORD, Severity.INFO, MealGranted, leaf=True),
    "kz.mektep.meal.refused.v1": Kind(Lane.RECORD, Severity.INFO, MealRefused),
    "kz.mektep.meal.reversed.v1": Kind(Lane.RECORD, Severity.INFO, MealReversed, leaf=True),
    "kz.mektep.meal.dated.v1": Kind(Lane.RECORD, Severity.INFO, MealDated, leaf=True),
    "kz.mektep.club.entered.v1": Kind(Lane.RECORD, Severity.INFO, ClubEntered),
    "kz.mektep.club.refused.v1": Kind(Lane.RECORD, Severity.INFO, ClubRefused),
    "kz.mektep.club.visit.v1": Kind(Lane.RECORD, Severity.INFO, ClubVisit, leaf=True),
    "kz.mektep.attendance.passed.v1": Kind(Lane.RECORD, Severity.INFO, Passed),
    "kz.mektep.attendance.summary.v1": Kind(Lane.RECORD, Severity.INFO, AttendanceSummary),
    "kz.mektep.suspicion.v1": Kind(Lane.RECORD, Severity.WARN, Suspicion),
    "kz.mektep.ledger.checkpoint.v1": Kind(Lane.RECORD, Severity.INFO, Checkpoint),
    "kz.mektep.ledger.statement.v1": Kind(Lane.RECORD, Severity.INFO, Statement, leaf=True),
    "kz.mektep.fire.zone.v1": Kind(Lane.ALARM, Severity.WARN, ZoneChanged),
    "kz.mektep.contact.changed.v1": Kind(Lane.ALARM, Severity.WARN, ContactChanged),
    "kz.mektep.report.pressed.v1": Kind(Lane.ALARM, Severity.ERROR, ReportPressed),
    "kz.mektep.camera.picture.v1": Kind(Lane.ALARM, Severity.WARN, CameraPicture),
    "kz.mektep.camera.noticed.v1": Kind(Lane.ALARM, Severity.WARN, CameraNoticed),
    "kz.mektep.camera.list.v1": Kind(Lane.TELEMETRY, Severity.INFO, CameraList),
    "kz.mektep.incident.opened.v1": Kind(Lane.ALARM, Severity.ERROR, IncidentOpened),
    "kz.mektep.incident.joined.v1": Kind(Lane.ALARM, Severity.ERROR, IncidentJoined),
    "kz.mektep.incident.told.v1": Kind(Lane.ALARM, Severity.ERROR, IncidentTold),
    "kz.mektep.incident.answered.v1": Kind(Lane.ALARM, Severity.WARN, IncidentAnswered),
    "kz.mektep.incident.closed.v1": Kind(Lane.ALARM, Severity.INFO, IncidentClosed),
    "kz.mektep.incident.evidence.v1": Kind(Lane.ALARM, Severity.WARN, IncidentEvidence),
    "kz.mektep.live.view.v1": Kind(Lane.RECORD, Severity.WARN, LiveView),
    "kz.mektep.camera.counts.v1": Kind(Lane.TELEMETRY, Severity.INFO, CameraCounts),
    "kz.mektep.camera.viewed.v1": Kind(Lane.RECORD, Severity.WARN, CameraViewed),
    "kz.mektep.source.failed.v1": Kind(Lane.ALARM, Severity.ERROR, SourceState),
    "kz.mektep.source.restored.v1": Kind(Lane.ALARM, Severity.INFO, SourceState),
    "kz.mektep.source.flapping.v1": Kind(Lane.ALARM, Severity.WARN, Flapping),
    "kz.mektep.loss.v1": Kind(Lane.RECORD, Severity.ERROR, Loss),
    "kz.mektep.epoch.opened.v1": Kind(Lane.RECORD, Severity.WARN, EpochOpened, leaf=True),
    "kz.mektep.salvaged.v1": Kind(Lane.RECORD, Severity.ERROR, Salvaged),
    "kz.mektep.evidence.sealed.v1": Kind(Lane.RECORD, Severity.INFO, EvidenceSealed, leaf=True),
    "kz.mektep.evidence.lost.v1": Kind(Lane.RECORD, Severity.ERROR, EvidenceLost),
    "kz.mektep.clock.corrected.v1": Kind(Lane.RECORD, Severity.WARN, ClockCorrected),
    "kz.mektep.quarantined.v1": Kind(Lane.RECORD, Severity.ERROR, Quarantined),
    "kz.mektep.refused.v1": Kind(Lane.RECORD, Severity.WARN, Refused),
    "kz.mektep.config.applied.v1": Kind(Lane.RECORD, Severity.INFO, ConfigApplied),
    "kz.mektep.config.undone.v1": Kind(Lane.RECORD, Severity.WARN, ConfigUndone),
    "kz.mektep.update.installed.v1": Kind(Lane.RECORD, Severity.INFO, UpdateInstalled),
    "kz.mektep.update.undone.v1": Kind(Lane.RECORD, Severity.ERROR, UpdateUndone),
    "kz.mektep.update.failed.v1": Kind(Lane.RECORD, Severity.WARN, UpdateFailed),
    "kz.mektep.health.v1": Kind(Lane.TELEMETRY, Severity.INFO, Health),
}
LEAVES = frozenset(name for name, kind in KINDS.items() if kind.leaf)
TYPE_OF: dict[type[msgspec.Struct], str] = {
    kind.data: name for name, kind in KINDS.items() if kind.data is not SourceState
}


def draft(
    data: msgspec.Struct, at: Moment, *, type: str = "", severity: Severity | None = None, source: str = ""
) -> Draft:
    """An event of the kind that belongs to its data; type is needed only where two kinds share a struct."""
    name = type or TYPE_OF[data.__class__]
    kind = KINDS[name]
    return Draft(type=name, lane=kind.lane, severity=severity or kind.severity, at=at, data=data, source=source)
