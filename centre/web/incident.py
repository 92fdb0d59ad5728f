"""The board, one incident's story, the list of what was, and a person's answer to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from centre.accounts import Account
from centre.answers import ANSWERS, REASONS, answer
from centre.camera_list import cameras
from centre.custody import Custody, Entry
from centre.database import Database
from centre.incidents import Details, Incidents
from centre.notify import time_of_day
from centre.order_queue import OrderQueue, Queued
from centre.reports import Report, Reports
from centre.school_time import S_NS, local, offset_min
from centre.web.answers import missing, render, to, whole
from centre.web.board import as_time, board
from centre.web.rights import OPERATOR, downloads, opens, role_of, sees, sees_contact, views_live
from centre.web.visit import Visit
from centre.wire import now_text

DAY_NS = 86_400 * S_NS
DAYS, LISTED_MAX = 30, 300
ROLE_AS = {"operator": "city", "police": "police"}  # as whom the box hears an answer
MOVES = {  # what may be said in a state
    "opened": (),  # the box tells somebody first
    "told": ("acknowledged", "confirmed", "dismissed"),
    "acknowledged": ("confirmed", "dismissed"),
    "confirmed": ("closed",),
    "dismissed": ("closed",),
    "closed": (),
}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of a box; or a report that no box has taken yet."""

    school: str
    id: str
    kind: str
    certainty: str
    state: str
    details: Details | None
    reports: list[Report]


# --- pages --------------------------------------------------------------------------------------------------------


def show_board(visit: Visit) -> Response:
    found = board(visit.database, visit.who, time.time_ns(), visit.query.get("school", ""))
    return whole(visit, "board.html", board=found, school=visit.query.get("school", ""), now=now_text(time.time_ns()))


def show(visit: Visit) -> Response:
    found = subject(visit)
    return missing(visit) if found is None else whole(visit, "incident.html", **_shown(visit, found))


def story(visit: Visit) -> Response:
    """A part of the page that changes by itself."""
    return _part(visit, "story.html")


def files(visit: Visit) -> Response:
    """The other one."""
    return _part(visit, "files.html")


def _part(visit: Visit, name: str) -> Response:
    found = subject(visit)
    if found is None:
        return missing(visit)
    return Response(render(visit, name, **_shown(visit, found)), media_type="text/html; charset=utf-8")


def history(visit: Visit) -> Response:
    since_ns = time.time_ns() - DAYS * DAY_NS
    only = visit.who.school or visit.query.get("school", "")
    found = Incidents(visit.database).listed(only, "", since_ns, LISTED_MAX)
    seen = [one for one in found if sees(visit.who, one.school, one.kind, one.certainty)]
    offsets = {name: offset_min(visit.database, name) for name in {one.school for one in seen}}
    rows = [(one, one.opened[:10], time_of_day(one.opened, offsets[one.school])) for one in seen]
    return whole(visit, "history.html", rows=rows, days=DAYS)


# --- one ----------------------------------------------------------------------------------------------------------


def subject(visit: Visit) -> Subject | None:
    """What the path names, if it is there and they may know of it."""
    found = _found(visit.database, visit.path["school"], visit.path["id"])
    if found is None or not sees(visit.who, found.school, found.kind, found.certainty):
        return None
    return found


def _found(database: Database, school: str, name: str) -> Subject | None:
    details = Incidents(database).one(name, school)
    if details is not None:
        one = details.incident
        return Subject(
            school=one.school,
            id=one.id,
            kind=one.kind,
            certainty=one.certainty,
            state=one.state,
            details=details,
            reports=Reports(database).of_incident(one.school, one.id),
        )
    report = Reports(database).find(name)
    if report is None or report.school != school:
        return None
    return Subject(
        school=report.school,
        id=report.id,
        kind=report.kind,
        certainty="certain" if report.certain else "suspected",
        state=report.answer or "told",
        details=None,
        reports=[report],
    )


def _shown(visit: Visit, found: Subject) -> dict[str, Any]:
    offset = offset_min(visit.database, found.school)
    orders = [one for one in OrderQueue(visit.database).of(found.school, found.id) if one.name == "incident.answer"]
    desk, who = visit.desk.settings.desk, visit.who
    evidence = found.details.evidence if found.details else []
    answer_by = found.details.incident.answer_by if found.details else ""
    return {
        "one": found,
        "incident": found.details.incident if found.details else None,
        "answer_by": as_time(answer_by),
        "now": now_text(time.time_ns()),
        "moves": MOVES.get(found.state, ()),
        "reasons": REASONS,
        "on_its_way": _words(orders, lambda one: one.open),
        "refused": _words(orders, lambda one: one.state in ("failed", "refused", "expired")),
        "files": sorted([(one, opens(who, one.kind, desk)) for one in evidence], key=lambda pair: not pair[1]),
        "may_download": downloads(who),
        "may_contact": sees_contact(who),
        "may_live": views_live(who, desk) and visit.desk.settings.live is not None and found.state != "closed",
        "cameras": [one for one in cameras(visit.database, found.school, time.time_ns()) if one.live],
        "notifications": found.details.notifications if found.details else [],
        "custody": _custody(visit, [one.id for one in evidence]),
        "clock": lambda text: second_of_day(text, offset),
        "clock_ns": lambda at_ns: second_of_day(now_text(at_ns), offset),
    }


def second_of_day(text: str, offset: int) -> str:
    """Of an RFC 3339 time, where the school is; as it stands if it is none."""
    try:
        return f"{local(int(datetime.fromisoformat(text).timestamp()) * S_NS, offset):%H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return text


def _words(orders: list[Queued], wanted: Callable[[Queued], bool]) -> list[tuple[str, str, str]]:
    """Answer, account and what the box said; of the last ones."""
    return [(str(one.args.get("answer", "")), one.account, one.error) for one in orders if wanted(one)][-3:]


def _custody(visit: Visit, evidence: list[str]) -> list[Entry]:
    """Who has looked, for whoever answers for the whole city."""
    if role_of(visit.who) != OPERATOR:
        return []
    log = Custody(visit.database)
    found = [entry for name in evidence for entry in log.entries(visit.path["school"], name)]
    return sorted(found, key=lambda entry: entry.number)[-50:]


# --- answers ------------------------------------------------------------------------------------------------------


def give_answer(visit: Visit) -> Response:
    """An order to the box, which decides; the page shows what it says. Raises CentreError K-164."""
    found = subject(visit)
    word = visit.form.get("answer", "")
    if found is None:
        return missing(visit)
    if word in ANSWERS and word not in MOVES.get(found.state, ()):
        return to(_page(found))  # somebody was first: the page says who
    answer(
        visit.database,
        found.school,
        found.id,
        word,
        role=ROLE_AS.get(visit.role) or _told_as(found, visit.who),
        account=visit.who.name,
        by=visit.who.person,
        reason=visit.form.get("reason", "") if word == "dismissed" else "",
    )
    return to("/" if visit.form.get("from") == "board" else _page(found))


def _page(found: Subject) -> str:
    return f"/incident/{found.school}/{found.id}"


def _told_as(found: Subject, account: Account) -> str:
    """The role in which this person was told; else on duty."""
    told = found.details.notifications if found.details else []
    return next((one.person.role for one in told[::-1] if account.person and one.person.key == account.person), "duty")
