"""What a detector may say of a camera, and the shape that every detector has."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture


class Kind(StrEnum):
    """What is suspected. Never who."""

    FIRE = "fire"
    SMOKE = "smoke"
    FLAME = "flame"  # a candle, a stove, a lighter: small, steady, tended
    FIGHT = "fight"
    COVERED = "covered"  # by a hand, a bag, tape, paint; or black
    TURNED = "turned"
    DEFOCUSED = "defocused"
    CROSSING = "crossing"  # somebody crossed a line
    CROWD = "crowd"
    LYING = "lying"  # somebody lies on the floor
    PRESENCE = "presence"  # somebody is there when nobody may be


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One suspicion after the vote over time. A person confirms it, or dismisses it."""

    kind: Kind
    score: float  # 0..1, the detector's own scale; its page says what it was worth on footage
    at_s: float  # when it was decided, on the time scale of the looks
    since_s: float  # when what speaks for it began
    box: Box | None = None  # where; None: the whole picture
    detail: str = ""  # a word for the technician


L_contra = TypeVar("L_contra", contravariant=True)
M = TypeVar("M")
S_contra = TypeVar("S_contra", contravariant=True)


class Observe(Protocol[L_contra, M, S_contra]):
    """The one shape. No clock, no disk, no network, no state but the memory; None is the memory of a new camera."""

    def __call__(self, look: L_contra, memory: M | None, settings: S_contra, /) -> tuple[Sighting | None, M]: ...
