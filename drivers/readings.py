"""What a device reports: frozen facts, units in the names, no meaning added.

Not     who may eat, which alarm matters: agent/school decides that.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CardForm(StrEnum):
    """In which of its possible shapes a reader reported a card's number.

    The same card gives other digits in another form, so a number without its form identifies nothing.
    """

    EM4100 = "em4100"  # five bytes as the chip sends them: customer code, then four bytes
    UID4 = "uid4"  # ISO 14443 four-byte UID, air order
    UID7 = "uid7"  # ISO 14443 seven-byte UID, air order
    WIEGAND26 = "wiegand26"  # facility and number, 24 bits without parity
    WIEGAND34 = "wiegand34"  # 32 bits without parity


class Tap(msgspec.Struct, frozen=True, kw_only=True):
    """One card shown to one reader. Says nothing about who may eat."""

    card: str  # upper-case hex digits of the whole number, leading zeros kept
    form: CardForm
    at_ns: int  # UTC since 1970, from the Clock given to connect()
    monotonic_ns: int  # CLOCK_BOOTTIME at the same moment


class ZoneState(StrEnum):
    """State of one zone of a fire panel or of one smoke detector, worst first."""

    FIRE = "fire"
    EXTINGUISHING = "extinguishing"
    ATTENTION = "attention"
    FAULT = "fault"
    DISABLED = "disabled"
    TEST = "test"
    RESTORED = "restored"
    NORMAL = "normal"
    UNKNOWN = "unknown"  # a code that the profile does not know: reported, never shown as normal


class ZoneChange(msgspec.Struct, frozen=True, kw_only=True):
    """One zone of a panel is now in another state than at the last poll."""

    zone: int  # the panel's own number, from 1
    state: ZoneState
    before: ZoneState | None  # None: first poll since connecting
    codes: tuple[int, ...]  # as read, top priority first
    words: str  # the profile's words for the top code
    indicative: bool = False  # from a device that no standard vouches for: a hint, never a fire panel's word
    at_ns: int
    monotonic_ns: int


class ContactState(StrEnum):
    """State of a dry contact, of a reader's cover, of a supervised loop."""

    IDLE = "idle"
    ACTIVE = "active"
    CUT = "cut"  # the loop is open: the wire is cut or pulled
    SHORT = "short"  # the loop is shorted
    FLAPPING = "flapping"  # changes faster than anybody could mean it; told once, until it is quiet


class ContactChange(msgspec.Struct, frozen=True, kw_only=True):
    """One contact of a device is now in another state."""

    contact: str  # which of the device's contacts: "tamper", "power"; "" = it has only one
    state: ContactState
    before: ContactState | None  # None: first look since connecting
    at_ns: int
    monotonic_ns: int


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A button was pressed: at the moment when it was clear that a person did."""

    at_ns: int
    monotonic_ns: int


class PictureState(StrEnum):
    """Whether a camera's picture can be used, as its own pixels tell."""

    CLEAR = "clear"
    FROZEN = "frozen"  # the same picture again and again, though frames come
    COVERED = "covered"  # nothing to be seen: no detail, much of it at once


class PictureChange(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's picture is now in another state; no verdict on who or what did it."""

    state: PictureState
    before: PictureState | None  # None: first look since connecting
    jpeg: bytes  # the picture that shows it, at most SNAPSHOT_BYTES
    blurred: bytes = b""  # the same, so coarse that nobody can be recognised
    at_ns: int
    monotonic_ns: int


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of now that was asked for; masks black."""

    jpeg: bytes
    blurred: bytes  # the same, so coarse that nobody can be recognised
    at_ns: int
    monotonic_ns: int


SNAPSHOT_BYTES = 1_000_000
BLOCKS = 16  # along the longer side of a picture that shows nobody: a face that fills a third of it is five wide


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """The eyes suspect something in a camera's picture. Never who; a person decides whether it is so."""

    camera: str
    detector: str
    kind: str  # of agent/pipelines/sighting.py
    zone: str  # the zone in which it is; "" = the camera has none there
    score: float  # 0..1, the detector's own scale
    lasted_s: float  # since what speaks for it began
    box: tuple[float, float, float, float] | None  # left, top, right, bottom, as shares of the picture; None: all of it
    detail: str  # a word for the technician
    jpeg: bytes  # the picture that shows it, masks black, at most SNAPSHOT_BYTES with the next
    blurred: bytes  # the same without faces and bodies; empty if there is none
    at_ns: int
    monotonic_ns: int


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """How a detector's scores are spread: bin -> how many; agent/pipelines/scores.py says which score is in which."""

    looks: dict[int, int] = {}  # looks, by their own score
    minutes: dict[int, int] = {}  # minutes, by the highest score of the vote in them
    again: dict[int, int] = {}  # minutes that follow another, by what both reached


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """What one detector of one camera did since the last report."""

    runs: int = 0
    ms: float = 0.0  # of a processor core, all runs together
    hits: int = 0  # runs that spoke for something, before any vote
    votes: int = 0  # what the vote let through
    told: int = 0  # of those what was news, in a zone of the detector
    scores: Scores = Scores()  # empty for a detector without a scale


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """People in a camera's view."""

    people: int = -1  # now; -1: nobody counts them
    entered: int = 0  # over the camera's lines, since the eyes began
    left: int = 0


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What the eyes did with one camera's pictures since the last report."""

    pictures: int = 0
    skipped: int = 0  # there was no time for them: newer ones had come
    late_ms: float = 0.0  # the longest time from a picture to the look at it
    detectors: dict[str, Worked] = {}
    resting: tuple[str, ...] = ()  # detectors: it is not their time
    clock: tuple[float, float, float, float] | None = None  # that the camera draws; no detector sees it
    people: int = -1  # to be seen now; -1: nobody counts them
    entered: int = 0
    left: int = 0


class EyeTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """A detector that is off now."""

    camera: str  # "" = all of them
    detector: str
    code: str
    what: str
    do: str


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What the eyes did, each half minute and when a detector goes off or on."""

    seconds: float  # the time that it tells of
    cameras: dict[str, Looked]
    troubles: tuple[EyeTrouble, ...]  # all that are now
    at_ns: int
    monotonic_ns: int


class Light(StrEnum):
    """What a reader can show to the person in front of it."""

    ACCEPTED = "accepted"  # the decision is on disk: green
    REFUSED = "refused"  # red
    WAIT = "wait"  # nothing is decided: try again in a moment
    READY = "ready"  # an operator's card was taken: show the next card
    UNKNOWN = "unknown"  # the card is not known, or is blocked: not the child's fault
    ALARM = "alarm"  # it is certain that something happens, and nobody has answered; shown again and again until then
    ALERT = "alert"  # the same, of a suspicion: no siren
    DRILL = "drill"  # the same, of a drill


Reading = Tap | ZoneChange | ContactChange | Pressed | PictureChange | Noticed | Watched
