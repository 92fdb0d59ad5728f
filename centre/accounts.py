"""Who may log in: at the desk, and for whom an answer is given by name.

Role        operator (the city), police, responsible (of one school)
Password    scrypt, n = 2**15, r = 8, p = 1, its own salt; as `scrypt$15$8$1$SALT$HASH`, base64
Raises      CentreError K-161 for an account that cannot be, K-162 for one that is not there; StoreDown
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time

import msgspec

from centre.database import Database, Row
from centre.errors import CentreError

ROLES = ("operator", "police", "responsible")
LANGUAGES = ("kk", "ru", "en")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
PASSWORD_MIN = 10
PASSWORD_MAX = 200
COST, BLOCK, LANES = 15, 8, 1
FIND = """
select name, role, school, person, language, password, made_ns, ended_ns from account where name = ? and ended_ns = 0
"""
ALL = "select name, role, school, person, language, password, made_ns, ended_ns from account order by name"
STRANGER = "scrypt$15$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAA"  # as slow for a name that is nobody's


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One who may log in."""

    name: str
    role: str
    school: str = ""  # of a responsible person
    person: str = ""  # their key in the table person; empty: not one of a school's staff
    language: str = "ru"
    ended: bool = False


class Accounts:
    """The table, on a connection of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, one: Account, password: str) -> None:
        """A new one; one that had ended begins anew."""
        _must_be_sound(one)
        row = (one.name, one.role, one.school, one.person, one.language, _hashed(_must_be_long(password)))
        with self._database.transaction():
            kept = self._database.execute("select ended_ns from account where name = ?", (one.name,))
            if kept and not kept[0][0]:
                do = "Take another name; or `mektep-centre account password` for a new password."
                raise CentreError("K-161", f"there is an account {one.name}", do=do)
            self._database.execute(
                "insert into account (name, role, school, person, language, password, made_ns) "
                "values (?, ?, ?, ?, ?, ?, ?) on conflict (name) do update set role = excluded.role, "
                "school = excluded.school, person = excluded.person, language = excluded.language, "
                "password = excluded.password, made_ns = excluded.made_ns, ended_ns = 0",
                (*row, time.time_ns()),
            )

    def new_password(self, name: str, password: str) -> None:
        _must_be_there(self.named(name), name)
        sql = "update account set password = ? where name = ?"
        with self._database.transaction():
            self._database.execute(sql, (_hashed(_must_be_long(password)), name))

    def end(self, name: str) -> None:
        """It cannot log in any more; what it did keeps its name."""
        _must_be_there(self.named(name), name)
        with self._database.transaction():
            self._database.execute("update account set ended_ns = ? where name = ?", (time.time_ns(), name))

    def set_language(self, name: str, language: str) -> None:
        _must_be_sound(msgspec.structs.replace(_must_be_there(self.named(name), name), language=language))
        with self._database.transaction():
            self._database.execute("update account set language = ? where name = ?", (language, name))

    def named(self, name: str) -> Account | None:
        """None for nobody, and for one that has ended."""
        rows = self._database.execute(FIND, (name,))
        return _account(rows[0]) if rows else None

    def all(self) -> list[Account]:
        return [_account(row) for row in self._database.execute(ALL)]

    def check(self, name: str, password: str) -> Account | None:
        """Who logs in; None if name or password are wrong, after the same time."""
        rows = self._database.execute(FIND, (name,)) if NAME.fullmatch(name) else []
        right = _fits(password[:PASSWORD_MAX], rows[0][5] if rows else STRANGER)
        return _account(rows[0]) if rows and right else None

    def language_of(self, school: str, person: str) -> str:
        """Of a person of a school who has an account; empty for others."""
        sql = "select language from account where school = ? and person = ? and ended_ns = 0 order by name"
        rows = self._database.execute(sql, (school, person)) if person else []
        return str(rows[0][0]) if rows else ""


def _account(row: Row) -> Account:
    return Account(name=row[0], role=row[1], school=row[2], person=row[3], language=row[4], ended=row[7] > 0)


def _must_be_sound(one: Account) -> None:
    wrong = (
        f"{one.name!a} is no name: small Latin letters, digits, . _ -" if not NAME.fullmatch(one.name)
        else f"{one.role} is no role: {', '.join(ROLES)}" if one.role not in ROLES
        else f"{one.language} is no language: {', '.join(LANGUAGES)}" if one.language not in LANGUAGES
        else "a responsible person is of one school" if one.role == "responsible" and not one.school
        else "only a responsible person is of one school" if one.role != "responsible" and one.school
        else ""
    )  # fmt: skip
    if wrong:
        raise CentreError("K-161", wrong, do="See `mektep-centre account add --help`.")


def _must_be_there(one: Account | None, name: str) -> Account:
    if one is None:
        raise CentreError("K-162", f"there is no account {name!a}", do="See `mektep-centre account list`.")
    return one


def _must_be_long(password: str) -> str:
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        do = f"Take {PASSWORD_MIN} to {PASSWORD_MAX} characters: a few words are easy to remember."
        raise CentreError("K-161", f"the password has {len(password)} characters", do=do)
    return password


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    found = _scrypt(password, salt, COST, BLOCK, LANES)
    parts = (salt, found)
    return "$".join(["scrypt", str(COST), str(BLOCK), str(LANES), *(base64.b64encode(one).decode() for one in parts)])


def _fits(password: str, kept: str) -> bool:
    _, cost, block, lanes, salt, wanted = kept.split("$")
    found = _scrypt(password, base64.b64decode(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(found, base64.b64decode(wanted))


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    memory = 256 * block * 2**cost  # twice what it needs
    return hashlib.scrypt(
        password.encode(errors="surrogatepass"), salt=salt, n=2**cost, r=block, p=lanes, maxmem=memory, dklen=32
    )
