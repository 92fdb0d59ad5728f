"""One line of HTTP: whole, byte by byte, too large, cut; each ends in an answer or in nothing, soon."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from centre import est_line
from centre.est_line import BODY_MAX, HEAD_MAX, REQUESTS_MAX, Answered, Asked, converse, say

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"


@contextlib.asynccontextmanager
async def serving(asked: list[Asked]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A line to a server on loopback that answers with the body it got."""

    async def answer(one: Asked) -> Answered:
        asked.append(one)
        return Answered(status=200, body=one.body or b"empty", headers={"Content-Type": "text/plain"})

    async def on_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await converse(reader, writer, answer)
        writer.close()

    server = await asyncio.start_server(on_line, "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        yield await asyncio.open_connection(*server.sockets[0].getsockname())


async def answers(pieces: Sequence[bytes], asked: list[Asked] | None = None) -> bytes:
    """What it says to these pieces."""
    async with serving([] if asked is None else asked) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
        said = await reader.read()
        writer.close()
    return said


@pytest.mark.parametrize("pieces", [[GET], [GET[n : n + 1] for n in range(len(GET))]], ids=["whole", "byte by byte"])
async def test_a_question_has_an_answer(pieces: list[bytes]) -> None:
    asked: list[Asked] = []
    said = await answers(pieces, asked)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"\r\n\r\nempty")
    assert [(one.method, one.path, one.shown, one.address) for one in asked] == [("GET", "/a", b"", "127.0.0.1")]


async def test_several_on_one_line_and_then_no_more() -> None:
    assert (await answers([POST * 3])).count(b"\r\n\r\nhello") == 3
    assert (await answers([GET * (REQUESTS_MAX + 5)])).count(b"HTTP/1.1 200") == REQUESTS_MAX


async def test_who_waits_to_be_let_in_is() -> None:
    head = POST.partition(b"hello")[0].replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    async with serving([]) as (reader, writer):
        writer.write(head)
        assert (await reader.readline()).startswith(b"HTTP/1.1 100 ")
        writer.write(b"hello")
        writer.write_eof()
        assert (await reader.read()).endswith(b"hello")
        writer.close()


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n" + b"A" * (BODY_MAX + 5), b"413"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"4000\r\n"
            + b"A" * 16384
            + b"\r\n1\r\nA\r\n",
            b"413",
        ),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * (HEAD_MAX + 5), b"431"),
        (b"\x16\x03\x01 hello\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # without a host
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
    ],
)
async def test_what_cannot_be_is_refused(data: bytes, status: bytes) -> None:
    asked: list[Asked] = []
    assert (await answers([data], asked)).startswith(b"HTTP/1.1 " + status)
    assert asked == []


@pytest.mark.parametrize("data", [b"", b"GET / HT", POST[:-2]])
async def test_who_hangs_up_is_let_go(data: bytes) -> None:
    asked: list[Asked] = []
    said = await answers([data], asked)
    assert asked == []
    assert said == b"" or said.startswith(b"HTTP/1.1 400")


async def test_who_dawdles_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(est_line, "REQUEST_S", 0.05)
    reader = asyncio.StreamReader()
    reader.feed_data(b"GET / HTTP/1.1\r\n")

    class Nobody:
        def get_extra_info(self, _name: str) -> None:
            return None

    with pytest.raises(TimeoutError):
        await converse(reader, Nobody(), answer=None)  # type: ignore[arg-type]


def test_a_refusal_is_a_line_of_text() -> None:
    refused = say(429, "too often", Retry_After="7")
    assert (refused.body, refused.headers["Retry-After"]) == (b"too often\n", "7")
