"""Every address of the desk, who may ask for it, and what answers; the checks that come before all of them.

Checks    a session that lasts; the role, by ROUTES; of each POST the form's token and where it came from
Headers   no script and no style but our own, no frame, nothing kept by a browser or a proxy
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as Address

from centre.errors import CentreError, StoreDown
from centre.web import city, evidence, incident, live, login, report
from centre.web.answers import to, trouble
from centre.web.pages import STATIC, static
from centre.web.rights import NOBODY, OPERATOR, POLICE, RESPONSIBLE, role_of
from centre.web.sessions import Sessions, is_form_of, new_token
from centre.web.stream import Streams
from centre.web.visit import LANGUAGE, SESSION, VISITOR, Desk, Visit, form_of, language_of

log = logging.getLogger("centre")

Roles = tuple[str, ...]
STAFF: Roles = (OPERATOR, POLICE, RESPONSIBLE)
ALL: Roles = (NOBODY, *STAFF)
CITY: Roles = (OPERATOR, POLICE)
SHIFT_S = 12 * 3_600
BAD_FORM, NOT_ALLOWED, DOWN, WRONG = 400, 403, 503, 422
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Route(msgspec.Struct, frozen=True):
    """One address."""

    method: str
    path: str
    roles: Roles
    run: Callable[[Visit], Response]


ONE = "/incident/{school}/{id}"
ROUTES = (
    Route("GET", "/login", ALL, login.form),
    Route("POST", "/login", ALL, login.log_in),
    Route("POST", "/logout", STAFF, login.log_out),
    Route("POST", "/language", ALL, login.language),
    Route("GET", "/report", ALL, report.form),
    Route("POST", "/report", ALL, report.send),
    Route("GET", "/", STAFF, incident.show_board),
    Route("GET", "/history", STAFF, incident.history),
    Route("GET", ONE, STAFF, incident.show),
    Route("GET", f"{ONE}/story", STAFF, incident.story),
    Route("GET", f"{ONE}/files", STAFF, incident.files),
    Route("POST", f"{ONE}/answer", STAFF, incident.give_answer),
    Route("POST", f"{ONE}/look/{{evidence}}", STAFF, evidence.look),
    Route("GET", f"{ONE}/look/{{evidence}}", STAFF, evidence.back),
    Route("POST", f"{ONE}/download/{{evidence}}", CITY, evidence.download),
    Route("GET", "/evidence/{ticket}", STAFF, evidence.shown),
    Route("POST", f"{ONE}/live", CITY, live.start),
    Route("GET", "/live/{school}/{session}", CITY, live.show),
    Route("POST", "/live/{school}/{session}/keep", CITY, live.keep),
    Route("POST", "/live/{school}/{session}/stop", CITY, live.stop),
    Route("GET", "/schools", STAFF, city.show_schools),
    Route("GET", "/cameras", STAFF, city.show_cameras),
    Route("GET", "/drills", STAFF, city.show_drills),
    Route("POST", "/drills", (OPERATOR,), city.start_drill),
    Route("GET", "/custody", (OPERATOR,), city.show_custody),
)
STREAM = "/stream"


def application(desk: Desk) -> Starlette:
    """The whole desk, as an ASGI application."""
    streams = Streams(desk)
    routes: list[BaseRoute] = [Address(one.path, _endpoint(desk, one), methods=[one.method]) for one in ROUTES]
    routes += [Address(STREAM, streams.answer, methods=["GET"])]
    routes += [Address(f"/static/{name}", _static(name), methods=["GET"]) for name in STATIC]
    found = Starlette(routes=routes, lifespan=streams.life)
    found.add_middleware(_WithHeaders)
    return found


# --- one request --------------------------------------------------------------------------------------------------


def _endpoint(desk: Desk, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = await form_of(request)
        if form is None:
            return Response("400\n", status_code=BAD_FORM, media_type="text/plain")
        return await run_in_threadpool(_answered, desk, route, request, dict(form))

    return answer


def _answered(desk: Desk, route: Route, request: Request, form: dict[str, str]) -> Response:
    try:
        with desk.databases.borrow() as database:
            token = request.cookies.get(desk.cookie(SESSION), "")
            account = Sessions(database).account_of(token)
            visitor = request.cookies.get(desk.cookie(VISITOR), "")
            fresh = "" if account or visitor else new_token()
            visit = Visit(
                desk=desk,
                database=database,
                here=request.url.path if request.method == "GET" else form.get("here", "/"),
                path=request.path_params,
                query=dict(request.query_params),
                form=form,
                address=request.client.host if request.client else "",
                token=token if account else visitor or fresh,
                language=language_of(request, account, request.cookies.get(desk.cookie(LANGUAGE), "")),
                account=account,
                range=request.headers.get("range", ""),
            )
            found = _checked(visit, route, request)
            if fresh:
                login.set_cookie(visit, found, VISITOR, fresh, SHIFT_S)
            return found
    except StoreDown as error:
        log.warning("K-110 the database does not answer: %s", error)
        return Response("503: K-110\n", status_code=DOWN, media_type="text/plain", headers={"retry-after": "2"})


def _checked(visit: Visit, route: Route, request: Request) -> Response:
    if role_of(visit.account) not in route.roles:
        if visit.account is None:
            return to("/login")
        return trouble(visit, "forbidden", NOT_ALLOWED)
    if route.method == "POST" and not (_same_site(request) and is_form_of(visit.token, visit.form.get("csrf", ""))):
        return trouble(visit, "stale", NOT_ALLOWED)
    try:
        return route.run(visit)
    except CentreError as error:
        log.info("%s %s", error.code, error.what)
        return trouble(visit, "refused", WRONG, error.code, f"{error.what}. {error.do}")


def _same_site(request: Request) -> bool:
    """What browsers say of where a form stood; older ones say nothing, and have the token alone."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _static(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return Response(static(name), headers={"content-type": STATIC[name], "cache-control": "no-cache"})

    return answer


class _WithHeaders:
    """Around every answer, also those of errors."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, object], receive: object, send: Callable[..., Awaitable[None]]) -> None:
        async def with_headers(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))  # type: ignore[call-overload]
                names = {name for name, _ in given}
                added = HEADERS if b"cache-control" in names else HEADERS | {"cache-control": "no-store"}
                given += [
                    (name.encode(), value.encode()) for name, value in added.items() if name.encode() not in names
                ]
                message = {**message, "headers": given}
            await send(message)

        await self._app(scope, receive, with_headers)
