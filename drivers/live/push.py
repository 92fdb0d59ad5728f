"""One live view: a camera's packets pushed to the centre's media server, whose certificate and name are verified.

Wire    rtsps: TLS 1.2 or later from the first byte; RTSP 1.0 (RFC 2326) ANNOUNCE, SETUP, RECORD; packets interleaved on
        the same connection; OPTIONS keeps the session; TEARDOWN ends it. No redirection is followed: only the centre's
        signed data say where a camera may be shown.
Line    at most SEND_BYTES are on it and not yet taken, so that nothing else of the school waits long behind a picture;
        what the line does not take waits in a Backlog and gives way there.
Raises  Ended: host (not there, refuses, silent, hangs), certificate, codec.
Not     who may look, for how long: the daemon. FFmpeg's muxer does this too, but nothing ends its waiting for a server
        that says nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable

from drivers.city_tls import city_context
from drivers.driver import Clock, LiveTarget
from drivers.live import rtp
from drivers.live.backlog import Backlog, Waiting
from drivers.live.rtsp_answers import REST_BYTES, Answer, AnswerError, read

CONNECT_S = 6.0  # TCP and TLS
ANSWER_S = 5.0
STALL_S = 10.0  # the line takes nothing: the host is gone
REPORT_S = 5.0
SEND_BYTES = 65_536
HELD_BYTES = 16_384  # by us, before we wait for the line
NAME = b"camera"
WORDS_MOST = 160  # of what a person is told of an end


class Ended(Exception):
    """A view is over: the reason in a word, and what happened."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.what = what[:WORDS_MOST]


