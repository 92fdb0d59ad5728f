"""Logging in and out at the desk, and its language.

Five wrong passwords for a name from one address, thirty from an address, a hundred for a name, in five minutes: then it
has to wait. Who stands elsewhere may still log in: nobody locks the police out.
"""

from __future__ import annotations

import logging
import math

from starlette.responses import RedirectResponse, Response

from centre.accounts import PASSWORD_MAX, Accounts
from centre.texts import LANGUAGES
from centre.web.answers import to, whole
from centre.web.sessions import SHIFT_NS, Sessions
from centre.web.visit import LANGUAGE, SESSION, Visit

log = logging.getLogger("centre")

YEAR_S = 365 * 86_400
BAD, LATER = 403, 429


def form(visit: Visit) -> Response:
    return to("/") if visit.account else whole(visit, "login.html", wrong="", wait_s=0)


def log_in(visit: Visit) -> Response:
    desk, name = visit.desk, visit.form.get("name", "").strip().lower()[:64]
    tries = ((desk.logins, f"{name} {visit.address}"), (desk.login_names, name), (desk.login_addresses, visit.address))
    wait_s = max(throttle.wait_s(key) for throttle, key in tries)
    if wait_s > 0:
        log.warning("K-173 too many wrong passwords: %s from %s", ascii(name), visit.address)
        return whole(visit, "login.html", status=LATER, wrong="wait", wait_s=math.ceil(wait_s))
    for throttle, key in tries:
        throttle.note(key)
    with desk.passwords:
        account = Accounts(visit.database).check(name, visit.form.get("password", "")[: PASSWORD_MAX + 1])
    if account is None:
        return whole(visit, "login.html", status=BAD, wrong="password", wait_s=0)
    for throttle, key in tries:
        throttle.forget(key)
    log.info("%s logs in from %s", account.name, visit.address)
    answer = to("/")
    set_cookie(visit, answer, SESSION, Sessions(visit.database).begin(account.name), SHIFT_NS // 1_000_000_000)
    return answer


def log_out(visit: Visit) -> Response:
    Sessions(visit.database).end(visit.token)
    answer = to("/login")
    answer.delete_cookie(
        visit.desk.cookie(SESSION), path="/", secure=visit.desk.secure, httponly=True, samesite="strict"
    )
    return answer


def language(visit: Visit) -> Response:
    """For this browser, and for the account."""
    wanted = visit.form.get("language", "")
    back = visit.form.get("back", "/")
    answer = RedirectResponse(back if _is_ours(back) else "/", status_code=303)
    if wanted in LANGUAGES:
        if visit.account:
            Accounts(visit.database).set_language(visit.account.name, wanted)
        set_cookie(visit, answer, LANGUAGE, wanted, YEAR_S)
    return answer


def _is_ours(path: str) -> bool:
    """A path of this desk, not of another host."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()


def set_cookie(visit: Visit, answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        visit.desk.cookie(name),
        value,
        max_age=seconds,
        path="/",
        secure=visit.desk.secure,
        httponly=True,
        samesite="strict",
    )
