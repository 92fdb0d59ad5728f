"""The box's side of EST (RFC 7030): cacerts, simpleenroll, simplereenroll. Blocks; one line for each question. cacerts
over a line with our certificate shows the centre that it is in use.

Trust   cacerts is fetched over a line on which nothing is believed; of what comes only the certificate with the pinned
        fingerprint is taken. All else is asked over TLS verified against that certificate alone.
Clock   where it is not trusted, dates of certificates are not looked at; the rest of the verification stands.
Limits  ANSWER_MAX of an answer, WHOLE_S for a question from the name's resolution to the last byte.
Raises  EnrolmentError N-102 … N-109; Later where the centre has accepted and is not ready.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from agent.enrolment.certificate import certificates_of, fingerprint, pem
from agent.enrolment.errors import EnrolmentError, no_way
from agent.plain import plain
from drivers.city_tls import city_context, no_password

ROOT = "/.well-known/est/"
PORT = 443
ANSWER_MAX = 65_536
STEP_S, WHOLE_S = 20.0, 60.0
LATER_LEAST_S, LATER_MOST_S = 1.0, 120.0
NEW_FILE = "Ask the centre for a new file: `mektep-centre enrol SCHOOL`."
SHOWN_CHARS = 120


class Later(Exception):
    """Accepted; the same question is to be asked again after so long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s")
        self.seconds = seconds


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    type: str
    retry_after: str
    body: bytes


def fetch_authority(url: str, sha256: str) -> bytes:
    """The pinned authority, PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # what comes is compared with the pin
    answer = _ask(url, context, "GET", "cacerts")
    if answer.status != 200:
        raise _refused(answer, url)
    found = {fingerprint(one): one for one in _certificates(answer)}
    if sha256.lower() not in found:
        others = ", ".join(f"{one[:16]}…" for one in found) or "none"
        what = f"{_place(url)} is not the centre: it offers another authority ({others})"
        raise EnrolmentError("N-103", what, do="Check est and ca_sha256; if they are right, tell the centre.")
    return pem(found[sha256.lower()])


def enrol(
    url: str, authority: bytes, request: bytes, school: str, token: str, *, check_dates: bool
) -> list[x509.Certificate]:
    """What the centre gives for a token."""
    basic = base64.b64encode(f"{school}:{token}".encode()).decode()
    context = _context(authority, check_dates=check_dates)
    return _given(_ask(url, context, "POST", "simpleenroll", request, {"Authorization": f"Basic {basic}"}), url)


def renew(
    url: str, authority: bytes, request: bytes, certificate: Path, key: Path, *, check_dates: bool
) -> list[x509.Certificate]:
    """What the centre gives for the certificate in use."""
    context = _ours(authority, certificate, key, check_dates=check_dates)
    return _given(_ask(url, context, "POST", "simplereenroll", request), url)


def show(url: str, authority: bytes, certificate: Path, key: Path, *, check_dates: bool) -> None:
    """Let the centre see which certificate is in use: the ones before it are over then."""
    answer = _ask(url, _ours(authority, certificate, key, check_dates=check_dates), "GET", "cacerts")
    if answer.status != 200:
        raise _refused(answer, url)


def _ours(authority: bytes, certificate: Path, key: Path, *, check_dates: bool) -> ssl.SSLContext:
    context = _context(authority, check_dates=check_dates)
    try:
        context.load_cert_chain(certificate, key, password=no_password)
    except OSError as error:  # of which SSLError is one
        do = "Give the files to the agent's user; else enrol anew."
        raise EnrolmentError("N-108", f"{certificate} or its key cannot be used: {error}", do=do) from error
    return context


def _given(answer: Answer, url: str) -> list[x509.Certificate]:
    if answer.status == 202:
        raise Later(_seconds(answer.retry_after))
    if answer.status != 200:
        raise _refused(answer, url)
    return _certificates(answer)


def _certificates(answer: Answer) -> list[x509.Certificate]:
    if answer.type.partition(";")[0].strip().lower() != "application/pkcs7-mime":
        what = f"the centre answers {plain(answer.type, '?')[:SHOWN_CHARS] or 'nothing'} in place of a certificate"
        raise EnrolmentError("N-106", what, do="Is est the centre's EST server? If it is, tell the centre.")
    return certificates_of(answer.body)


def _refused(answer: Answer, url: str) -> EnrolmentError:
    """By the status; the words are the centre's own."""
    words = plain(answer.body.decode(errors="replace").strip().partition("\n")[0], "?")[:SHOWN_CHARS]
    why = f"{answer.status} {words}".strip()
    if answer.status == 401 or words.startswith(("token_used", "token_expired")):
        return EnrolmentError("N-104", f"the centre does not accept who asks: {why}", do=NEW_FILE)
    if words.startswith("revoked"):
        return EnrolmentError("N-111", "the centre has revoked this box's certificate", do=NEW_FILE)
    if words.startswith("lost_key"):
        do = "Tell the centre; if the box was found again, it gets a fresh card and a new file."
        return EnrolmentError("N-112", "the centre has declared this box lost: its key is refused for good", do=do)
    if answer.status in (429, 500, 502, 503, 504):
        what = f"the EST server at {_place(url)} cannot answer now: {why}"
        return EnrolmentError("N-105", what, do="Nothing on site; tell the centre if it lasts.", again=True)
    return EnrolmentError("N-106", f"the centre refuses the request: {why}", do="Tell the centre.")


def _ask(
    url: str,
    context: ssl.SSLContext,
    method: str,
    name: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    parts = urlsplit(url)
    line = http.client.HTTPSConnection(
        parts.hostname or "", parts.port or PORT, context=context, timeout=STEP_S, blocksize=16_384
    )
    sent = {"Accept": "application/pkcs7-mime, text/plain", "Connection": "close"} | dict(headers or {})
    if body is not None:
        sent |= {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
    try:
        with contextlib.closing(line), _bounded(line):
            line.request(method, ROOT + name, body, sent)
            response = line.getresponse()
            said = response.read(ANSWER_MAX + 1)
            _must_be_whole(response, said)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise no_way(error, _place(url)) from error
    if len(said) > ANSWER_MAX:
        raise EnrolmentError("N-106", f"{_place(url)} answers without end", do="Tell the centre.")
    return Answer(
        status=response.status,
        type=response.headers.get("Content-Type", ""),
        retry_after=response.headers.get("Retry-After", ""),
        body=said,
    )


def _must_be_whole(response: http.client.HTTPResponse, said: bytes) -> None:
    """The library takes an end of the line for the end of a head, and of a body. Raises IncompleteRead."""
    without_end = response.length is None and not response.chunked
    if len(said) <= ANSWER_MAX and (response.length or (without_end and not said)):
        raise http.client.IncompleteRead(said)


@contextlib.contextmanager
def _bounded(line: http.client.HTTPSConnection) -> Iterator[None]:
    """Who answers a byte now and then does not hold us for ever. Raises TimeoutError."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        if line.sock is not None:
            with contextlib.suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WHOLE_S, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if over.is_set():
            raise TimeoutError  # whatever the cut line looked like


def _context(authority: bytes, *, check_dates: bool) -> ssl.SSLContext:
    context = city_context(check_dates=check_dates)
    context.load_verify_locations(cadata=authority.decode("ascii"))
    return context


def _seconds(text: str) -> float:
    """Of Retry-After, within reason; a date is not looked at: our clock may be wrong."""
    return min(max(float(text), LATER_LEAST_S), LATER_MOST_S) if text.isdecimal() else LATER_LEAST_S * 5


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or PORT}"
