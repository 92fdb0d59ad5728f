"""Who is logged in: a random token in a cookie, its hash in the database; and the token that every form carries.

A session ends after a shift, with its account, and with a new password. It lives through restarts of the desk.
Raises  StoreDown
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from centre.accounts import Account, Accounts
from centre.database import Database
from centre.school_time import S_NS

SHIFT_NS = 12 * 3_600 * S_NS
TOKEN_BYTES = 32
FIND = "select account, made_ns, password from desk_session where token = ?"
PASSWORD = "select password from account where name = ? and ended_ns = 0"  # noqa: S105 - a statement, no secret


class Sessions:
    """The table, on a connection of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, name: str, now_ns: int | None = None) -> str:
        """A new one; those that are over go."""
        now_ns = time.time_ns() if now_ns is None else now_ns
        token = new_token()
        with self._database.transaction():
            self._database.execute("delete from desk_session where made_ns < ?", (now_ns - SHIFT_NS,))
            sql = "insert into desk_session (token, account, password, made_ns) values (?, ?, ?, ?)"
            self._database.execute(sql, (_hash(token), name, self._password(name), now_ns))
        return token

    def account_of(self, token: str, now_ns: int | None = None) -> Account | None:
        """None for a token that is nobody's, or of a session that is over."""
        now_ns = time.time_ns() if now_ns is None else now_ns
        rows = self._database.execute(FIND, (_hash(token),)) if token else []
        if not rows or now_ns - rows[0][1] >= SHIFT_NS or rows[0][2] != self._password(rows[0][0]):
            return None
        return Accounts(self._database).named(rows[0][0])

    def end(self, token: str) -> None:
        with self._database.transaction():
            self._database.execute("delete from desk_session where token = ?", (_hash(token),))

    def _password(self, name: str) -> str:
        """What changes with the password, and does not tell it."""
        rows = self._database.execute(PASSWORD, (name,))
        return _hash(rows[0][0]) if rows else ""


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def form_token(token: str) -> str:
    """What a form of this visitor carries: another page cannot know it."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest() if token else ""


def is_form_of(token: str, given: str) -> bool:
    return bool(token) and hmac.compare_digest(form_token(token).encode(), given.encode())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
