"""Who may become a school's box: invitations, certificates given, what is revoked. One transaction each.

Token   32 random bytes in base64url, kept as a hash. It serves one key: the box that was cut off sends the same request
        again and is given the same certificate; with another key it is refused.
New     a box that enrols takes the place of the one before it: whose certificates are revoked, whose signing key
        makes room.
Renewal by the certificate itself, also an expired one; never with another signing key. The same key again is given the
        same certificate: a box that lost the answer asks again.
Over    when a box has shown a newer certificate for the first time, or GRACE_DAYS after that was given, the older ones
        are revoked as `renewed`. Such a one is good for one thing still: to ask again for what it was answered, by the
        same key. Any other that is revoked is good for nothing.
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
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from centre import pki
from centre.database import Database, Row
from centre.signing_request import Request, identity_uri
from centre.store import note_school

DAY_NS = 86_400_000_000_000
TOKEN_BYTES = 32
GRACE_DAYS = 30  # for a box that does not show its certificate here: an agent of before, a way that is shut
SOON_NS = 30 * DAY_NS  # a certificate that ends so soon is no answer any more
ISSUED_A_DAY = 10  # to one school by renewal: who holds its certificate fills no disk
EVER_NS = 2**63 - 1
RENEWED = "renewed"
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
    TOO_OFTEN = "too_often"


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
    ended: bool = False  # others of the box were revoked by this: the broker must hear of that, too


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
        now_ns = time.time_ns()
        with self._database.transaction():
            old = self._shown(shown)
            if request.school != old.school:
                raise Denied(Why.OTHER_SCHOOL)
            if request.identity != old.identity:
                raise Denied(Why.OTHER_IDENTITY)
            sql = "select key from school where name = ?"
            rows = self._database.execute(sql + self._database.lock, (old.school,))  # of two at once one waits
            if not rows or bytes(rows[0][0]) != old.identity:
                raise Denied(Why.NOT_REGISTERED)
            again = self._given_before(old, request)
            if again is not None and again.expires_ns > now_ns + SOON_NS:
                return Given(certificate=again, first=False)
            if old.revoked_ns and again is None:
                raise Denied(Why.REVOKED)
            ended = not old.revoked_ns and self._first_shown(old, now_ns)
            sql = "select count(*) from box_certificate where school = ? and issued_ns > ?"
            if self._database.execute(sql, (old.school, now_ns - DAY_NS))[0][0] >= ISSUED_A_DAY:
                raise Denied(Why.TOO_OFTEN)
            return Given(certificate=self._issue(request, old.identity), first=False, ended=ended)

    def show(self, shown: bytes) -> str:
        """A box shows what it was given. Returns its school if others of it were revoked by that, else nothing."""
        with self._database.transaction():
            sql = CERTIFICATE + "where sha256 = ? and revoked_ns = 0" + self._database.lock
            rows = self._database.execute(sql, (hashlib.sha256(shown).hexdigest(),))
            found = _certificate(rows[0]) if rows else None
            return found.school if found is not None and self._first_shown(found, time.time_ns()) else ""

    def retire(self) -> list[str]:
        """What a newer one has followed GRACE_DAYS ago is over, shown or not. Returns the schools of which any was."""
        now_ns = time.time_ns()
        with self._database.transaction():
            sql = (
                "select school, max(issued_ns) from box_certificate where revoked_ns = 0 and issued_ns <= ? "
                "group by school"
            )
            newest = self._database.execute(sql, (now_ns - GRACE_DAYS * DAY_NS,))
            return [one for one, before_ns in newest if self._revoke(one, RENEWED, now_ns, before_ns=before_ns)]

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
        """Also one that is over, because another follows it."""
        sql = CERTIFICATE + "where sha256 = ?"
        rows = self._database.execute(sql, (hashlib.sha256(shown).hexdigest(),))
        if not rows:
            raise Denied(Why.UNKNOWN_CERTIFICATE)
        if rows[0][7] and rows[0][8] != RENEWED:
            raise Denied(Why.REVOKED)
        return _certificate(rows[0])

    def _given_before(self, old: Certificate, request: Request) -> Certificate | None:
        """What this key was given since: its box did not get the answer."""
        sql = CERTIFICATE + "where school = ? and revoked_ns = 0 and issued_ns > ? order by issued_ns desc"
        known = (_certificate(row) for row in self._database.execute(sql, (old.school, old.issued_ns)))
        return next((one for one in known if one.identity == old.identity and _key(one) == request.public), None)

    def _first_shown(self, one: Certificate, now_ns: int) -> bool:
        """Its box has it in use. Returns whether others were revoked by that.

        Nothing was given by it before: so what is good besides was given by the ones before it. Of a school none of
        whose certificates was ever shown, a newer one may be what its box asks for again: only older ones are over.
        """
        if self._database.execute("select 1 from box_certificate_shown where serial = ?", (one.serial,)):
            return False
        sql = (
            "select 1 from box_certificate_shown s join box_certificate c on c.serial = s.serial "
            "where c.school = ? and c.identity = ?"
        )
        known = bool(self._database.execute(sql, (one.school, one.identity)))
        self._database.execute("insert into box_certificate_shown values (?, ?)", (one.serial, now_ns))
        before_ns = EVER_NS if known else one.issued_ns
        return bool(self._revoke(one.school, RENEWED, now_ns, but=one.serial, before_ns=before_ns))

    def _issue(self, request: Request, identity: bytes) -> Certificate:
        made = pki.issue_to_box(self._pki, request.school, request.public, identity_uri(identity))
        return self.note(request.school, identity, made)

    def _revoke(self, school: str, reason: str, now_ns: int, *, but: str = "", before_ns: int = EVER_NS) -> list[str]:
        """Of a school all that are good, or all that were given before then. Returns their serials."""
        sql = "select serial from box_certificate where school = ? and revoked_ns = 0 and serial <> ? and issued_ns < ?"
        rows = self._database.execute(sql + self._database.lock, (school, but, before_ns))
        serials = [serial for (serial,) in rows]
        sql = "update box_certificate set revoked_ns = ?, reason = ? where serial = ?"
        for serial in serials:
            self._database.execute(sql, (now_ns, reason, serial))
        return serials


def _key(one: Certificate) -> CertificatePublicKeyTypes:
    """What it was given for."""
    return x509.load_der_x509_certificate(one.body).public_key()


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
