"""The board as it changes: server-sent events, the whole board in each, so that one that was missed costs nothing.

Events    unnamed: the board's HTML, `id` its version; `beat` every BEAT_S, with the server's time: the page knows that
          it is not old; `down`: the database does not answer; `over`: the session has ended, log in again
Comment   every COMMENT_S, against proxies that close silent connections
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from centre.accounts import Account
from centre.database import Database
from centre.errors import StoreDown
from centre.web.board import Board, board
from centre.web.pages import page
from centre.web.sessions import Sessions, form_token
from centre.web.visit import LANGUAGE, SESSION, Desk, language_of
from centre.web.watch import Watch
from centre.wire import now_text

BEAT_S = 5.0
COMMENT_S = 15.0
STREAMS_MAX = 200
BUSY, NO_SESSION = 503, 401
TYPE = "text/event-stream; charset=utf-8"


class _Reader(msgspec.Struct, frozen=True):
    """Who has the board open."""

    token: str
    school: str
    language: str


class Streams:
    """One watch on the database for all of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watch = Watch(desk.databases)
        self._open = 0
        self._boards: dict[tuple[str, str, str, str], Board] = {}
        self._drawing = threading.Lock()

    @asynccontextmanager
    async def life(self, _app: object) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self._desk.databases.close()

    async def answer(self, request: Request) -> Response:
        if self._open >= STREAMS_MAX:
            return Response(status_code=BUSY, headers={"retry-after": "5"})
        token = request.cookies.get(self._desk.cookie(SESSION), "")
        try:
            language = await run_in_threadpool(self._language, token, request)
        except StoreDown:
            return Response(status_code=BUSY, headers={"retry-after": "2"})
        if language is None:
            return Response(status_code=NO_SESSION)
        reader = _Reader(token, request.query_params.get("school", ""), language)
        body = self._events(reader, request.headers.get("last-event-id", ""))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no", "content-type": TYPE}
        return StreamingResponse(body, headers=headers)

    def _language(self, token: str, request: Request) -> str | None:
        """None: nobody is logged in."""
        with self._desk.databases.borrow() as database:
            account = Sessions(database).account_of(token)
            chosen = request.cookies.get(self._desk.cookie(LANGUAGE), "")
            return language_of(request, account, chosen) if account else None

    async def _events(self, reader: _Reader, last: str) -> AsyncIterator[str]:
        shown, told_s = (last, False), time.monotonic()
        self._open += 1
        try:
            while True:
                now = await self._watch.other_than(shown, BEAT_S)
                text = await self._text(reader, now, changed=now[0] != shown[0])
                yield text
                if text.startswith("event: over"):
                    return
                shown = shown if now[1] else now
                shown = (shown[0], now[1])
                if time.monotonic() - told_s >= COMMENT_S:
                    told_s = time.monotonic()
                    yield ": here\n\n"
        finally:
            self._open -= 1

    async def _text(self, reader: _Reader, now: tuple[str, bool], *, changed: bool) -> str:
        version, down = now
        if down or not version:
            return "event: down\ndata: 1\n\n"
        try:
            return await run_in_threadpool(self._drawn, reader, version, changed)
        except StoreDown:
            return "event: down\ndata: 1\n\n"

    def _drawn(self, reader: _Reader, version: str, changed: bool) -> str:
        beat = f"event: beat\ndata: {now_text(time.time_ns())}\n\n"
        with self._desk.databases.borrow() as database:
            account = Sessions(database).account_of(reader.token)
            if account is None:
                return "event: over\ndata: 1\n\n"
            if not changed:
                return beat
            found = self._board(database, account, version, reader.school)
        html = page(
            "cards.html",
            reader.language,
            board=found,
            csrf=form_token(reader.token),
            account=account,
            role=account.role,
            school=reader.school,
            now=now_text(time.time_ns()),
        )
        lines = "".join(f"data: {line}\n" for line in html.splitlines())
        return f"id: {version}\n{lines}\n{beat}"

    def _board(self, database: Database, account: Account, version: str, school: str) -> Board:
        """Read once of each version for all who see the same."""
        key = (version, account.role, account.school, school)
        with self._drawing:
            if key not in self._boards:
                for old in [one for one in self._boards if one[0] != version]:
                    del self._boards[old]
                self._boards[key] = board(database, account, time.time_ns(), school)
            return self._boards[key]
