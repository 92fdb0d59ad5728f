"""What may be set for a camera that is watched: what for, where, when, and how often it may be wrong.

The daemon reads this, the eyes' cell too: nothing but msgspec is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Point = tuple[Share, Share]  # from the left, from the top
Outline = Annotated[list[Point], Meta(min_length=3, max_length=32)]
PartName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$(?!\n)",
        description="its name: small Latin letters, digits, hyphens",
        examples=["stairs"],
    ),
]
NIGHT = "night"
PERIODS = ("lessons", "breaks", NIGHT)
HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


class Detects(StrEnum):
    """The detectors that a camera may have."""

    TAMPER = "tamper"
    FIRE = "fire"
    FIGHT = "fight"
    PEOPLE = "people"
    PRESENCE = "presence"


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the picture. A detector that zones name looks at these alone."""

    name: PartName
    outline: Outline
    sees: Annotated[list[Detects], Meta(description="empty: all that the camera sees")] = []

    def __post_init__(self) -> None:
        if area(self.outline) < LEAST_AREA:
            raise ValueError(f"zone {self.name} has no inside. Give its corners in the order in which they follow.")

    def binds(self, detector: Detects) -> bool:
        """Whether that detector looks at it."""
        return not self.sees or detector in self.sees


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line across the picture: who crosses it to the right of its direction goes in."""

    name: PartName
    begin: Point
    end: Point

    def __post_init__(self) -> None:
        if abs(self.end[0] - self.begin[0]) + abs(self.end[1] - self.begin[1]) < LEAST_LENGTH:
            raise ValueError(f"line {self.name} has no length. Give two points that lie apart.")


UNLESS_KNOWN = frozenset({Detects.PRESENCE})  # tell only while it is certain that it is their time
WITHOUT_SCALE = frozenset({Detects.TAMPER, Detects.PEOPLE})
LEAST_AREA = 0.0001  # of the picture: 23 pixels of 640 by 360
LEAST_LENGTH = 0.02


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What one camera is watched for."""

    sees: Annotated[
        list[Detects],
        Meta(
            description="what to look for: tamper (covered, turned, out of focus), fire (and smoke), fight, people "
            "(lines crossed, crowds, somebody on the floor), presence (anybody at all, at night or when its schedule "
            "says); needs `mektep-agent[vision]`",
            examples=[["tamper", "fight"]],
        ),
    ] = []
    masks: Annotated[
        list[Outline],
        Meta(
            max_length=16,
            description="parts of the picture that nobody sees, black before anything looks and in every still; each "
            "a list of corners as shares of the picture, from the left and from the top",
            examples=[[[[0.0, 0.0], [0.4, 0.0], [0.4, 0.06], [0.0, 0.06]]]],
        ),
    ] = []
    clock_mask: Annotated[
        bool,
        Meta(
            description="false: the clock that the camera draws into its picture is not looked for; otherwise the "
            "detectors do not see it where it is found, and people do"
        ),
    ] = True
    zone: Annotated[
        list[Zone],
        Meta(max_length=16, description='tables `[[camera.zone]]`: `name`, `outline`, `sees = ["fight"]`'),
    ] = []
    line: Annotated[
        list[Line],
        Meta(
            max_length=8,
            description="tables `[[camera.line]]`: `name`, `begin`, `end`, each a point as above; in is to the right "
            "of who looks from begin to end",
        ),
    ] = []
    schedule: Annotated[
        dict[Detects, Annotated[list[str], Meta(max_length=16)]],
        Meta(
            description="table `[camera.schedule]`: for each detector when it looks, of `lessons`, `breaks`, `night` "
            "(by the centre's calendar) and hours like `08:00-18:00`; a detector that is not named always looks, but "
            "presence at `night`",
        ),
    ] = {}
    budget: Annotated[
        float,
        Meta(
            gt=0,
            le=1_000,
            description="how many false alarms a week each of its detectors may raise: its threshold is chosen by it, "
            "as far as the footage reaches that it was judged on (`mektep check` says how far); one that tells more is "
            "named (V-305), and `mektep camera tune` proposes a threshold from the school's own days",
        ),
    ] = 1.0
    thresholds: Annotated[
        dict[Detects, Share],
        Meta(
            description="table `[camera.thresholds]`: the score, 0 to 1, from which `fight`, `presence` and `fire` "
            "(with smoke and flames) tell, in place of the one that `budget` chooses"
        ),
    ] = {}

    def __post_init__(self) -> None:
        if Detects.PRESENCE in self.sees and Detects.PRESENCE not in self.schedule:
            msgspec.structs.force_setattr(self, "schedule", {**self.schedule, Detects.PRESENCE: [NIGHT]})


class Strange(msgspec.Struct, frozen=True):
    """What does not fit within one camera's settings."""

    key: str
    value: str
    what: str
    do: str


def strange(watch: Watch) -> Iterator[Strange]:
    """Detectors that are named and not there, names that are used twice, times that are none."""
    known = ", ".join(watch.sees) or "none"
    named = [("schedule", set(watch.schedule)), ("thresholds", set(watch.thresholds))]
    named += [(f"zone[{at}].sees", set(zone.sees)) for at, zone in enumerate(watch.zone)]
    for one in sorted(set(watch.thresholds) & WITHOUT_SCALE):
        yield Strange("thresholds", one, "has no score: it counts, or compares", "Leave it out; draw a zone or a mask.")
    for key, detectors in named:
        for one in sorted(detectors - set(watch.sees)):
            yield Strange(key, one, "is not what this camera sees", f"Add it to `sees` ({known}), or leave it out.")
    yield from _strange_times(watch)
    for key, names in (("zone", [one.name for one in watch.zone]), ("line", [one.name for one in watch.line])):
        for twice in sorted({name for name in names if names.count(name) > 1}):
            yield Strange(key, twice, "is used twice", "Give each a name of its own.")
    if watch.line and Detects.PEOPLE not in watch.sees:
        yield Strange("line", watch.line[0].name, "needs people", 'Write sees = ["people"], or leave the line out.')


def _strange_times(watch: Watch) -> Iterator[Strange]:
    for name, when in watch.schedule.items():
        key = f"schedule.{name}"
        if not when:
            yield Strange(key, "[]", "names no time", "Leave it out: it looks always; or take it out of `sees`.")
        for word in when:
            begin, _, end = word.partition("-")
            if word not in PERIODS and not HOURS.fullmatch(word):
                yield Strange(key, word, "is no time", f"Write {', '.join(PERIODS)}, or hours like 08:00-18:00.")
            elif begin == end:
                yield Strange(key, word, "ends when it begins", "For the whole day leave it out of the schedule.")


def area(outline: list[Point]) -> float:
    """Of a polygon, as a share of the picture."""
    pairs = zip(outline, [*outline[1:], outline[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


class WatchedCamera(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One camera as the eyes' cell is told of it."""

    name: str
    slot: str  # place of its newest picture: drivers/frame_slot.py
    watch: Watch


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of the eyes' cell. Nobody writes this: the daemon makes it of its cameras."""

    cameras: tuple[WatchedCamera, ...]
    models: str = ""  # folder of the networks and heads; empty: those that came with the agent

    @property
    def slots(self) -> tuple[str, ...]:
        """What its cell is handed."""
        return tuple(camera.slot for camera in self.cameras)
