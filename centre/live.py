"""Live views: ordered from a box, kept alive as long as somebody looks, ended. docs/live.md says what the box does.

The path at the media server opens the door for whoever knows it: it is new for each view, and stands in no log.
Raises  CentreError K-171 for a view that cannot be ordered; StoreDown
"""

from __future__ import annotations

import secrets
import uuid

import msgspec

from centre.database import Database
from centre.errors import CentreError
from centre.order_queue import OrderQueue, Queued
from centre.settings import LiveSettings

START, KEEP, STOP = "live.start", "live.keep", "live.stop"
START_FOR_S, KEEP_FOR_S, STOP_FOR_S = 30, 30, 300
FIND = "select state, reason, seconds from live_session where school = ? and session = ?"


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One view, as far as it is."""

    school: str
    session: str
    camera: str
    account: str
    url: str  # what a player opens; empty once it is over
    state: str  # ordered, started, ended, failed
    reason: str  # of its end; the box's word, or ours
    seconds: int

    @property
    def over(self) -> bool:
        return self.state in ("ended", "failed")


class LiveViews:
    """On a connection of the caller's; centre/deliver.py sends the orders."""

    def __init__(self, database: Database, settings: LiveSettings | None) -> None:
        self._database = database
        self._queue = OrderQueue(database)
        self._settings = settings

    def start(self, school: str, camera: str, account: str, session: str) -> None:
        """`session`: of new_session(); the custody log has it already."""
        if self._settings is None or not self._settings.servers:
            raise CentreError(
                "K-171", "no media server is named", do="Name one: [live] in centre.toml, docs/centre.md."
            )
        server = self._settings.servers[0]
        args: dict[str, object] = {
            "session": session,
            "camera": camera,
            "host": server.host,
            "port": server.port,
            "path": f"live/{secrets.token_urlsafe(18)}",
            "seconds": self._settings.seconds,
            "by": account[:64],
            "main": False,
        }
        with self._database.transaction():
            self._queue.add(school, START, args, subject=session, account=account, for_s=START_FOR_S)

    def view(self, school: str, session: str) -> View | None:
        orders = self._queue.of(school, session)
        begun = next((one for one in orders if one.name == START), None)
        if begun is None:
            return None
        state, reason, seconds = self._told(school, session, orders, begun)
        over = state in ("ended", "failed")
        return View(
            school=school,
            session=session,
            camera=str(begun.args.get("camera", "")),
            account=begun.account,
            url="" if over else f"rtsps://{begun.args['host']}:{begun.args['port']}/{begun.args['path']}",
            state=state,
            reason=reason,
            seconds=seconds,
        )

    def _told(self, school: str, session: str, orders: list[Queued], begun: Queued) -> tuple[str, str, int]:
        """What the box has recorded; before that what it answered."""
        rows = self._database.execute(FIND, (school, session))
        if rows and rows[0][0] == "ended":
            return "ended", str(rows[0][1]), int(rows[0][2])
        if not begun.open and begun.state != "done":
            return "failed", begun.error or begun.state, 0
        if any(one.name == STOP for one in orders):
            return "ended", "stopped", 0
        if any(one.name == KEEP and one.state in ("failed", "refused") for one in orders):
            return "ended", "lapsed", 0
        return ("started" if rows or begun.state == "done" else "ordered"), "", 0

    def keep(self, school: str, session: str, account: str) -> None:
        """Somebody still looks. One order at a time: a silent box is not owed a hundred."""
        orders = self._queue.of(school, session)
        if not any(one.name == START and one.state == "done" for one in orders) or any(one.open for one in orders):
            return
        self._add(school, KEEP, session, account, KEEP_FOR_S)

    def stop(self, school: str, session: str, account: str) -> None:
        if not any(one.name == STOP for one in self._queue.of(school, session)):
            self._add(school, STOP, session, account, STOP_FOR_S)

    def _add(self, school: str, name: str, session: str, account: str, for_s: int) -> None:
        with self._database.transaction():
            args: dict[str, object] = {"session": session}
            self._queue.add(school, name, args, subject=session, account=account, for_s=for_s)


def new_session() -> str:
    return str(uuid.uuid4())
