"""Schools, cameras, drills and who looked at what: the state of the city in tables."""

from __future__ import annotations

import time

import msgspec
from starlette.responses import Response

from centre.camera_list import Camera, cameras
from centre.custody import Custody
from centre.drills import Drill, drills
from centre.errors import CentreError
from centre.incident_words import KINDS
from centre.order_queue import OrderQueue
from centre.school_time import S_NS
from centre.web.answers import missing, to, whole
from centre.web.board import board
from centre.web.rights import sees_school
from centre.web.visit import Visit

DRILL_DAYS = 30
DAY_NS = 86_400 * S_NS
DRILL_FOR_S = 60
TROUBLES = ("lost", "tampered", "silent", "clock", "")  # the worst first
ROWS_MAX = 200
PRESENCE = "select school, state, seen_ns from presence"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """One school, now."""

    school: str
    link: str  # online, offline, never
    seen_s: int | None  # since its box was heard last
    cameras: int
    troubles: int  # cameras that are lost, tampered with, silent, or off the clock
    waiting: int
    open: int
    drill: str  # verdict of the last


def show_schools(visit: Visit) -> Response:
    return whole(visit, "schools.html", rows=_health(visit))


def show_cameras(visit: Visit) -> Response:
    found = _cameras(visit, visit.who.school or visit.query.get("school", ""))
    found.sort(key=lambda one: (TROUBLES.index(one.trouble), one.school, one.camera))
    return whole(visit, "cameras.html", rows=found, troubles=sum(bool(one.trouble) for one in found))


def show_drills(visit: Visit) -> Response:
    names = _schools(visit)
    return whole(visit, "drills.html", rows=_drills(visit, names), schools=names, kinds=KINDS, days=DRILL_DAYS)


def start_drill(visit: Visit) -> Response:
    """An order to the box: from there on a drill goes the way of the real thing."""
    school, kind = visit.form.get("school", ""), visit.form.get("kind", "")
    if school not in _schools(visit):
        return missing(visit)
    if kind not in KINDS:
        raise CentreError("K-175", f"{kind!a} is no kind of incident", do="Choose one of the list.")
    args: dict[str, object] = {"kind": kind, "place": visit.form.get("place", "").strip()[:64]}
    with visit.database.transaction():
        OrderQueue(visit.database).add(school, "drill", args, account=visit.who.name, for_s=DRILL_FOR_S)
    return to("/drills")


def show_custody(visit: Visit) -> Response:
    school = visit.query.get("school", "")
    return whole(visit, "custody.html", rows=Custody(visit.database).latest(ROWS_MAX, school))


def _schools(visit: Visit) -> list[str]:
    names = [row[0] for row in visit.database.execute("select name from school order by name")]
    return [name for name in names if sees_school(visit.who, name)]


def _cameras(visit: Visit, school: str) -> list[Camera]:
    found = cameras(visit.database, school, time.time_ns())
    return [one for one in found if sees_school(visit.who, one.school)]


def _drills(visit: Visit, names: list[str]) -> list[Drill]:
    return drills(visit.database, names, time.time_ns() - DRILL_DAYS * DAY_NS)


def _health(visit: Visit) -> list[Health]:
    now_ns = time.time_ns()
    presence = {school: (state, seen_ns) for school, state, seen_ns in visit.database.execute(PRESENCE)}
    cards = board(visit.database, visit.who, now_ns).cards
    seen = _cameras(visit, visit.who.school)
    names = _schools(visit)
    verdicts = {one.school: one.verdict for one in _drills(visit, names)}
    return [
        Health(
            school=name,
            link=presence[name][0] if name in presence else "never",
            seen_s=int((now_ns - presence[name][1]) // S_NS) if name in presence else None,
            cameras=sum(one.school == name for one in seen),
            troubles=sum(one.school == name and bool(one.trouble) for one in seen),
            waiting=sum(one.school == name and one.group == "waiting" for one in cards),
            open=sum(one.school == name for one in cards),
            drill=verdicts[name],
        )
        for name in names
    ]
