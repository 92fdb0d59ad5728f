"""The agent's own nouns: lanes, severities, events before and after they are accepted. Frozen, units in the names."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec


class Lane(IntEnum):
    """An independent, numbered stream of events. The number is the order of sending and is stored on disk."""

    ALARM = 0
    RECORD = 1
    TELEMETRY = 2

    @property
    def word(self) -> str:
        """The lane's name on the wire."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> Lane:
        """The lane of a name on the wire. Raises KeyError."""
        return cls[word.upper()]


class Severity(StrEnum):
    """CloudEvents severity extension, text form."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    FATAL = "FATAL"


class Moment(msgspec.Struct, frozen=True):
    """When something happened, and how far that can be believed."""

    utc_ns: int  # UTC since 1970
    monotonic_ns: int  # CLOCK_BOOTTIME
    synced: bool  # whether utc_ns could be trusted then


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An event that somebody wants accepted; it has no sequence yet."""

    type: str  # "kz.mektep.card.seen.v1", a key of agent/events.py
    lane: Lane
    severity: Severity
    at: Moment
    data: msgspec.Struct  # the type's own struct
    source: str = ""  # name of the device or part it comes from, for flapping; "" = the agent itself
    ahead_id: str = ""  # id of the copy sent ahead, if any
    reissue_of: str = ""  # "{epoch}/{lane}/{sequence}" if this repeats an event under a new key


class Place(msgspec.Struct, frozen=True, order=True):
    """Where an accepted event stands: the centre's key."""

    epoch: str
    lane: Lane
    sequence: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A contiguous run of owed events, ready to sign: the join of their stored bytes."""

    epoch: str
    lane: Lane
    first: int
    last: int
    body: bytes  # "[" + events joined by "," + "]"

    @property
    def count(self) -> int:
        return self.last - self.first + 1
