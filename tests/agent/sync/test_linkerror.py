"""Each way to fail has its code, names the place, and says what to do; the first cause decides."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from agent.sync.linkerror import LinkError, from_connack, from_exception, from_loss
from agent.sync.settings import LinkSettings

SETTINGS = LinkSettings(
    broker="mqtts://broker.example:8884",
    orders_key="O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
    ca="/etc/mektep/ca.crt",
    certificate="/etc/mektep/box.crt",
    key="/etc/mektep/box.key",
)


def verification(words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, f"certificate verify failed: {words}")
    error.verify_message = words
    return error


EXCEPTIONS: list[tuple[Exception, str, str, str]] = [
    (socket.gaierror(socket.EAI_NONAME, "unknown"), "L-102", "broker.example cannot be resolved", "DNS"),
    (socket.gaierror(socket.EAI_AGAIN, "try again"), "L-102", "broker.example", "cable"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "L-103", "broker.example:8884 refuses", "tell the centre"),
    (TimeoutError(errno.ETIMEDOUT, "timed out"), "L-104", "broker.example:8884 does not answer", "firewall"),
    (TimeoutError("_ssl.c: The handshake operation timed out"), "L-104", "does not answer", "router"),
    (TimeoutError(), "L-104", "does not answer", "router"),
    (FileNotFoundError(errno.ENOENT, "no", "/etc/mektep/box.key"), "L-105", "/etc/mektep/box.key", "Enrol"),
    (PermissionError(errno.EACCES, "denied", "/etc/mektep/box.key"), "L-105", "/etc/mektep/box.key", "agent's user"),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version"), "L-106", "TLS with broker.example:8884", "ca"),
    (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "L-106", "EOF", "ca"),
    (verification("Hostname mismatch"), "L-107", "broker.example:8884 is not the centre: Hostname", "broker and ca"),
    (verification("self-signed certificate"), "L-107", "self-signed", "[centre]"),
    (verification("unable to get local issuer certificate"), "L-107", "issuer", "[centre]"),
    (verification("certificate has expired"), "L-108", "out of date", "date"),
    (verification("certificate is not yet valid"), "L-108", "out of date", "date"),
    (OSError(errno.ENETUNREACH, "Network is unreachable"), "L-101", "Network is unreachable", "cable"),
    (OSError(errno.EHOSTUNREACH, "No route to host"), "L-101", "No route to host", "cable"),
    (OSError(errno.ENETDOWN, "Network is down"), "L-101", "Network is down", "cable"),
    (ConnectionResetError(errno.ECONNRESET, "reset"), "L-101", "reset", "router"),
    (BrokenPipeError(errno.EPIPE, "broken pipe"), "L-101", "broken pipe", "router"),
    (ValueError("anything else"), "L-101", "anything else", "router"),
]


@pytest.mark.parametrize(("error", "code", "what", "do"), EXCEPTIONS)
def test_each_exception_has_its_code_fact_and_instruction(error: Exception, code: str, what: str, do: str) -> None:
    found = from_exception(error, SETTINGS)
    assert isinstance(found, LinkError)
    assert found.code == code
    assert what in found.what
    assert do in found.do
    assert found.do.endswith(".")


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_error_of_the_system_is_without_words(number: int) -> None:
    found = from_exception(OSError(number, "words"), SETTINGS)
    assert found.code.startswith("L-10")
    assert found.what
    assert found.do


CONNACKS = [
    (134, "L-111", "registered"),
    (135, "L-111", "registered"),
    (138, "L-111", "registered"),
    (136, "L-112", "Tell the centre"),  # server unavailable
    (149, "L-112", "Tell the centre"),
    (128, "L-112", "Tell the centre"),
]


@pytest.mark.parametrize(("code", "expected", "do"), CONNACKS)
def test_a_broker_that_refuses(code: int, expected: str, do: str) -> None:
    found = from_connack(code, "the broker's words")
    assert found.code == expected
    assert "the broker's words" in found.what
    assert do in found.do


LOSSES = [
    (142, "Session taken over", True, True, "L-113", "one box"),
    (149, "Packet too large", True, True, "L-116", "Tell the centre"),
    (142, "Session taken over", False, True, "L-110", "reconnects"),
    (128, "Unspecified error", False, False, "L-109", "certificate"),
    (139, "Server shutting down", True, True, "L-110", "reconnects"),
    (141, "Keep alive timeout", False, True, "L-114", "Internet"),
    (7, "The connection was lost", False, True, "L-110", "reconnects"),
]


@pytest.mark.parametrize(("code", "words", "by_server", "greeted", "expected", "do"), LOSSES)
def test_a_connection_that_ended(code: int, words: str, by_server: bool, greeted: bool, expected: str, do: str) -> None:
    found = from_loss(code, words, by_server=by_server, greeted=greeted)
    assert found.code == expected
    assert do in found.do
