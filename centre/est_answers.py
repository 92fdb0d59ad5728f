"""What the EST server answers: RFC 7030's cacerts, simpleenroll and simplereenroll, nothing else. docs/protocol.md,
section 18.

simpleenroll    HTTP Basic: user = school, password = token
simplereenroll  the client certificate of the line, also an expired one
Shown   whoever opens any of these lines by a certificate says that it is in use: the ones before it are over.
Limits  a token can be guessed, so wrong ones are counted: of an address and a school together. A certificate cannot:
        who shows one is counted by it, and waits for nobody else's mistakes.
Answers 200 a certificate · 202 given, but the broker has not taken it yet: ask the same again · 400 not such a request
        · 401 who are you · 403 you are known, and may not · 404, 405, 413, 415 · 429 too often · 503 not now
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import logging

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from centre import admin, broker, pki, revocation
from centre.database import open_database
from centre.enrolment import Denied, Enrolments, Given, Why
from centre.errors import CentreError, StoreDown
from centre.est_line import Answered, Asked, say
from centre.settings import Settings
from centre.signing_request import Unfit, read_request
from centre.web.throttle import Throttle
from centre.wire import SCHOOL

log = logging.getLogger("centre")

ROOT = "/.well-known/est/"
METHODS = {"cacerts": "GET", "simpleenroll": "POST", "simplereenroll": "POST"}
FAILURES, FAILURES_S = 20, 600.0  # wrong tokens of one address for one school
ASKED, ASKED_S = 300, 60.0  # of one address, behind which a city may sit; of a certificate by itself
DAY_S = 86_400
AGAIN_S = 5  # the broker is being told
LATER_S = 30  # the database is away
REALM = 'Basic realm="mektep enrolment", charset="UTF-8"'
WORDS = {
    Why.WRONG_TOKEN: "the school or its token is wrong",
    Why.TOKEN_USED: "this token was used by another key",
    Why.TOKEN_EXPIRED: "this token has expired",
    Why.OTHER_SCHOOL: "the request is of another school",
    Why.NO_IDENTITY: "the request does not prove the box's signing key",
    Why.OTHER_IDENTITY: "the signing key is another box's",
    Why.LOST_KEY: "the signing key is of a box that is lost",
    Why.UNKNOWN_CERTIFICATE: "the certificate is not one that was given to a box",
    Why.REVOKED: "the certificate is revoked",
    Why.NOT_REGISTERED: "the school is not registered with this box",
    Why.TOO_OFTEN: "this box was given many certificates today",
}


class Est:
    """For one thread; opens its database when it is first needed, and again after it was away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._enrolments: Enrolments | None = None
        self._failed = Throttle(FAILURES, FAILURES_S)
        self._asked = Throttle(ASKED, ASKED_S)

    def answer(self, asked: Asked) -> Answered:
        """Never raises for what was asked."""
        who = _who(asked)
        if wait_s := self._asked.wait_s(who):
            return _too_often(wait_s)
        self._asked.note(who)
        name = asked.path.removeprefix(ROOT)
        if not asked.path.startswith(ROOT) or name not in METHODS:
            return say(404, "there is no such thing here")
        if asked.method != METHODS[name]:
            return say(405, "not this way", Allow=METHODS[name])
        try:
            return {"cacerts": self._cacerts, "simpleenroll": self._enrol, "simplereenroll": self._renew}[name](asked)
        except Denied as denied:
            return self._denied(asked, denied.why)
        except Unfit as unfit:
            return say(400, f"unfit: {unfit}")
        except StoreDown as error:
            self._enrolments = None
            log.warning("K-110 the database does not answer: %s", error)
            return say(503, "the centre's database is away", Retry_After=str(LATER_S))

    def _cacerts(self, asked: Asked) -> Answered:
        if asked.shown and (school := self._open().show(asked.shown)):
            self._put_out(school)
        authority, _ = pki.authority(self._settings.file("pki"))
        return _certificates(authority, "application/pkcs7-mime")

    def _enrol(self, asked: Asked) -> Answered:
        school, token = _basic(asked.headers.get("authorization", ""))
        guesser = f"{place_of(asked.address)} {school if SCHOOL.fullmatch(school) else ''}"
        if wait_s := self._failed.wait_s(guesser):
            return _too_often(wait_s)
        enrolments = self._open()
        if not school or not enrolments.is_invited(school, token):
            self._failed.note(guesser)
            raise Denied(Why.WRONG_TOKEN)
        if wrong := _wrong_type(asked):
            return wrong
        given = enrolments.enrol(school, token, read_request(asked.body))
        log.info("%s is enrolled: certificate %s", school, given.certificate.serial)
        return self._given(given)

    def _renew(self, asked: Asked) -> Answered:
        if not asked.shown:
            raise Denied(Why.UNKNOWN_CERTIFICATE)
        if wrong := _wrong_type(asked):
            return wrong
        given = self._open().renew(asked.shown, read_request(asked.body))
        log.info("%s has renewed: certificate %s", given.certificate.school, given.certificate.serial)
        if given.ended:
            self._put_out(given.certificate.school)
        return self._given(given)

    def _given(self, given: Given) -> Answered:
        """A new box is known to the broker before it has its certificate."""
        if given.first:
            try:
                self._introduce(given.certificate.school)
            except (CentreError, OSError) as error:
                log.warning("%s is not known to the broker yet: %s", given.certificate.school, error)
                return say(202, "the broker is being told", Retry_After=str(AGAIN_S))
        certificate = x509.load_der_x509_certificate(given.certificate.body)
        return _certificates(certificate, "application/pkcs7-mime; smime-type=certs-only")

    def _introduce(self, school: str) -> None:
        """Its rules in, the box before it out."""
        if not admin.add_school(self._settings, school):
            broker.add_school(self._settings.file("broker"), school)
        revocation.put_out(self._settings, self._database, school)

    def _put_out(self, school: str) -> None:
        """What is over is refused from now on. If the broker cannot be told now, it reads the list of tomorrow."""
        log.info("%s: the certificates before the one that it shows are over", school)
        try:
            revocation.put_out(self._settings, self._database, school)
        except (CentreError, OSError) as error:
            log.warning("%s: the broker is not told which certificates are over: %s", school, error)

    def _denied(self, asked: Asked, why: Why) -> Answered:
        log.warning("K-181 no certificate for %s: %s", asked.address, why.value)
        words = f"{why.value}: {WORDS[why]}"
        if why is Why.TOO_OFTEN:
            return say(429, words, Retry_After=str(DAY_S))
        if why is Why.WRONG_TOKEN:
            return say(401, words, WWW_Authenticate=REALM)
        return say(401 if why is Why.UNKNOWN_CERTIFICATE else 403, words)

    def _open(self) -> Enrolments:
        if self._enrolments is None:
            self._database = open_database(self._settings.database)
            self._enrolments = Enrolments(self._database, self._settings.file("."))
        return self._enrolments


