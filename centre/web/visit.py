"""One request at the desk, checked and read: who asks, in which language, with which form.

Bounded   a form of at most FORM_MAX bytes; anything longer is refused unread
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request

from centre.accounts import Account
from centre.database import Database
from centre.errors import CentreError
from centre.settings import Settings
from centre.texts import LANGUAGES
from centre.web.databases import Databases
from centre.web.rights import role_of
from centre.web.throttle import Throttle

FORM_MAX = 32_768
FIELDS_MAX = 32
SESSION, VISITOR, LANGUAGE = "desk", "visitor", "language"


class Kept(msgspec.Struct, frozen=True):
    """What a ticket opens, for whom."""

    token: str  # of the session that it is for
    school: str
    evidence: str
    form: str
    until_s: float


@dataclass(frozen=True)
class Desk:
    """What every request shares."""

    settings: Settings
    databases: Databases
    secure: bool  # cookies only over TLS
    logins: Throttle = field(default_factory=lambda: Throttle(5, 300))  # by name and address
    login_names: Throttle = field(default_factory=lambda: Throttle(100, 300))  # so that a stranger locks nobody out
    login_addresses: Throttle = field(default_factory=lambda: Throttle(30, 300))
    reports: Throttle = field(default_factory=lambda: Throttle(5, 600))  # by address, without login
    all_reports: Throttle = field(default_factory=lambda: Throttle(60, 600))
    passwords: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))  # each takes 32 MB
    tickets: dict[str, Kept] = field(default_factory=dict)
    tickets_lock: threading.Lock = field(default_factory=threading.Lock)

    def cookie(self, name: str) -> str:
        """Its name: with TLS no other host of the city's domain can set it."""
        return f"__Host-{name}" if self.secure else name


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    desk: Desk
    database: Database
    here: str  # the page, to come back to
    path: Mapping[str, str]  # what stands in the path
    query: Mapping[str, str]
    form: Mapping[str, str]
    address: str
    token: str  # of the session, or of a visitor without one: what forms are bound to
    language: str
    account: Account | None = None
    range: str = ""  # of a film

    @property
    def who(self) -> Account:
        """Whoever is logged in; the table of routes lets nobody else come here."""
        if self.account is None:
            raise CentreError("K-172", "nobody is logged in", do="Log in.")
        return self.account

    @property
    def role(self) -> str:
        return role_of(self.account)


async def form_of(request: Request) -> Mapping[str, str] | None:
    """None: too long, or not a form."""
    if request.method != "POST":
        return {}
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_MAX:
            return None
    try:
        pairs = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except (UnicodeDecodeError, ValueError):
        return None
    return {name: values[0] for name, values in pairs.items()}


def language_of(request: Request, account: Account | None, cookie: str) -> str:
    """The account's; else what was chosen; else what the browser asks for; else Russian."""
    asked = request.query_params.get("language", "")
    accepted = [
        part.split(";")[0].split("-")[0].strip() for part in request.headers.get("accept-language", "").split(",")
    ]
    wanted = [account.language if account else asked, asked, cookie, *accepted]
    return next((one for one in wanted if one in LANGUAGES), "ru")
