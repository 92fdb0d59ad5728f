"""Each way in which the EST server cannot be had: its code, and whether trying again helps."""

from __future__ import annotations

import socket
import ssl

import pytest

from agent.enrolment.errors import no_way

PLACE = "centre.example:8445"


def verification(words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, words)
    error.verify_message = words
    return error


CASES: list[tuple[Exception, str, bool, str]] = [
    (socket.gaierror(-2, "no name"), "N-102", True, "DNS"),
    (ConnectionRefusedError(111, "refused"), "N-102", True, "EST server"),
    (TimeoutError("slow"), "N-102", True, "firewall"),
    (OSError(101, "no network"), "N-102", True, "cable"),
    (ssl.SSLError(1, "alert"), "N-102", True, "centre"),
    (verification("self-signed certificate"), "N-103", False, "ca_sha256"),
    (verification("certificate has expired"), "N-109", False, "date"),
    (verification("certificate is not yet valid"), "N-109", False, "date"),
]


@pytest.mark.parametrize(("error", "code", "again", "word"), CASES)
def test_a_failure_is_told_in_words_that_help(error: Exception, code: str, again: bool, word: str) -> None:
    found = no_way(error, PLACE)
    assert (found.code, found.again) == (code, again)
    assert word in found.do
    assert PLACE in found.what
