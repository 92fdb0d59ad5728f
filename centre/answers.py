"""What a person at the centre says of an incident: an order to its box, which decides whether it still fits.

Of a report that the box has not taken yet the answer counts here at once, and reaches the box after the report itself.
Raises  CentreError K-164 for an answer that cannot be, K-165 for an incident that nobody knows; StoreDown
"""

from __future__ import annotations

import re

from centre.database import Database
from centre.errors import CentreError
from centre.incidents import Incidents
from centre.order_queue import OrderQueue
from centre.reports import Report, Reports

ANSWERS = ("acknowledged", "confirmed", "dismissed", "closed")
ROLES = ("duty", "deputy", "head", "city", "police")
REASONS = ("false_alarm", "play", "allowed", "duplicate", "other")  # docs/incidents.md
KEY = re.compile(r"([0-9a-f]{16})?")
ORDERED_FOR_S = 86_400


def answer(
    database: Database,
    school: str,
    incident: str,
    word: str,
    *,
    role: str,
    account: str,
    by: str = "",
    reason: str = "",
) -> int:
    """Returns the order's number in the queue: OrderQueue.find tells what the box says of it.

    by      the person's key, if it is one of the school's staff
    """
    _must_be_sound(word, role, by, reason)
    reports = Reports(database)
    args: dict[str, object] = {"incident": incident, "answer": word, "by": by, "role": role, "reason": reason}
    known = any(one.incident.school == school for one in [Incidents(database).one(incident, school)] if one)
    with database.transaction():
        report = reports.find(incident)
        if report is not None and report.school == school and not report.incident:
            _answer_here(reports, report, word, account or by, reason)
        elif not known:
            raise CentreError(
                "K-165", f"{school} has no incident {incident!a}", do="See `mektep-centre incident list`."
            )
        return OrderQueue(database).add(
            school, "incident.answer", args, subject=incident, account=account, for_s=ORDERED_FOR_S
        )


def _answer_here(reports: Reports, report: Report, word: str, who: str, reason: str) -> None:
    """No box has it: then what is said first holds, as it would there."""
    if word == "closed":
        raise CentreError("K-164", "no box has this report yet", do="Confirm or dismiss it; the box closes it.")
    if not reports.answer(report.id, word, who, reason):
        said = reports.find(report.id) or report
        what = f"{said.answered_by} was first: {said.answer}"
        raise CentreError("K-164", what, do="See `mektep-centre incident show`.")


def _must_be_sound(word: str, role: str, by: str, reason: str) -> None:
    wrong = (
        f"{word} is no answer: {', '.join(ANSWERS)}" if word not in ANSWERS
        else f"{role} is no role: {', '.join(ROLES)}" if role not in ROLES
        else "that is no person's key" if not KEY.fullmatch(by)
        else f"a dismissal wants a reason: {', '.join(REASONS)}" if word == "dismissed" and reason not in REASONS
        else "only a dismissal has a reason" if word != "dismissed" and reason
        else ""
    )  # fmt: skip
    if wrong:
        raise CentreError("K-164", wrong, do="See `mektep-centre incident answer --help`.")
