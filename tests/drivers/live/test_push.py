"""A view as a real media server gets it, bit by bit what the camera sent; and every host that is not to have it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import socket
import ssl
import struct
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

import msgspec
import pytest

from drivers.cell import CellClock
from drivers.city_tls import NO_CHECK_TIME
from drivers.driver import LiveTarget
from drivers.live import push
from drivers.live.backlog import Backlog
from drivers.live.push import Ended, View
from simulator.link_proxy import LinkProxy
from simulator.processes import free_port
from tests.drivers.live.far_media import city_ca, far_media, form, packet, pem, target, truth
from tests.drivers.supervised import until

PICTURES_PER_S = 100  # four times as fast as they say they are


class Pushed:
    """A view that goes on, and a camera that never ends."""

    def __init__(self, where: LiveTarget, codec: str = "h264") -> None:
        self.backlog = Backlog()
        self.started = asyncio.Event()
        self.view = View(where, self.backlog, CellClock(), self.started.set)
        self.task = asyncio.create_task(self.view.run())
        self._codec = codec
        self._filming = asyncio.create_task(self._film())

    async def _film(self) -> None:
        clock = asyncio.get_running_loop().time
        for number in count():
            self.backlog.put(packet(number, self._codec), form(self._codec), clock())
            await asyncio.sleep(1 / PICTURES_PER_S)

    async def ended(self, within_s: float = 15) -> Ended:
        with pytest.raises(Ended) as caught:
            await asyncio.wait_for(self.task, within_s)
        return caught.value

    async def close(self) -> None:
        for task in (self.task, self._filming):
            task.cancel()
        await asyncio.gather(self.task, self._filming, return_exceptions=True)


@asynccontextmanager
async def pushed(where: LiveTarget, codec: str = "h264") -> AsyncIterator[Pushed]:
    view = Pushed(where, codec)
    try:
        yield view
    finally:
        await view.close()


# --- a real media server --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_the_media_server_decodes_what_the_camera_sent(codec: str) -> None:
    async with far_media(codec=codec) as server:
        async with pushed(target(server, path=f"live/{codec}-view"), codec) as view:
            await server.until_shown(60)
            assert view.view.bytes_sent > 0
        await until(lambda: server.look() and server.went == 1)
        same = truth(codec)
        assert [one.sha256 for one in server.shown[:60]] == [same[number % len(same)] for number in range(60)]
        assert (server.came, server.broken) == (1, 0)


@pytest.mark.parametrize(
    ("authority", "host", "words"),
    [
        ("city", "elsewhere.example", "Hostname mismatch"),
        ("foreign", "localhost", "unable to get local issuer|self-signed|signature failure"),
    ],
)
async def test_a_host_that_is_not_who_it_says_gets_nothing(authority: str, host: str, words: str) -> None:
    async with far_media(authority=authority, host=host) as server, pushed(target(server)) as view:
        end = await view.ended()
        assert end.reason == "certificate"
        assert re.search(words, end.what), end.what
        assert (server.look(), server.came, view.view.bytes_sent) == ([], 0, 0)


async def test_a_server_that_dies_ends_the_view() -> None:
    async with far_media() as server, pushed(target(server, path="live/dies")) as view:
        await view.started.wait()
        server.vanish()
        assert (await view.ended()).reason == "host"


async def test_a_server_that_hangs_ends_the_view_and_little_is_on_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "STALL_S", 0.5)
    lines: list[socket.socket] = []
    hold_little = push._hold_little

    def held(writer: asyncio.StreamWriter) -> None:
        hold_little(writer)
        lines.append(socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())))

    monkeypatch.setattr(push, "_hold_little", held)
    async with far_media() as server, pushed(target(server, path="live/hangs")) as view:
        await server.until_shown(3)
        server.stall()
        end = await view.ended()
        assert (end.reason, "takes nothing" in end.what) == ("host", True)
        (line,) = lines
        with line:  # while the server still hangs: its end would empty the line
            (waiting,) = struct.unpack("i", fcntl.ioctl(line, termios.TIOCOUTQ, bytes(4)))  # tcp(7): SIOCOUTQ
        assert 0 < waiting <= push.SEND_BYTES


async def test_a_slow_line_gets_whole_groups_and_nothing_grows() -> None:
    port = free_port()
    async with far_media() as server:
        line = LinkProxy(port, server.port)
        line.bits_per_s = 2_000_000  # of some 4,000,000 that the camera sends
        await line.start()
        where = msgspec.structs.replace(target(server, path="live/slow"), port=port)
        try:
            async with pushed(where) as view:
                view.backlog._late_s = 0.1
                largest = 0
                async with asyncio.timeout(20):
                    while view.backlog.skipped < 2 or len(server.look()) < 10:
                        largest = max(largest, view.backlog.size)
                        await asyncio.sleep(0.01)
        finally:
            await line.stop()
    assert largest < 400_000
    assert server.broken == 0
    assert {one.sha256 for one in server.shown} <= set(truth())


# --- hosts as they should not be ------------------------------------------------------------------------------------

Say = Callable[[bytes], bytes]  # a request's answer


@asynccontextmanager
async def scripted(say: Say) -> AsyncIterator[tuple[LiveTarget, list[bytes]]]:
    """A TLS server with a good certificate that answers as told; and the first lines that it was asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem("city", "localhost"))
    asked: list[bytes] = []
    serving: set[asyncio.Task[None]] = set()

    async def serve(stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            while True:
                request = await stream.readuntil(b"\r\n\r\n")
                asked.append(request.split(b"\r\n")[0])
                if b"Content-Length: " in request:
                    await stream.readexactly(int(request.partition(b"Content-Length: ")[2].split(b"\r\n")[0]))
                number = request.partition(b"CSeq: ")[2].split(b"\r\n")[0]
                answer = say(asked[-1])
                writer.write(answer.replace(b"CSeq: N", b"CSeq: " + number))
                if not answer:
                    await stream.read()
        writer.close()

    def accept(stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(stream, writer))
        serving.add(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    try:
        yield LiveTarget(host="localhost", port=server.sockets[0].getsockname()[1], path="live/x", ca=city_ca()), asked
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def answers(status: bytes) -> Say:
    return lambda _: b"RTSP/1.0 " + status + b"\r\nCSeq: N\r\nLocation: rtsps://elsewhere.example/x\r\n\r\n"


REFUSES = [
    ("not allowed", answers(b"401 Unauthorized"), "refuses ANNOUNCE: 401 Unauthorized"),
    ("sends elsewhere", answers(b"302 Found"), "refuses ANNOUNCE: 302 Found"),
    ("no RTSP", lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak RTSP"),
    ("silent", lambda _: b"", "does not answer ANNOUNCE"),
    ("answers another", lambda _: b"RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n", "does not answer ANNOUNCE"),
    ("floods", lambda _: b"RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n" * 9, "does not speak RTSP"),
    ("hangs up", lambda _: b"TEARDOWN rtsps://x RTSP/1.0\r\nCSeq: 1\r\n\r\n", "has ended the view"),
]


@pytest.mark.parametrize(("say", "words"), [row[1:] for row in REFUSES], ids=[row[0] for row in REFUSES])
async def test_a_server_that_does_not_take_it(say: Say, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "ANSWER_S", 0.5)
    async with scripted(say) as (where, asked), pushed(where) as view:
        end = await view.ended()
        assert (end.reason, words in end.what) == ("host", True), end.what
        assert len(asked) == 1
        assert "live/x" not in end.what


async def test_the_session_is_kept_and_its_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(lambda _: b"RTSP/1.0 200 OK\r\nCSeq: N\r\nSession: 5;timeout=1\r\n\r\n") as (where, asked):
        quiet = Backlog()
        quiet.put(packet(0), form(), 0)
        started = asyncio.Event()
        monkeypatch.setattr(push, "_block", lambda *_: b"")  # the pictures are in the way of this server
        task = asyncio.create_task(View(where, quiet, CellClock(), started.set).run())
        await started.wait()
        await until(lambda: len(asked) >= 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: asked[-1].startswith(b"TEARDOWN"))
    methods = [one.split(b" ")[0].decode() for one in asked]
    assert methods[:3] == ["ANNOUNCE", "SETUP", "RECORD"]
    assert set(methods[3:-1]) == {"OPTIONS"}


async def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    where = LiveTarget(host="localhost", port=free_port(), path="secret-path", ca=city_ca())
    async with pushed(where) as view:
        end = await view.ended()
        assert end.reason == "host"
        assert "secret-path" not in end.what + repr(where)


async def test_a_server_that_says_nothing_at_all_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "CONNECT_S", 0.3)

    def accept(_stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.append(writer)

    kept: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with pushed(LiveTarget(host="localhost", port=port, path="x", ca=city_ca())) as view:
        assert (await view.ended()).reason == "host"
    for writer in kept:
        writer.transport.abort()
    server.close()


@pytest.mark.parametrize("ca", ["", "no certificate at all"])
async def test_without_somebody_who_vouches_nothing_is_sent(ca: str) -> None:
    async with far_media() as server:
        async with pushed(LiveTarget(host="localhost", port=server.port, path="x", ca=ca)) as view:
            assert (await view.ended()).reason == "host"
        assert server.came == 0


async def test_a_codec_that_is_not_passed_on_is_said_before_anybody_is_called() -> None:
    backlog = Backlog()
    backlog.put(packet(0), msgspec.structs.replace(form(), codec="mjpeg"), 0)
    view = View(LiveTarget(host="localhost", port=1, path="x", ca=city_ca()), backlog, CellClock(), lambda: None)
    with pytest.raises(Ended) as caught:
        await view.run()
    assert caught.value.reason == "codec"


async def test_dates_are_not_looked_at_while_the_box_does_not_know_the_time() -> None:
    context = push._context(LiveTarget(host="x", port=1, path="x", ca=city_ca(), check_dates=False))
    assert context.verify_flags & NO_CHECK_TIME
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not push._context(LiveTarget(host="x", port=1, path="x", ca=city_ca())).verify_flags & NO_CHECK_TIME
