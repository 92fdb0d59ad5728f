"""A live view of a camera of a school that has an open incident: ordered with a reason, shown where a player finds it.

The page keeps the view on as long as it is open; closed, the box ends the view within half a minute.
"""

from __future__ import annotations

import time
from typing import Any

from starlette.responses import Response

from centre.camera_list import cameras
from centre.custody import Custody
from centre.live import LiveViews, View, new_session
from centre.web.answers import missing, render, to, whole
from centre.web.incident import subject
from centre.web.rights import views_live
from centre.web.visit import Visit


def start(visit: Visit) -> Response:
    """In the custody log before the box hears of it. Raises CentreError K-160 without a reason, K-171."""
    found, camera = subject(visit), visit.form.get("camera", "")
    if found is None or found.state == "closed" or not views_live(visit.who, visit.desk.settings.desk):
        return missing(visit)
    listed = cameras(visit.database, found.school, time.time_ns())
    if not any(one.camera == camera and one.live for one in listed):
        return missing(visit)
    session = new_session()
    Custody(visit.database).note(visit.who.name, found.school, session, "live", visit.form.get("reason", ""))
    _views(visit).start(found.school, camera, visit.who.name, session)
    return to(f"/live/{found.school}/{session}?incident={found.id}")


def show(visit: Visit) -> Response:
    view = _mine(visit)
    if view is None:
        return missing(visit)
    return whole(visit, "live.html", **_shown(visit, view), incident=visit.query.get("incident", ""))


def keep(visit: Visit) -> Response:
    """The page asks each few seconds; the answer is its part that changes."""
    view = _mine(visit)
    if view is None:
        return missing(visit)
    if not view.over:
        _views(visit).keep(view.school, view.session, visit.who.name)
    return Response(render(visit, "live_state.html", **_shown(visit, view)), media_type="text/html; charset=utf-8")


def stop(visit: Visit) -> Response:
    view = _mine(visit)
    if view is None:
        return missing(visit)
    _views(visit).stop(view.school, view.session, visit.who.name)
    return to(visit.form.get("here", "") if visit.form.get("here", "").startswith("/live/") else "/")


def _views(visit: Visit) -> LiveViews:
    return LiveViews(visit.database, visit.desk.settings.live)


def _mine(visit: Visit) -> View | None:
    """Only who ordered a view gets to its address."""
    view = _views(visit).view(visit.path["school"], visit.path["session"])
    return view if view and view.account == visit.who.name and views_live(visit.who, visit.desk.settings.desk) else None


def _shown(visit: Visit, view: View) -> dict[str, Any]:
    player = visit.desk.settings.desk.player
    path = view.url.split("/", 3)[3] if view.url else ""
    return {"view": view, "player": player.replace("{path}", path) if player and path else ""}
