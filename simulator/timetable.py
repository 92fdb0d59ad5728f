"""The hours of a school day, and how they pass in a demonstration: phases one after the other, what lies between them
is skipped. Pure.

Speed   school time per time of the demonstration. Faster days have proportionally more taps a minute, until the
        busiest phase reaches what two card readers can take; from there on fewer children walk by, in the same
        proportions.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

import msgspec


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the day with its own pace."""

    name: str
    begins: str  # "07:40"
    ends: str
    taps_a_minute: float  # at each reader, at speed 1

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if self.taps_a_minute <= 0:
            raise ValueError(f"{self.name}: taps_a_minute must be above 0")
        if self.seconds <= 0:
            raise ValueError(f"{self.name} ends before it begins")

    @property
    def seconds(self) -> float:
        return _seconds(self.ends) - _seconds(self.begins)


class Now(NamedTuple):
    """What the clock on the wall shows, and what goes on."""

    time: str
    phase: Phase


class Timetable:
    """Phases at a speed. Raises ValueError if they overlap or there are none."""

    def __init__(self, phases: list[Phase], speed: float, most_taps_a_minute: float) -> None:
        if not phases or speed <= 0:
            raise ValueError("a day needs phases and a speed")
        for before, after in pairwise(phases):
            if _seconds(after.begins) < _seconds(before.ends):
                raise ValueError(f"{after.name} begins before {before.name} has ended")
        busiest = max(phase.taps_a_minute for phase in phases)
        self._phases = phases
        self._speed = speed
        self._more = min(speed, most_taps_a_minute / busiest)

    @property
    def seconds(self) -> float:
        """How long the whole day takes."""
        return sum(phase.seconds for phase in self._phases) / self._speed

    def at(self, elapsed_s: float) -> Now:
        """So long after the begin; before it the first moment, after the end the last one."""
        passed_s = max(0.0, elapsed_s) * self._speed
        for phase in self._phases:
            if passed_s < phase.seconds:
                return Now(_text(_seconds(phase.begins) + passed_s), phase)
            passed_s -= phase.seconds
        return Now(self._phases[-1].ends, self._phases[-1])

    def pause_s(self, elapsed_s: float) -> float:
        """Between two children at one reader, on average."""
        return 60.0 / (self.at(elapsed_s).phase.taps_a_minute * self._more)


def fitted(phases: list[Phase], seconds: float) -> float:
    """The speed at which the phases fill so many seconds."""
    return sum(phase.seconds for phase in phases) / seconds


def _seconds(time: str) -> float:
    """Since midnight. Raises ValueError."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", time)
    if match is None:
        raise ValueError(f"{time!r} is no time of day such as 07:40")
    return int(match[1]) * 3600.0 + int(match[2]) * 60.0


def _text(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}"
