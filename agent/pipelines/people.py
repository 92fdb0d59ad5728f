"""People by their poses: followed from picture to picture, counted, over lines, in a crowd, on the floor.

Shape   Look: what the pose network found in one picture, about 5 a second. Crossings and the headcount stand in the
        memory: several may happen in one picture. Sightings are CROWD and LYING.
How     a person is matched with where somebody was expected to be, the nearest first, in units of body size. A line is
        crossed when the middle of the body has been clearly on one side and then clearly on the other.
Not     who anybody is: nothing here knows faces, and nothing outlives the memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.settings import PeopleSettings
from agent.pipelines.sighting import Box, Kind, Sighting
from agent.pipelines.watch import Line

Poses = NDArray[np.float32]
Point = tuple[float, float]

ROW = 56  # 17 keypoints of (y, x, score), then ymin, xmin, ymax, xmax, score
SHOULDERS, HIPS = (5, 6), (11, 12)
SEEN = 0.2  # score of a keypoint that counts
SAME_PERSON = 0.6  # overlap of two boxes that are one person found twice
REACH = 0.8  # in body sizes: farther from where they were expected it is somebody else
KEPT_S = 1.6  # somebody hidden for longer is somebody new
SURE = 2  # pictures that somebody is seen in before they count: a coat is seen once
CLEAR = 0.015  # of the picture's side: closer to a line nobody is on a side of it
COUNTS = 5  # looks that the headcount is the median of
HIDDEN_S = 0.7  # somebody not seen for so long still counts: the network misses one picture in five


class Person(msgspec.Struct, frozen=True):
    """Somebody in one picture; shares of the picture's width and height."""

    box: Box
    score: float
    flat: bool  # the trunk lies rather than stands


