"""People counted and followed over lines, beside counts made by eye (people_truth.csv)."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.pipelines import people
from agent.pipelines.people import Memory
from agent.pipelines.settings import PeopleSettings
from agent.pipelines.watch import Line
from bench.vision.footage import Footage
from bench.vision.seen import POSE_RATE, Seen

CROSSING = re.compile(r"cross_(down|up|left|right)_([xy])(0?\.\d+)")
COUNT = re.compile(r"count@(any|last|f0|[\d.]+s)")


class Beside(msgspec.Struct, frozen=True):
    """One thing counted by eye, and by the detector."""

    clip: str
    measure: str
    truth: int
    counted: int

    @property
    def close(self) -> bool:
        """Within one, or ten per cent."""
        return abs(self.counted - self.truth) <= max(1.0, 0.1 * self.truth)


def beside(folder: Path, rows: Sequence[Footage], seen: Seen) -> list[Beside]:
    """Every row of people_truth.csv that the detector has an answer for."""
    clips = {row.name: row for row in rows}
    if not (folder / "people_truth.csv").exists():
        return []
    with (folder / "people_truth.csv").open(encoding="utf-8", newline="") as table:
        truth = [row for row in csv.DictReader(table) if row["path"] in clips]
    found = []
    for row in truth:
        counted = _counted(clips[row["path"]], row["measure"], seen)
        if counted is not None:
            found.append(Beside(row["path"], row["measure"], int(row["value"]), counted))
    return found


def _counted(clip: Footage, measure: str, seen: Seen) -> int | None:
    if crossing := CROSSING.fullmatch(measure):
        where, axis, share = crossing.groups()
        return _over(clip, where, axis, float(share), seen)
    if count := COUNT.fullmatch(measure):
        heads = [memory.headcount[0] for memory in follow(clip, PeopleSettings(), seen)]
        return heads[_look(count.group(1), len(heads))]
    return None  # distinct people: the detector does not say who came back


def _look(when: str, looks: int) -> int:
    """Which look a count by eye is compared with; two looks later, since somebody counts from the second."""
    first = 2
    if when in ("any", "last", "f0"):
        return {"any": looks // 2, "last": looks - 1, "f0": min(first, looks - 1)}[when]
    return min(looks - 1, first + round(float(when[:-1]) * POSE_RATE))


def _over(clip: Footage, where: str, axis: str, share: float, seen: Seen) -> int:
    """Crossings one way of a line right across the picture. Along a line to the right, its right side is below."""
    line = (
        Line(name=axis, begin=(0.0, share), end=(1.0, share))
        if axis == "y"
        else Line(name=axis, begin=(share, 1.0), end=(share, 0.0))
    )
    to_left, to_right = follow(clip, PeopleSettings(lines=(line,)), seen)[-1].crossed[0]
    return to_right if where in ("down", "right") else to_left


def follow(clip: Footage, settings: PeopleSettings, seen: Seen) -> list[Memory]:
    """The memory after each look."""
    given = seen.poses(clip)
    aspect, memory, after = float(given["aspect"][0]), None, []
    for number, poses in enumerate(given["poses"]):
        look = people.Look(people.people(poses, settings.least, aspect), number / POSE_RATE, aspect)
        _, memory = people.observe(look, memory, settings)
        after.append(memory)
    return after
