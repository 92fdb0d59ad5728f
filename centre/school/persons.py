"""Who a school's people are, by key: the boxes have the keys, the names stay here. And the school's own secrets.

Key       first 8 bytes of HMAC-SHA256, under the school's person key, of `pupil:ID` or `staff:ID`
Card      first 16 bytes of HMAC-SHA256, under its card key, of `form:NUMBER` (docs/decisions/0004-card-hash.md)
Raises    StoreDown
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

import msgspec

from centre.database import Database
from centre.school.numbers import Reported

KEY_BYTES = 32


class Secrets(msgspec.Struct, frozen=True):
    """Made once for each school."""

    card_key: bytes
    person_key: bytes

    def person(self, kind: str, external: str) -> str:
        """kind: pupil or staff."""
        return hmac.digest(self.person_key, f"{kind}:{external}".encode(), hashlib.sha256)[:8].hex()

    def card(self, number: Reported) -> str:
        return hmac.digest(self.card_key, f"{number.form}:{number.number}".encode(), hashlib.sha256)[:16].hex()


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table person."""

    key: str
    kind: str
    external: str
    class_: str = ""
    name: str = ""


def secrets_of(database: Database, school: str) -> Secrets:
    """The school's secrets; made, and committed, if it has none yet. Two at once get the same."""
    find = "select card_key, person_key from school_secret where school = ?"
    rows = database.execute(find, (school,))
    if not rows:
        fresh = (school, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
        with database.transaction():
            sql = "insert into school_secret (school, card_key, person_key) values (?, ?, ?) on conflict do nothing"
            database.execute(sql, fresh)
        rows = database.execute(find, (school,))
    return Secrets(bytes(rows[0][0]), bytes(rows[0][1]))


def note_persons(database: Database, school: str, persons: Iterable[Person]) -> None:
    """Within a transaction. Who has left is kept: records name the key for years."""
    rows = database.execute("select key, kind, external, class, name from person where school = ?", (school,))
    known = {row[0]: row[1:] for row in rows}
    sql = (
        "insert into person (school, key, kind, external, class, name) values (?, ?, ?, ?, ?, ?) "
        "on conflict (school, key) do update set class = excluded.class, name = excluded.name"
    )
    for one in persons:
        row = (one.kind, one.external, one.class_, one.name)
        if known.get(one.key) != row:
            database.execute(sql, (school, one.key, *row))