class View:
    """run() until it is cancelled; `bytes_sent` and `backlog.skipped` may be read at any time."""

    def __init__(self, target: LiveTarget, backlog: Backlog, clock: Clock, started: Callable[[], None]) -> None:
        self.backlog = backlog
        self.bytes_sent = 0
        self._target = target
        self._clock = clock
        self._started = started
        self._number = 0
        self._answers: asyncio.Queue[Answer] = asyncio.Queue(4)
        self._session = ""
        self._timeout_s = 60

    async def run(self) -> None:
        """Raises Ended."""
        first = await self.backlog.take()
        if not rtp.can_send(first.form):
            raise Ended("codec", f"{first.form.codec} is not passed on: only H.264 and H.265 are")
        async with self._connected() as (stream, writer):
            listening = asyncio.create_task(self._listen(stream))
            talking = asyncio.create_task(self._talk(writer, first))
            await _first_to_end(listening, talking)

    # --- the connection -----------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        target = self._target
        try:
            async with asyncio.timeout(CONNECT_S):
                stream, writer = await asyncio.open_connection(
                    target.host, target.port, ssl=_context(target), server_hostname=target.host, limit=SEND_BYTES
                )
        except ssl.SSLCertVerificationError as error:
            raise Ended("certificate", f"{target.host} is not who it says: {error.verify_message}") from None
        except (TimeoutError, OSError, ValueError) as error:  # ValueError: a name that no host has
            raise Ended("host", f"{target.host}:{target.port}: {_words(error)}") from None
        _hold_little(writer)
        try:
            yield stream, writer
        finally:
            self._say_goodbye(writer)
            writer.transport.abort()

    def _say_goodbye(self, writer: asyncio.StreamWriter) -> None:
        """If it goes onto the line at once; a full line is cut."""
        if self._session and not writer.transport.get_write_buffer_size() and not writer.transport.is_closing():
            writer.write(self._request("TEARDOWN", self._target.url))

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Answers; what the server reports of its reception is passed over. Raises Ended."""
        buffer = bytearray()
        try:
            while data := await stream.read(SEND_BYTES):
                buffer += data
                for message in read(buffer):
                    if isinstance(message, Answer):
                        self._answers.put_nowait(message)
                    elif message.method == "TEARDOWN":
                        raise Ended("host", "the media server has ended the view")
                if len(buffer) > REST_BYTES:
                    raise AnswerError("an answer without end")
        except (AnswerError, asyncio.QueueFull) as error:
            raise Ended("host", f"the media server does not speak RTSP: {error}") from None
        except OSError as error:
            raise Ended("host", f"the connection broke: {_words(error)}") from None
        raise Ended("host", "the media server has closed the connection")

    # --- the conversation ---------------------------------------------------------------------------------------

    async def _talk(self, writer: asyncio.StreamWriter, first: Waiting) -> None:
        """Raises Ended."""
        try:
            await self._introduce(writer, first)
            self._started()
            keeping = asyncio.create_task(self._keep(writer))
            sending = asyncio.create_task(self._send(writer, first))
            await _first_to_end(keeping, sending)
        except OSError as error:
            raise Ended("host", f"the connection broke: {_words(error)}") from None

    async def _introduce(self, writer: asyncio.StreamWriter, first: Waiting) -> None:
        url = self._target.url
        await self._ask(writer, "ANNOUNCE", url, rtp.description(first.form, secrets.randbits(32)))
        transport = "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"
        answer = await self._ask(writer, "SETUP", f"{url}/streamid=0", Transport=transport)
        self._session, self._timeout_s = answer.session, answer.timeout_s
        await self._ask(writer, "RECORD", url, Range="npt=0.000-")

    async def _ask(self, writer: asyncio.StreamWriter, method: str, url: str, body: bytes = b"", **more: str) -> Answer:
        """A request and its answer. Raises Ended."""
        writer.write(self._request(method, url, body, **more))
        try:
            async with asyncio.timeout(ANSWER_S):
                while (answer := await self._answers.get()).number != self._number:
                    pass
        except TimeoutError:
            raise Ended("host", f"the media server does not answer {method}") from None
        if answer.status != 200:
            raise Ended("host", f"the media server refuses {method}: {answer.status} {answer.words}")
        return answer

    def _request(self, method: str, url: str, body: bytes = b"", **more: str) -> bytes:
        self._number += 1
        headers = {"CSeq": str(self._number), "User-Agent": "mektep-agent"} | more
        if self._session:
            headers["Session"] = self._session
        if body:
            headers |= {"Content-Type": "application/sdp", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {url} RTSP/1.0\r\n{lines}\r\n".encode() + body

    async def _keep(self, writer: asyncio.StreamWriter) -> None:
        """A word well before the session ends. A line that is full carries no answer: then the pictures tell."""
        while True:
            await asyncio.sleep(max(0.3, min(20.0, self._timeout_s / 3)))
            if not writer.transport.get_write_buffer_size():
                await self._ask(writer, "OPTIONS", self._target.url)

    async def _send(self, writer: asyncio.StreamWriter, first: Waiting) -> None:
        """Raises Ended."""
        sender = rtp.Sender(secrets.randbits(32), secrets.randbits(16), secrets.randbits(32))
        waiting, report_s = first, 0.0
        while True:
            if not rtp.can_send(waiting.form):
                raise Ended("codec", f"the camera sends {waiting.form.codec} now, which is not passed on")
            for packet in sender.picture(waiting.packet, waiting.form):
                await self._write(writer, _block(0, packet))
            now_s = self._clock.monotonic_ns() / 1e9
            if not self.backlog and now_s >= report_s:  # of now, not of what had waited
                await self._write(writer, _block(1, sender.report(self._clock.utc_ns(), NAME)))
                report_s = now_s + REPORT_S
            waiting = await self.backlog.take()

    async def _write(self, writer: asyncio.StreamWriter, block: bytes) -> None:
        """Each block is a record of TLS by itself: of several in one, GStreamer's server reads the last one late."""
        writer.write(block)
        try:
            async with asyncio.timeout(STALL_S):
                await writer.drain()
        except TimeoutError:
            raise Ended("host", f"the line takes nothing for {STALL_S:.0f} s") from None
        self.bytes_sent += len(block)


def _block(channel: int, data: bytes) -> bytes:
    return bytes([0x24, channel]) + len(data).to_bytes(2, "big") + data


def _context(target: LiveTarget) -> ssl.SSLContext:
    """Who vouches for the host is who the centre has said, nobody else; its name is checked. Raises ValueError."""
    context = city_context(check_dates=target.check_dates)
    context.load_verify_locations(cadata=target.ca)
    return context


def _hold_little(writer: asyncio.StreamWriter) -> None:
    """What waits must wait where it can give way: not in the kernel."""
    writer.transport.set_write_buffer_limits(high=HELD_BYTES)
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES // 2)  # the kernel doubles it


async def _first_to_end(*tasks: asyncio.Task[None]) -> None:
    """What the first of them ends with; the others are over too when this returns."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_S:.0f} s"
    return str(getattr(error, "strerror", None) or getattr(error, "reason", None) or error or type(error).__name__)
