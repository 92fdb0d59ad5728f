"""What the desk answers with: a whole page, a part of one, another place to go to.

Everything that a page shows of a person is for now: no browser and no proxy keeps it.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, RedirectResponse, Response

from centre.web.pages import page
from centre.web.sessions import form_token
from centre.web.visit import Visit

SEE_OTHER, NOT_FOUND = 303, 404


def whole(visit: Visit, name: str, *, status: int = 200, **values: Any) -> Response:
    return HTMLResponse(render(visit, name, **values), status_code=status)


def render(visit: Visit, name: str, **values: Any) -> str:
    return page(
        name,
        visit.language,
        account=visit.account,
        role=visit.role,
        csrf=form_token(visit.token),
        here=visit.here,
        **values,
    )


def to(path: str) -> Response:
    return RedirectResponse(path, status_code=SEE_OTHER)


def missing(visit: Visit) -> Response:
    """Also for what is there and not for them to know of."""
    return trouble(visit, "missing", NOT_FOUND)


def trouble(visit: Visit, what: str, status: int, code: str = "", said: str = "") -> Response:
    return whole(visit, "trouble.html", status=status, what=what, code=code, said=said)
