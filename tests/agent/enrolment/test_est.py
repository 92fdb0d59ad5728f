"""The box's side of EST before servers that lie, stall, or are somebody else: real TLS, an error of ours each time."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from agent.enrolment import est
from agent.enrolment.errors import EnrolmentError
from centre import pki

PKCS7 = "application/pkcs7-mime"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    pki.make_authority(folder)
    pki.issue(folder, "est", folder, "est", hosts=("127.0.0.1",))
    pki.issue(folder, "elsewhere", folder, "elsewhere", hosts=("elsewhere.example",))
    return folder


@contextlib.contextmanager
def serving(city: Path, said: bytes, name: str = "est", *, then_wait: bool = False) -> Iterator[str]:
    """A server that says this to whoever asks. Its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(city / f"{name}.crt", city / f"{name}.key")
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    plain, _ = server.accept()
                    with context.wrap_socket(plain, server_side=True) as line:
                        asked = line.recv(65_536)
                        while asked.startswith(b"POST") and not asked.endswith(b"MA==\n"):
                            asked += line.recv(65_536)  # who hangs up on what is not read yet resets the line
                        line.sendall(said)
                        if then_wait:
                            over.wait(30)

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        over.set()


def http(status: int, body: bytes = b"", type_: str = PKCS7, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} x", f"Content-Type: {type_}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(url: str, city: Path) -> list[x509.Certificate]:
    authority = (city / "ca.crt").read_bytes()
    return est.enrol(url, authority, b"MA==\n", "school-07", "token", check_dates=True)


def certificates(city: Path) -> bytes:
    one = x509.load_pem_x509_certificate((city / "ca.crt").read_bytes())
    return base64.encodebytes(pkcs7.serialize_certificates([one], serialization.Encoding.DER))


ANSWERS: list[tuple[str, bytes, str]] = [
    ("not HTTP", b"\x16\x03\x01 hello\r\n\r\n", "N-102"),
    ("nothing", b"", "N-102"),
    ("cut in the head", b"HTTP/1.1 200 OK\r\nContent-", "N-102"),
    ("cut in the body", http(200, b"MIIB").replace(b": 4", b": 99"), "N-102"),
    ("a line without end", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "N-102"),
    ("too many headers", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "N-102"),
    ("bad chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "N-102"),
    ("a page", http(200, b"<html>", "text/html"), "N-106"),
    ("no type", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nMIIB", "N-106"),
    ("no base64", http(200, b"\xff\xfe"), "N-106"),
    ("no PKCS#7", http(200, b"MIIB"), "N-106"),
    ("without end", http(200, b"A" * 70_000), "N-106"),
    ("a redirect", http(302, b"", PKCS7, "Location: https://evil.example/"), "N-106"),
    ("wrong token", http(401, b"wrong_token: no\n", "text/plain"), "N-104"),
    ("used token", http(403, b"token_used: by another\n", "text/plain"), "N-104"),
    ("expired token", http(403, b"token_expired: long ago\n", "text/plain"), "N-104"),
    ("revoked", http(403, b"revoked: it is\n", "text/plain"), "N-111"),
    ("lost", http(403, b"lost_key: it is\n", "text/plain"), "N-112"),
    ("forbidden", http(403, b"other_school: no\n", "text/plain"), "N-106"),
    ("unfit", http(400, b"unfit: no\n", "text/plain"), "N-106"),
    ("too often", http(429, b"", "text/plain"), "N-105"),
    ("broken", http(500, b"", "text/plain"), "N-105"),
    ("away", http(503, b"", "text/plain"), "N-105"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "code"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
def test_each_answer_that_brings_nothing_is_told(city: Path, said: bytes, code: str) -> None:
    with serving(city, said) as url, pytest.raises(EnrolmentError) as told:
        ask(url, city)
    assert told.value.code == code
    assert told.value.again == (code in ("N-102", "N-105"))
    assert told.value.what.isprintable()


def test_what_moves_a_cursor_is_not_repeated(city: Path) -> None:
    said = http(400, b"unfit: \x1b[2J\xe2\x80\xae" + b"x" * 500, "text/plain")
    with serving(city, said) as url, pytest.raises(EnrolmentError) as told:
        ask(url, city)
    assert told.value.what.isprintable()
    assert len(told.value.what) < 250


def test_accepted_and_not_ready_says_when_to_ask_again(city: Path) -> None:
    with serving(city, http(202, b"", "text/plain", "Retry-After: 7")) as url, pytest.raises(est.Later) as later:
        ask(url, city)
    assert later.value.seconds == 7


SECONDS = [("7", 7), ("0", 1), ("99999", 120), ("9" * 400, 120), ("", 5), ("soon", 5), ("-3", 5)]


@pytest.mark.parametrize(("text", "seconds"), SECONDS)
def test_how_long_is_within_reason(text: str, seconds: float) -> None:
    assert est._seconds(text) == seconds


def test_a_good_answer_is_read_with_whatever_parameters(city: Path) -> None:
    with serving(city, http(200, certificates(city), f"{PKCS7}; smime-type=certs-only")) as url:
        assert len(ask(url, city)) == 1


def test_another_host_is_not_the_centre(city: Path) -> None:
    with serving(city, http(200, certificates(city)), "elsewhere") as url, pytest.raises(EnrolmentError, match="N-103"):
        ask(url, city)


def test_another_authority_is_not_the_citys(city: Path, tmp_path: Path) -> None:
    pki.make_authority(tmp_path)
    with serving(city, http(200, certificates(city))) as url:
        with pytest.raises(EnrolmentError, match="N-103"):
            ask(url, tmp_path)
        pin = hashlib.sha256(x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes()).public_bytes(
            serialization.Encoding.DER)).hexdigest()  # fmt: skip
        with pytest.raises(EnrolmentError, match=r"N-103.*another authority"):
            est.fetch_authority(url, pin)


def test_who_answers_a_byte_now_and_then_does_not_hold_us(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(est, "WHOLE_S", 0.3)
    with serving(city, b"HTTP/1.1 200 OK\r\n", then_wait=True) as url, pytest.raises(EnrolmentError, match="N-102"):
        ask(url, city)
