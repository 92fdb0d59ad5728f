"""One line of HTTP/1.1 over TLS: whole requests in, whole answers out, both bounded. Who asks what it means:
centre/est_answers.py.

Limits  a head of HEAD_MAX, a body of BODY_MAX, REQUESTS_MAX requests a line, REQUEST_S for each from its first byte to
        the answer's last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import h11
import msgspec

HEAD_MAX, BODY_MAX = 16_384, 16_384
REQUESTS_MAX = 8
REQUEST_S = 30.0
CHUNK = 16_384
PLAIN = "text/plain; charset=utf-8"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, nothing of it checked but its form."""

    method: str
    path: str
    headers: dict[str, str]  # by lower-case name
    body: bytes
    shown: bytes  # the client's certificate, DER; empty: it has shown none
    address: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    body: bytes = b""
    headers: dict[str, str] = {}


Answerer = Callable[[Asked], Awaitable[Answered]]


def say(status: int, why: str, **headers: str) -> Answered:
    """A refusal in words; headers with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answered(status=status, body=f"{why}\n".encode(), headers={"Content-Type": PLAIN} | named)


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answerer) -> None:
    """Until either side has had enough. Raises OSError, TimeoutError."""
    line = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX)
    tls = writer.get_extra_info("ssl_object")
    shown = (tls.getpeercert(binary_form=True) if tls else None) or b""
    address = str((writer.get_extra_info("peername") or ("",))[0])
    for _ in range(REQUESTS_MAX):
        async with asyncio.timeout(REQUEST_S):
            try:
                asked = await _request(line, reader, writer, shown, address)
            except h11.RemoteProtocolError as error:
                await _send(line, writer, say(error.error_status_hint, "this is not understood"))
                return
            if asked is None:
                return
            await _send(line, writer, await answer(asked) if len(asked.body) <= BODY_MAX else say(413, "too much"))
        if line.our_state is not h11.DONE or line.their_state is not h11.DONE:
            return
        line.start_next_cycle()


async def _request(
    line: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shown: bytes, address: str
) -> Asked | None:
    """The next one; None: the other side has ended. A body that is too long is cut just past BODY_MAX."""
    head: h11.Request | None = None
    body = b""
    while True:
        event = line.next_event()
        if event is h11.NEED_DATA:
            if line.they_are_waiting_for_100_continue:
                writer.write(line.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            line.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif not isinstance(event, h11.EndOfMessage):
            return None
        if head is not None and (isinstance(event, h11.EndOfMessage) or len(body) > BODY_MAX):
            return Asked(
                method=head.method.decode(),
                path=head.target.decode(errors="replace"),
                headers={name.decode(): value.decode(errors="replace") for name, value in head.headers},
                body=body,
                shown=shown,
                address=address,
            )


async def _send(line: h11.Connection, writer: asyncio.StreamWriter, answered: Answered) -> None:
    if line.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    headers = [*answered.headers.items(), ("Content-Length", str(len(answered.body))), ("Cache-Control", "no-store")]
    parts = [
        line.send(h11.Response(status_code=answered.status, headers=headers)),
        line.send(h11.Data(data=answered.body)),
        line.send(h11.EndOfMessage()),
    ]
    writer.write(b"".join(part or b"" for part in parts))
    await writer.drain()
