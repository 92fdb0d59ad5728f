"""Who may become a school's box: invitations, certificates given, what is revoked. One transaction each.

Token   32 random bytes in base64url, kept as a hash. It serves one key: the box that was cut off sends the same request
        again and is given the same certificate; with another key it is refused.
New     a box that enrols takes the place of the one before it: whose certificates are revoked, whose signing key
        makes room.
Renewal by the certificate itself, also an expired one; never a revoked one, never with another signing key.
Raises  Denied, with a reason of a fixed set; StoreDown; CentreError K-101.
Not     what the broker must be told afterwards: centre/revocation.py.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from enum import StrEnum
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from centre import pki
from centre.database import Database, Row
from centre.signing_request import Request, identity_uri
from centre.store import note_school

DAY_NS = 86_400_000_000_000
TOKEN_BYTES = 32
CERTIFICATE = (
    "select serial, school, sha256, identity, body, issued_ns, expires_ns, revoked_ns, reason from box_certificate "
)


class Why(StrEnum):
    """Why a request is denied; the first word of the answer."""

    WRONG_TOKEN = "wrong_token"  # noqa: S105 - no password
    TOKEN_USED = "token_used"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    OTHER_SCHOOL = "other_school"
    NO_IDENTITY = "no_identity"
    OTHER_IDENTITY = "other_identity"
    LOST_KEY = "lost_key"
    UNKNOWN_CERTIFICATE = "unknown_certificate"
    REVOKED = "revoked"
    NOT_REGISTERED = "not_registered"


class Denied(Exception):
    """No certificate is given."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One that a box was given."""

    serial: str
    school: str
    sha256: str
    identity: bytes
    body: bytes  # DER
    issued_ns: int
    expires_ns: int
    revoked_ns: int
    reason: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a request has brought."""

    certificate: Certificate
    first: bool  # the box is a new one: the broker must hear of it


class Enrolments:
    """Uses one database connection; folder: the centre's, with its authority."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._pki = folder / "pki"

    # --- invitations ----------------------------------------------------------------------------------------------

    def invite(self, school: str, days: int) -> str:
        """A new token for a school; one before it is void."""
        token, now_ns = secrets.token_urlsafe(TOKEN_BYTES), time.time_ns()
        sql = (
            "insert into enrolment_token (school, sha256, made_ns, expires_ns) values (?, ?, ?, ?) "
            "on conflict (school) do update set sha256 = excluded.sha256, made_ns = excluded.made_ns, "
            "expires_ns = excluded.expires_ns, spki = '', serial = ''"
        )
        self._database.execute(sql, (school, _hash(token), now_ns, now_ns + days * DAY_NS))
        return token

    def withdraw(self, school: str) -> None:
        """No invitation of this school is good any more."""
        self._database.execute("delete from enrolment_token where school = ?", (school,))

    def is_invited(self, school: str, token: str) -> bool:
        """Whether the token is the one that was given, used or not."""
        rows = self._database.execute("select sha256 from enrolment_token where school = ?", (school,))
        return hmac.compare_digest(rows[0][0] if rows else _hash(""), _hash(token)) and bool(rows)

    # --- certificates ---------------------------------------------------------------------------------------------

    def enrol(self, school: str, token: str, request: Request) -> Given:
        """The first certificate of a box."""
        now_ns = time.time_ns()
        with self._database.transaction():
            used_by, serial = self._token(school, token, now_ns)
            if used_by and used_by != request.spki:
                raise Denied(Why.TOKEN_USED)
            if used_by:
                return Given(certificate=self._good(serial), first=True)
            self._must_be_new(school, request)
            made = self._issue(request, request.identity)
            sql = "update enrolment_token set spki = ?, serial = ? where school = ?"
            self._database.execute(sql, (request.spki, made.serial, school))
            self._revoke(school, "replaced", now_ns, but=made.serial)
            note_school(self._database, school, request.identity)
        return Given(certificate=made, first=True)

    def renew(self, shown: bytes, request: Request) -> Given:
        """shown: the certificate (DER) with which the line was opened; its key was proven there."""
        with self._database.transaction():
            old = self._shown(shown)
            if request.school != old.school:
                raise Denied(Why.OTHER_SCHOOL)
            if request.identity != old.identity:
                raise Denied(Why.OTHER_IDENTITY)
            rows = self._database.execute("select key from school where name = ?", (old.school,))
            if not rows or bytes(rows[0][0]) != old.identity:
                raise Denied(Why.NOT_REGISTERED)
            return Given(certificate=self._issue(request, old.identity), first=False)

    def note(self, school: str, identity: bytes, certificate: x509.Certificate) -> Certificate:
        """A certificate that was given; nothing if it is known."""
        body = certificate.public_bytes(serialization.Encoding.DER)
        made = Certificate(
            serial=f"{certificate.serial_number:x}",
            school=school,
            sha256=hashlib.sha256(body).hexdigest(),
            identity=identity,
            body=body,
            issued_ns=time.time_ns(),
            expires_ns=int(certificate.not_valid_after_utc.timestamp()) * 1_000_000_000,
            revoked_ns=0,
            reason="",
        )
        sql = "insert into box_certificate values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing"
        self._database.execute(sql, msgspec.structs.astuple(made))
        return made

    def certificates(self, school: str = "") -> list[Certificate]:
        """Oldest first; of all schools if none is named."""
        sql = CERTIFICATE + "where ? in ('', school) order by school, issued_ns"
        return [_certificate(row) for row in self._database.execute(sql, (school,))]

    def revoke(self, school: str, reason: str) -> list[str]:
        """All certificates of a school. Returns the serials of those that were good."""
        with self._database.transaction():
            return self._revoke(school, reason, time.time_ns())

    def revoke_one(self, serial: str, reason: str) -> Certificate | None:
        """One certificate; None if it is not known."""
        with self._database.transaction():
            sql = "update box_certificate set revoked_ns = ?, reason = ? where serial = ? and revoked_ns = 0"
            self._database.execute(sql, (time.time_ns(), reason, serial))
            rows = self._database.execute(CERTIFICATE + "where serial = ?", (serial,))
        return _certificate(rows[0]) if rows else None

    def lose_keys(self, school: str) -> int:
        """No box is enrolled again with a signing key that this school's box had. Returns how many there are."""
        with self._database.transaction():
            sql = "select key from school where name = ? union select identity from box_certificate where school = ?"
            keys = self._database.execute(sql, (school, school))
            sql = "insert into lost_key (identity, school, lost_ns) values (?, ?, ?) on conflict do nothing"
            for (key,) in keys:
                self._database.execute(sql, (bytes(key), school, time.time_ns()))
        return len(keys)

    # --- within a transaction -------------------------------------------------------------------------------------

    def _token(self, school: str, token: str, now_ns: int) -> tuple[str, str]:
        """Which key has used it, and for which certificate; locked."""
        sql = "select sha256, expires_ns, spki, serial from enrolment_token where school = ?"
        rows = self._database.execute(sql + self._database.lock, (school,))
        if not rows or not hmac.compare_digest(rows[0][0], _hash(token)):
            raise Denied(Why.WRONG_TOKEN)
        _, expires_ns, spki, serial = rows[0]
        if now_ns >= expires_ns:
            raise Denied(Why.TOKEN_EXPIRED)
        return spki, serial

    def _must_be_new(self, school: str, request: Request) -> None:
        if request.school != school:
            raise Denied(Why.OTHER_SCHOOL)
        if not request.proven:
            raise Denied(Why.NO_IDENTITY)
        if self._database.execute("select 1 from lost_key where identity = ?", (request.identity,)):
            raise Denied(Why.LOST_KEY)
        sql = "select 1 from school where key = ? and name <> ?"
        if self._database.execute(sql, (request.identity, school)):
            raise Denied(Why.OTHER_IDENTITY)  # one box is not two schools'

    def _good(self, serial: str) -> Certificate:
        rows = self._database.execute(CERTIFICATE + "where serial = ?", (serial,))
        if not rows or rows[0][7]:
            raise Denied(Why.REVOKED)
        return _certificate(rows[0])

    def _shown(self, shown: bytes) -> Certificate:
        sql = CERTIFICATE + "where sha256 = ?"
        rows = self._database.execute(sql, (hashlib.sha256(shown).hexdigest(),))
        if not rows:
            raise Denied(Why.UNKNOWN_CERTIFICATE)
        if rows[0][7]:
            raise Denied(Why.REVOKED)
        return _certificate(rows[0])

    def _issue(self, request: Request, identity: bytes) -> Certificate:
        made = pki.issue_to_box(self._pki, request.school, request.public, identity_uri(identity))
        return self.note(request.school, identity, made)

    def _revoke(self, school: str, reason: str, now_ns: int, *, but: str = "") -> list[str]:
        sql = "select serial from box_certificate where school = ? and revoked_ns = 0 and serial <> ?"
        serials = [serial for (serial,) in self._database.execute(sql + self._database.lock, (school, but))]
        sql = "update box_certificate set revoked_ns = ?, reason = ? where serial = ?"
        for serial in serials:
            self._database.execute(sql, (now_ns, reason, serial))
        return serials


def _certificate(row: Row) -> Certificate:
    serial, school, sha256, identity, body, issued_ns, expires_ns, revoked_ns, reason = row
    return Certificate(
        serial=serial,
        school=school,
        sha256=sha256,
        identity=bytes(identity),
        body=bytes(body),
        issued_ns=issued_ns,
        expires_ns=expires_ns,
        revoked_ns=revoked_ns,
        reason=reason,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
