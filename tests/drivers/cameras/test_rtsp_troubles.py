"""A network camera's faults: stalled, gone, silent, another size, no camera at all; and how it comes back.

Limits on waiting are made short here; what they are in earnest, and a thousand reconnects: bench/cameras.py.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as quick
from hypothesis import strategies as st

from agent.clock import SystemClock
from drivers.cameras import camera as open_camera
from drivers.cameras import reader, rtsp
from drivers.cameras.rtsp import Settings
from drivers.errors import DeviceError
from simulator.processes import free_port
from tests.clock import FastClock
from tests.drivers.cameras.far_camera import far_camera
from tests.drivers.supervised import kept_reading, open_files, until
from tests.secrets import no_secrets


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "READ_S", 0.7)
    monkeypatch.setattr(reader, "OPEN_S", 1.0)


async def test_a_stalled_stream_is_noticed_and_comes_back() -> None:
    async with far_camera() as far, kept_reading(rtsp, Settings(url=far.url)) as kept:
        await until(kept.works)
        far.stall()
        await until(lambda: kept.states[-1] in ("V-105", "V-101"), 10)
        assert "V-105" in kept.states
        far.go_on()
        await until(kept.works)


async def test_a_camera_that_vanishes_comes_back() -> None:
    async with far_camera() as far:
        before = open_files()
        async with kept_reading(rtsp, Settings(url=far.url)) as kept:
            await until(kept.works)
            far.vanish()
            await until(lambda: kept.states[-1] == "V-101")
            await far.start()
            await until(kept.works)
        assert len(open_files()) <= len(before)  # what others have left behind may be closed meanwhile


async def test_open_without_a_picture_is_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers, describes itself, plays, and sends nothing."""
    monkeypatch.setattr(open_camera, "FIRST_S", 1.5)
    async with far_camera() as far:
        far.mute()
        async with kept_reading(rtsp, Settings(url=far.url)) as kept:
            await until(lambda: kept.states)
            assert kept.states[0] in ("V-101", "V-104", "V-105")  # by how far the server gets without one
            assert "working" not in kept.states
            far.clear()
            await until(kept.works)


async def test_a_changed_resolution_goes_on_and_the_ring_starts_anew() -> None:
    async with far_camera() as far, rtsp.connect(Settings(url=far.url), SystemClock(), no_secrets) as source:

        def sizes() -> set[tuple[int, int]]:
            clip = source.ring.cut(60)
            return {(clip.form.width, clip.form.height)} if clip else set()

        await until(lambda: sizes() == {(320, 180)})
        far.resize(640, 360)
        await until(lambda: sizes() == {(640, 360)})
        frames = source.counters.frames
        await until(lambda: source.counters.frames > frames)


async def test_reconnecting_leaves_nothing_behind() -> None:
    async with far_camera() as far:
        before = open_files()
        for _ in range(3):
            async with rtsp.connect(Settings(url=far.url), FastClock(), no_secrets):
                pass
        assert reading() == []
        assert len(open_files()) <= len(before)  # what others have left behind may be closed meanwhile


async def test_nobody_at_the_address() -> None:
    with pytest.raises(DeviceError) as caught:
        async with rtsp.connect(Settings(url=f"rtsp://127.0.0.1:{free_port()}/main"), FastClock(), no_secrets):
            pass
    assert caught.value.code == "V-101"


@contextmanager
def saying(answers: list[bytes]) -> Iterator[int]:
    """A server that gives each question its next answer, then hangs up; whoever connects again hears them again."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer = server.accept()[0]
                    with peer, contextlib.suppress(OSError):
                        peer.settimeout(2)
                        for answer in answers:
                            if not peer.recv(4096):
                                break
                            peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
)


def ok(number: int, body: bytes = b"", head: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n".encode()
    return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n".encode() + head + length + b"\r\n" + body


SETUP = b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
POLITE = [
    ok(1, head=b"Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n"),
    ok(2, SDP, b"Content-Type: application/sdp\r\n"),
    ok(3, head=SETUP),
    ok(4, head=b"Session: 1\r\n"),
]
bits = st.binary(max_size=60) | st.sampled_from(
    [b"$\0\xff\xff", b"$\0\0\x04abcd", b"RTSP/1.0 ", b"\r\n\r\n", b"a=", b"96"]
)
garbled = st.tuples(st.integers(0, 3), st.integers(0, 300), bits)


@quick(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    answers=st.lists(st.binary(max_size=200), max_size=3)
    | st.lists(garbled, min_size=1, max_size=3).map(
        lambda faults: [
            answer if number not in {at for at, _, _ in faults} else damaged(answer, number, faults)
            for number, answer in enumerate(POLITE)
        ]
    )
)
async def test_any_answers_are_a_device_error_in_time(answers: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "OPEN_S", 0.3)
    with saying(answers) as port, pytest.raises(DeviceError) as caught:
        async with rtsp.connect(Settings(url=f"rtsp://127.0.0.1:{port}/main"), FastClock(), no_secrets):
            pass
    assert caught.value.code.startswith("V-1")
    assert not reading()


def reading() -> list[str]:
    """The threads of cameras that are still there."""
    return [one.name for one in threading.enumerate() if one.name.startswith("camera ")]


def damaged(answer: bytes, number: int, faults: list[tuple[int, int, bytes]]) -> bytes:
    for which, at, bit in faults:
        if which == number:
            at %= len(answer)
            answer = answer[:at] + bit + answer[at + len(bit) :]
    return answer


@pytest.mark.parametrize("title", ["x", "Двор"])  # many a camera's name is no UTF-8
async def test_a_polite_server_that_sends_no_video_is_none(title: str) -> None:
    answers = [*POLITE]
    answers[1] = ok(2, SDP.replace(b"s=x", b"s=" + title.encode("cp1251")), b"Content-Type: application/sdp\r\n")
    with saying(answers) as port, pytest.raises(DeviceError):
        async with rtsp.connect(Settings(url=f"rtsp://127.0.0.1:{port}/main"), FastClock(), no_secrets):
            pass


def test_the_limits_in_earnest_let_a_stall_be_noticed_in_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert reader.READ_S + open_camera.TICK_S < reader.STUCK_S
    assert 2 * reader.READ_S + open_camera.TICK_S < 10
    assert 2 * reader.OPEN_S < open_camera.CLOSE_S
    assert open_camera.FIRST_S < 30  # the daemon's patience with a cell that opens
