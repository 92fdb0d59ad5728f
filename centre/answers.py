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
from centre.reports import Reports

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
            reports.answer(incident, word, account or by, reason)
        elif not known:
            raise CentreError(
                "K-165", f"{school} has no incident {incident!a}", do="See `mektep-centre incident list`."
            )
        return OrderQueue(database).add(
            school, "incident.answer", args, subject=incident, account=account, for_s=ORDERED_FOR_S
        )


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