class Look(msgspec.Struct, frozen=True):
    """Who is in a picture, and when; aspect is width over height."""

    people: tuple[Person, ...]
    at_s: float
    aspect: float


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody followed."""

    number: int
    middle: Point
    speed: Point  # shares of the picture a second
    size: float  # of the body, in picture heights
    at_s: float
    box: Box
    looks: int = 1
    sides: tuple[int, ...] = ()  # of each line: -1, 0 not clear yet, 1
    flat_since_s: float | None = None


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Who is followed and what was counted."""

    tracks: tuple[Track, ...] = ()
    next_number: int = 1
    crossed: tuple[tuple[int, int], ...] = ()  # of each line: to its left side, to its right side
    counts: tuple[int, ...] = ()
    crowd_since_s: float | None = None
    told: frozenset[Kind] = frozenset()

    @property
    def headcount(self) -> tuple[int, int]:
        """People in view: median of the last seconds, and by how much the looks differed from it."""
        if not self.counts:
            return 0, 0
        middle = sorted(self.counts)[len(self.counts) // 2]
        return middle, max(abs(count - middle) for count in self.counts)


def people(poses: Poses, least: float, aspect: float) -> tuple[Person, ...]:
    """Who is in the network's answer, float32, (people, 56). The same person found twice is one."""
    found: list[Person] = []
    for row in sorted(poses, key=lambda row: -float(row[ROW - 1])):
        score = float(row[ROW - 1])
        top, left, bottom, right = (float(side) for side in row[51:55])
        if score < least or not 0 < right - left < 1.5 or not 0 < bottom - top < 1.5:
            continue
        box = (left, top, right, bottom)
        if all(_overlap(box, other.box) < SAME_PERSON for other in found):
            found.append(Person(box, score, _flat(row.reshape(-1)[:51].reshape(17, 3), aspect)))
    return tuple(found)


def observe(look: Look, memory: Memory | None, settings: PeopleSettings) -> tuple[Sighting | None, Memory]:
    """Follow everybody one picture further."""
    memory = Memory(crossed=((0, 0),) * len(settings.lines)) if memory is None else memory
    memory = follow(look, memory)
    memory = _cross(memory, settings.lines, look.at_s)
    here = [track for track in memory.tracks if look.at_s - track.at_s <= HIDDEN_S and track.looks >= SURE]
    count = sum(within(settings.zones, track.middle) for track in here)
    memory = msgspec.structs.replace(memory, counts=(*memory.counts, count)[-COUNTS:])
    return _judge(look, memory, settings)


def follow(look: Look, memory: Memory) -> Memory:
    """Match the people of a picture with those who are followed, nearest pairs first."""
    tracks = [track for track in memory.tracks if look.at_s - track.at_s <= KEPT_S]
    pairs = sorted(
        (_far(track, person, look), index, number)
        for index, track in enumerate(tracks)
        for number, person in enumerate(look.people)
    )
    left, free, followed = set(range(len(tracks))), set(range(len(look.people))), []
    for far, index, number in pairs:
        if far <= REACH and index in left and number in free:
            left.discard(index)
            free.discard(number)
            followed.append(_moved(tracks[index], look.people[number], look))
    new = [_born(memory.next_number + place, look.people[number], look) for place, number in enumerate(sorted(free))]
    kept = tuple(followed + [tracks[index] for index in sorted(left)] + new)
    return msgspec.structs.replace(memory, tracks=kept, next_number=memory.next_number + len(new))


def _far(track: Track, person: Person, look: Look) -> float:
    """Distance between a person and where a track is expected, in body sizes; the size must fit too."""
    past_s = min(look.at_s - track.at_s, 0.6)
    x, y = middle_of(person.box)
    across = (x - track.middle[0] - track.speed[0] * past_s) * look.aspect
    down = y - track.middle[1] - track.speed[1] * past_s
    size = max(track.size, _size(person.box, look.aspect), 0.05)
    return math.hypot(across, down) / size + 0.3 * abs(math.log(_size(person.box, look.aspect) / track.size))


def _moved(track: Track, person: Person, look: Look) -> Track:
    past_s = max(1e-3, look.at_s - track.at_s)
    middle = middle_of(person.box)
    speed = (
        0.5 * ((middle[0] - track.middle[0]) / past_s + track.speed[0]),
        0.5 * ((middle[1] - track.middle[1]) / past_s + track.speed[1]),
    )
    since_s = track.flat_since_s if track.flat_since_s is not None else look.at_s
    return msgspec.structs.replace(
        track,
        middle=middle,
        speed=speed,
        size=_size(person.box, look.aspect),
        at_s=look.at_s,
        box=person.box,
        looks=track.looks + 1,
        flat_since_s=since_s if person.flat else None,
    )


def _born(number: int, person: Person, look: Look) -> Track:
    return Track(
        number=number,
        middle=middle_of(person.box),
        speed=(0.0, 0.0),
        size=_size(person.box, look.aspect),
        at_s=look.at_s,
        box=person.box,
        flat_since_s=look.at_s if person.flat else None,
    )


def _cross(memory: Memory, lines: tuple[Line, ...], at_s: float) -> Memory:
    """Count who was clearly on one side of a line and now is clearly on the other, within its ends."""
    crossed, tracks = [list(pair) for pair in memory.crossed], []
    for track in memory.tracks:
        sides = list(track.sides or (0,) * len(lines))
        for index, line in enumerate(lines if track.at_s == at_s else ()):
            side, within = side_of(line, track.middle)
            if side and within and sides[index] == -side and track.looks >= SURE:
                crossed[index][side > 0] += 1
            sides[index] = side or sides[index]
        tracks.append(msgspec.structs.replace(track, sides=tuple(sides)))
    pairs = tuple((left, right) for left, right in crossed)
    return msgspec.structs.replace(memory, tracks=tuple(tracks), crossed=pairs)


def side_of(line: Line, point: Point) -> tuple[int, bool]:
    """-1 on the left of a line as seen along it, 1 on the right, 0 too close to say; whether it is between the ends."""
    (x0, y0), (x1, y1) = line.begin, line.end
    along_x, along_y = x1 - x0, y1 - y0
    length = math.hypot(along_x, along_y)
    off = (along_x * (point[1] - y0) - along_y * (point[0] - x0)) / length
    share = ((point[0] - x0) * along_x + (point[1] - y0) * along_y) / length**2
    return (0 if abs(off) < CLEAR else 1 if off > 0 else -1), -0.1 <= share <= 1.1


def _judge(look: Look, memory: Memory, settings: PeopleSettings) -> tuple[Sighting | None, Memory]:
    """A crowd or somebody on the floor, told once while it lasts."""
    many = memory.headcount[0] >= settings.crowd
    since_s = (memory.crowd_since_s if memory.crowd_since_s is not None else look.at_s) if many else None
    memory = msgspec.structs.replace(memory, crowd_since_s=since_s)
    lying_s, where = _lies_longest(look, memory, settings)
    holds = {Kind.CROWD: (since_s, settings.crowd_s, None), Kind.LYING: (lying_s, settings.lying_s, where)}
    for kind, (began_s, wait_s, box) in holds.items():
        if began_s is None:
            memory = msgspec.structs.replace(memory, told=memory.told - {kind})
        elif kind not in memory.told and look.at_s - began_s >= wait_s:
            said = Sighting(kind=kind, score=1.0, at_s=look.at_s, since_s=began_s, box=box)
            return said, msgspec.structs.replace(memory, told=memory.told | {kind})
    return None, memory


def _lies_longest(look: Look, memory: Memory, settings: PeopleSettings) -> tuple[float | None, Box | None]:
    """Since when somebody lies, and where; None: nobody does."""
    found = [
        (track.flat_since_s, track.box)
        for track in memory.tracks
        if track.flat_since_s is not None
        and track.looks >= SURE
        and look.at_s - track.at_s <= KEPT_S
        and within(settings.zones, track.middle)
    ]
    return min(found, default=(None, None))


def within(outlines: Sequence[Sequence[Point]], point: Point) -> bool:
    """Whether a point lies in one of the polygons; where there are none, everywhere counts. Even-odd."""
    return not outlines or any(_inside(outline, point) for outline in outlines)


def _inside(outline: Sequence[Point], point: Point) -> bool:
    x, y = point
    found = False
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (y1 <= y) != (y2 <= y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            found = not found
    return found


def _flat(points: Poses, aspect: float) -> bool:
    """Whether shoulders and hips are side by side rather than one above the other."""
    trunk = points[[*SHOULDERS, *HIPS]]
    if (trunk[:, 2] < SEEN).any():
        return False
    high, low = trunk[:2, :2].mean(axis=0), trunk[2:, :2].mean(axis=0)
    return bool(abs(high[1] - low[1]) * aspect > 1.5 * abs(high[0] - low[0]))


def middle_of(box: Box) -> Point:
    """Of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _size(box: Box, aspect: float) -> float:
    return max(0.02, math.hypot((box[2] - box[0]) * aspect, box[3] - box[1]))


def _overlap(one: Box, other: Box) -> float:
    """Shared area over the smaller one's."""
    across = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    down = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return across * down / max(smaller, 1e-9)
