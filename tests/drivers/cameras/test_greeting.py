"""Says hello to what answers, hangs up, says nothing, talks without end or nonsense: a status or a DeviceError."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import settings as quick
from hypothesis import strategies as st

from drivers.cameras import greeting
from drivers.cameras.greeting import Door, greet
from drivers.errors import DeviceError
from simulator.processes import free_port

NAME = "rtsp://127.0.0.1/main"


def door(port: int, **words: str) -> Door:
    return Door(name=NAME, url=f"rtsp://127.0.0.1:{port}/main", **{"host": "127.0.0.1", **words}, port=port)


@contextmanager
def answering(answer: bytes, *, for_ever: bool = False, stays: bool = False) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers once: its port, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as peer:
                peer.settimeout(5)
                try:
                    asked.append(peer.recv(4096))
                    peer.sendall(answer)
                    while for_ever:
                        peer.sendall(answer)
                    if stays:
                        peer.recv(4096)
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], asked
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("status", [200, 401, 404, 454])
def test_whoever_answers_in_rtsp_is_a_camera(status: int) -> None:
    with answering(f"RTSP/1.0 {status} Whatever\r\nCSeq: 1\r\n\r\n".encode()) as (port, asked):
        assert greet(door(port)) == status
    assert asked == [
        f"OPTIONS rtsp://127.0.0.1:{port}/main RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: mektep-agent\r\n\r\n".encode()
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "V-101"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "V-110"),
        (b"\x16\x03\x01\x00\x02", "V-110"),
        (b"RTSP/1.0 OK\r\n", "V-110"),
        (b"RTSP/1.0 20000\r\n", "V-110"),
    ],
)
def test_others_are_none(answer: bytes, code: str) -> None:
    with answering(answer) as (port, _), pytest.raises(DeviceError) as caught:
        greet(door(port))
    assert caught.value.code == code


def test_who_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "GREET_S", 0.2)
    with answering(b"", stays=True) as (port, _), pytest.raises(DeviceError) as caught:
        greet(door(port))
    assert (caught.value.code, caught.value.what) == ("V-101", f"no way to {NAME}: no answer in time")


def test_who_talks_without_end_is_heard_a_little() -> None:
    with answering(b"x" * 1000, for_ever=True) as (port, _), pytest.raises(DeviceError) as caught:
        greet(door(port))
    assert caught.value.code == "V-110"


def test_nobody_there() -> None:
    with pytest.raises(DeviceError) as caught:
        greet(door(free_port()))
    assert caught.value.code == "V-101"


@pytest.mark.parametrize("host", ["", "no such host", "a" * 300, "é.example", "256.1.1.1", "::g"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(DeviceError) as caught:
        greet(door(1, host=host))
    assert caught.value.code == "V-101"


def test_a_ca_that_is_none(tmp_path: object) -> None:
    with answering(b"", stays=True) as (port, _), pytest.raises(DeviceError) as caught:
        greet(door(port, ca=f"{tmp_path}/none.pem"))
    assert caught.value.code == "V-108"


@quick(max_examples=60, deadline=None)
@given(answer=st.binary(max_size=200) | st.from_regex(rb"RTSP/1.0 [0-9]{1,4}.{0,30}"))
def test_any_answer_is_a_status_or_a_device_error(answer: bytes) -> None:
    with answering(answer) as (port, _), contextlib.suppress(DeviceError):
        assert 0 <= greet(door(port)) <= 999