def place_of(address: str) -> str:
    """Where somebody asks from: of IPv6 the network, which is one customer's; an IPv4 address is itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _who(asked: Asked) -> str:
    """Who is asked to wait: a certificate is of the city's own authority, TLS has seen to that."""
    return hashlib.sha256(asked.shown).hexdigest() if asked.shown else place_of(asked.address)


def _too_often(wait_s: float) -> Answered:
    return say(429, "too often", Retry_After=str(int(wait_s) + 1))


def _certificates(certificate: x509.Certificate, type_: str) -> Answered:
    """PKCS#7, certificates only, in base64 (RFC 7030, section 4.1.3)."""
    body = pkcs7.serialize_certificates([certificate], serialization.Encoding.DER)
    headers = {"Content-Type": type_, "Content-Transfer-Encoding": "base64"}
    return Answered(status=200, body=base64.encodebytes(body), headers=headers)


def _basic(authorization: str) -> tuple[str, str]:
    """User and password; empty if there are none (RFC 7617)."""
    scheme, _, given = authorization.partition(" ")
    try:
        text = base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    user, colon, password = text.partition(":")
    return (user, password) if scheme.lower() == "basic" and colon else ("", "")


def _wrong_type(asked: Asked) -> Answered | None:
    type_ = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if type_ == "application/pkcs10" else say(415, "a request is application/pkcs10")
