"""The form for whoever has seen something: without a login, in three languages, a few times in ten minutes.

Who is not logged in is never `staff`: a stranger's word is suspected. Words and contact stay at the centre.
"""

from __future__ import annotations

import logging
import math

from starlette.responses import Response

from centre.incident_words import KINDS
from centre.reports import CONTACT_MAX, PLACE_MAX, REPORTERS, WORDS_MAX, Reports, Typed
from centre.web.answers import whole
from centre.web.rights import OPERATOR, RESPONSIBLE
from centre.web.visit import Visit

log = logging.getLogger("centre")

FIRST = ("bullying", "fight", "fire", "medical", "intrusion", "other")  # tampering is for machines to say
STRANGERS = tuple(one for one in REPORTERS if one != "staff")
LATER, WRONG = 429, 422


def form(visit: Visit) -> Response:
    return _page(visit, "", 200)


def send(visit: Visit) -> Response:
    """Raises CentreError K-163 for what a browser's form cannot send."""
    wait_s = _wait_s(visit)
    if wait_s > 0:
        log.warning("K-174 too many reports from %s", visit.address)
        return _page(visit, "later", LATER, wait_s=math.ceil(wait_s / 60))
    words = visit.form.get("words", "").replace("\r\n", "\n").strip()
    if not words or visit.form.get("school", "") not in _schools(visit) or visit.form.get("kind") not in KINDS:
        return _page(visit, "incomplete", WRONG)
    typed = Typed(
        school=visit.form["school"],
        kind=visit.form["kind"],
        words=words[:WORDS_MAX],
        place=visit.form.get("place", "").strip()[:PLACE_MAX],
        language=visit.language,
        contact=visit.form.get("contact", "").strip()[:CONTACT_MAX],
        reporter=_reporter(visit),
        drill=visit.role == OPERATOR and visit.form.get("drill") == "yes",
    )
    made = Reports(visit.database).add(typed, visit.account.name if visit.account else "")
    if visit.account is None:
        visit.desk.reports.note(visit.address)
        visit.desk.all_reports.note("")
    return whole(visit, "reported.html", number=made.id[:8], report=made)


def _wait_s(visit: Visit) -> float:
    if visit.account is not None:
        return 0.0
    return max(visit.desk.reports.wait_s(visit.address), visit.desk.all_reports.wait_s(""))


def _reporters(visit: Visit) -> tuple[str, ...]:
    """Who somebody may say that they are, or of whom they write down a word."""
    return REPORTERS if visit.role in (OPERATOR, RESPONSIBLE) else STRANGERS


def _reporter(visit: Visit) -> str:
    given = visit.form.get("reporter", "")
    return given if given in _reporters(visit) else "anonymous"


def _schools(visit: Visit) -> list[str]:
    if visit.role == RESPONSIBLE:
        return [visit.who.school]
    return [row[0] for row in visit.database.execute("select name from school order by name")]


def _page(visit: Visit, wrong: str, status: int, wait_s: int = 0) -> Response:
    given = visit.form or visit.query  # a poster in a school may name it: /report?school=school-07
    return whole(
        visit,
        "report.html",
        status=status,
        wrong=wrong,
        wait_min=wait_s,
        given=given,
        kinds=FIRST,
        schools=_schools(visit),
        reporters=_reporters(visit),
        may_drill=visit.role == OPERATOR,
        words_max=WORDS_MAX,
        place_max=PLACE_MAX,
        contact_max=CONTACT_MAX,
    )
