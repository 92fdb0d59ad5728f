"""The cameras of all schools as their boxes told last, for the police: place, state, how old the picture is by now.

An age counts on from when the box told it: a box that is silent makes every picture older, not younger.
Raises  StoreDown
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from centre.database import Database
from centre.incident_words import CameraState, cameras_of
from centre.plain import plain
from centre.school_time import S_NS

ROWS = "select school, received_ns, body from camera_list where ? in ('', school) order by school"
OLD_S = 15 * 60  # boxes tell every few minutes: then the whole list is old
CLOCK_OFF_S = 10.0
TAMPERED = frozenset({"covered", "frozen", "turned", "defocused"})


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """One camera, now."""

    school: str
    camera: str
    place: str
    state: str  # clear, covered, frozen, dark, turned, defocused, lost, unknown
    age_s: int | None  # of the last picture; None: there never was one
    told_s: int  # how long ago the box told this
    clock_off_s: float | None
    live: bool  # whether a live view may be ordered
    trouble: str  # lost, tampered, silent, clock; empty: none


def cameras(database: Database, school: str, now_ns: int) -> list[Camera]:
    return [
        one for of, received_ns, body in database.execute(ROWS, (school,)) for one in _of(of, received_ns, body, now_ns)
    ]


def _of(school: str, received_ns: int, body: str, now_ns: int) -> Iterator[Camera]:
    found = cameras_of(body)
    if found is None:
        return
    at, clock, listed = found
    told_s = max(now_ns - received_ns, now_ns - (_ns(at) if clock == "synced" else received_ns), 0) // S_NS
    for one in listed.cameras:
        age_s = None if one.picture_age_s is None else one.picture_age_s + told_s
        yield Camera(
            school=school,
            camera=plain(one.camera),
            place=plain(one.place),
            state=plain(one.state),
            age_s=age_s,
            told_s=told_s,
            clock_off_s=one.clock_off_s,
            live=one.live,
            trouble=_trouble(one, told_s),
        )


def _trouble(one: CameraState, told_s: int) -> str:
    return (
        "lost" if one.state == "lost" or one.picture_age_s is None
        else "silent" if told_s > OLD_S
        else "tampered" if one.state in TAMPERED
        else "clock" if one.clock_off_s is not None and abs(one.clock_off_s) > CLOCK_OFF_S
        else ""
    )  # fmt: skip


def _ns(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp()) * S_NS
    except (ValueError, OverflowError, OSError):
        return 2**62  # no time at all: then when it came counts
