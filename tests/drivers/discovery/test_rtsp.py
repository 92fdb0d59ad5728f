"""RTSP probes: cameras with and without a password, by maker's path; hosts that are slow, endless or no cameras."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery import rtsp
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, settings
from drivers.discovery.rtsp import codec, read_head
from simulator.onvif_camera import OnvifCamera
from simulator.processes import free_port
from tests.drivers.discovery.looked import all_of

HOST = "127.0.0.1"
KNOWN = Found(kind=Kind.CAMERA, what="HIKVISION DS (ONVIF)", name=HOST, host=HOST, sure=Sure.CERTAIN, why=Why.ANSWER)


@asynccontextmanager
async def camera(**words: str) -> AsyncIterator[OnvifCamera]:
    found = OnvifCamera(**words)  # type: ignore[arg-type]
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


async def look(port: int, known: Found | None = None) -> list[Found]:
    return await all_of(rtsp.look(HOST, known, port))


async def test_a_camera_that_wants_a_password(  # the usual one
) -> None:
    async with camera(realm="IP Camera(12345)") as far:
        (found,) = await look(far.port, KNOWN)
        url = f"rtsp://{HOST}:{far.port}/Streaming/Channels/10"
        assert (found.code, found.sure, found.name) == ("X-113", Sure.CERTAIN, f"{url}1")
        told = settings(url=f"{url}1", sub_url=f"{url}2", user="viewer")
        wanted = Proposal(kind="camera", driver="rtsp", settings=told, secrets=("secret",), remark="camera")
        assert found.proposal == wanted
        assert [line.split()[0] for line in far.asked] == ["OPTIONS", "DESCRIBE"]


async def test_an_open_camera_is_told_to_get_a_password() -> None:
    async with camera(path="/stream1", codec="H265") as far:
        (found,) = await look(far.port)
        assert (found.code, found.what) == ("X-114", f"RTSP at {HOST}:{far.port}, H265")
        assert found.proposal is not None
        assert found.proposal.settings == settings(url=f"rtsp://{HOST}:{far.port}/stream1")
        assert found.proposal.secrets == ()


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"realm": "Login to 9C1"}, "/cam/realmonitor?channel=1&subtype=0"),
        ({"realm": "AXIS_ACCC", "server": "x"}, "/axis-media/media.amp"),
        ({"realm": "x", "server": "Hikvision-Webs"}, "/Streaming/Channels/101"),
        ({"realm": "nobody knows"}, "/"),
    ],
)
async def test_the_path_follows_from_what_the_camera_calls_itself(words: dict[str, str], path: str) -> None:
    async with camera(**words) as far:
        (found,) = await look(far.port)
        assert found.name == f"rtsp://{HOST}:{far.port}{path}"
        assert found.sure is (Sure.LIKELY if path == "/" else Sure.CERTAIN)


async def test_a_camera_whose_path_nobody_knows_is_told() -> None:
    async with camera(path="/secret/path") as far:
        (found,) = await look(far.port)
        assert (found.code, found.proposal, found.sure) == ("X-115", None, Sure.POSSIBLE)
        assert "404" in found.fact


async def test_nobody_there_is_nothing_unless_it_is_known_to_be_a_camera() -> None:
    port = free_port()
    assert await look(port) == []
    (found,) = await look(port, KNOWN)
    assert (found.code, found.what) == ("X-115", KNOWN.what)


@asynccontextmanager
async def host(answer: bytes, *, again: int = 1, slow: bool = False) -> AsyncIterator[int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(again):
                writer.write(answer)
                await writer.drain()
            if slow:
                await reader.read()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


HOSTILE = {
    "a web server": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a head without end": b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5000,
    "a body of a terabyte": b"RTSP/1.0 200 OK\r\nContent-Length: 1000000000000\r\n\r\n",
    "a body of less than nothing": b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a line without end": b"x" * 100_000,
    "nothing": b"",
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_host_that_is_no_camera_is_told_and_never_proposed(answer: bytes) -> None:
    async with host(answer) as port:
        (found,) = await look(port)
        assert (found.code, found.proposal) == ("X-115", None)


@pytest.mark.parametrize("answer", [b"", b"RTSP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nv=0"])
async def test_a_host_that_is_slow_is_given_up(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtsp, "DEADLINE_S", 0.2)
    async with host(answer, slow=True) as port:  # it waits for us to hang up
        assert await look(port) == []


async def test_what_a_camera_calls_itself_cannot_move_the_cursor() -> None:
    async with camera(realm="\x1b[2J\x07evil", server="\x1b]0;x\x07") as far:
        (found,) = await look(far.port)
        assert found.what.isprintable()
        assert found.name.isprintable()


def test_an_address_of_version_6_stands_in_brackets() -> None:
    assert rtsp._url("fe80::1", 554, "/") == "rtsp://[fe80::1]/"


@pytest.mark.parametrize(
    ("sdp", "told"),
    [
        (b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000", "H264"),
        (b"m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 0 RTP/AVP 97\na=rtpmap:97 H265/90000", "H265"),
        (b"m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000", ""),
        (b"m=video 0 RTP/AVP 26\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000", ""),
        (b"", ""),
    ],
)
def test_the_codec_of_the_picture(sdp: bytes, told: str) -> None:
    assert codec(sdp) == told


@given(st.binary(max_size=400))
def test_any_head_is_read_or_refused(data: bytes) -> None:
    try:
        head = read_head(data)
        assert 0 <= head.status <= 999
        assert 0 <= head.length <= rtsp.BODY_MOST
    except ValueError:
        return


@given(st.text(max_size=200))
def test_any_fields_are_read_or_refused(field: str) -> None:
    head = read_head(f"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: {field}\r\n\r\n".encode())
    assert rtsp._realm(head.get("www-authenticate")).isprintable()


@given(st.binary(max_size=400))
def test_any_sdp_is_read(body: bytes) -> None:
    assert codec(body).isprintable()
