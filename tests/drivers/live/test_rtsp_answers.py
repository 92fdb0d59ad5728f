"""Answers out of a stream of bytes, whole or in bits, with reports between them; what is none is an error."""

from __future__ import annotations

import pytest

from drivers.live.rtsp_answers import BODY_BYTES, HEAD_BYTES, Answer, AnswerError, Asked, read

OK = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 12ab;timeout=60\r\n\r\n"
LOST = b"RTSP/1.0 404 Not Found\r\nCSeq: 9\r\nContent-Length: 4\r\n\r\nbody"
BLOCK = b"$\x01\x00\x08report!!"

GOOD = [
    ("an answer", OK, [(200, 3)]),
    ("two at once", OK + OK, [(200, 3), (200, 3)]),
    ("reports before and after", BLOCK + OK + BLOCK + BLOCK, [(200, 3)]),
    ("an empty report", b"$\x01\x00\x00" + OK, [(200, 3)]),
    ("a body is passed over", LOST + OK, [(404, 9), (200, 3)]),
    ("no number", b"RTSP/1.0 454 Session Not Found\r\n\r\n", [(454, -1)]),
    ("a number that is none", b"RTSP/1.0 200 OK\r\nCSeq: x\r\n\r\n", [(200, -1)]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "found"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_answers_whole_and_byte_by_byte(data: bytes, found: list[tuple[int, int]]) -> None:
    buffer = bytearray(data)
    assert [(one.status, one.number) for one in read(buffer) if isinstance(one, Answer)] == found
    assert not buffer
    again = []
    for byte in data:
        buffer.append(byte)
        again += list(read(buffer))
    assert len(again) == len(found)
    assert not buffer


def test_what_is_not_whole_stays() -> None:
    for cut in range(1, len(OK)):
        buffer = bytearray(OK[:cut])
        assert list(read(buffer)) == []
        assert buffer == OK[:cut]


def test_the_session_and_how_long_it_lives() -> None:
    (answer,) = read(bytearray(OK))
    assert isinstance(answer, Answer)
    assert (answer.session, answer.timeout_s, answer.words) == ("12ab", 60, "OK")
    (other,) = read(bytearray(OK.replace(b";timeout=60", b"")))
    assert isinstance(other, Answer)
    assert (other.session, other.timeout_s) == ("12ab", 60)


def test_a_server_that_asks_is_heard() -> None:
    asked = b"TEARDOWN rtsps://x/live/1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    assert list(read(bytearray(asked))) == [Asked("TEARDOWN")]


BAD = [
    ("another protocol", b"HTTP/1.1 200 OK\r\n\r\n"),
    ("noise", b"\x16\x03\x01\x02\x00\r\n\r\n"),
    ("a header that is none", b"RTSP/1.0 200 OK\r\nno colon\r\n\r\n"),
    ("letters that no header has", "RTSP/1.0 200 OK\r\nServer: Cam\u202e\r\n\r\n".encode()),
    ("a length that is none", b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n"),
    ("a length in other digits", "RTSP/1.0 200 OK\r\nContent-Length: ٣\r\n\r\n".encode()),
    ("a body too long", f"RTSP/1.0 200 OK\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n".encode()),
    ("a head without end", b"RTSP/1.0 200 OK\r\n" + b"a" * HEAD_BYTES),
]


@pytest.mark.parametrize("data", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_no_answer_is_an_error(data: bytes) -> None:
    with pytest.raises(AnswerError):
        list(read(bytearray(data)))
