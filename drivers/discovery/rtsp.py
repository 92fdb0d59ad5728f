"""Asks a host for RTSP: whether it speaks it, whether it wants a password, which of the usual paths has a picture.

Wire    RFC 2326: OPTIONS, then DESCRIBE; 200 with SDP: anybody may watch; 401: a user and a password are wanted.
Hostile heads and bodies are bounded, everything ends with one deadline, no redirect is followed.
Not     logging in: the driver does, with a secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Sequence

import msgspec

from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, printable, settings

PORT = 554
DEADLINE_S = 5.0
CONNECT_S = 1.5
HEAD_MOST = 8192
BODY_MOST = 65_536
OPEN, WANTS_PASSWORD = 200, 401
PATHS = {  # a word in the camera's name, server or realm -> the path of its first stream and of its small one
    "hikvision": ("/Streaming/Channels/101", "/Streaming/Channels/102"),
    "hiwatch": ("/Streaming/Channels/101", "/Streaming/Channels/102"),
    "dahua": ("/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"),
    "login to": ("/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"),  # Dahua's realm
    "uniview": ("/media/video1", "/media/video2"),
    "axis": ("/axis-media/media.amp", ""),
}
USUAL = ("/", "/Streaming/Channels/101", "/cam/realmonitor?channel=1&subtype=0", "/media/video1", "/stream1", "/live")


class Answer(msgspec.Struct, frozen=True):
    """A whole answer of an RTSP server."""

    status: int
    server: str
    realm: str
    body: bytes = b""


class Head(msgspec.Struct, frozen=True):
    """The first part of an answer."""

    status: int
    fields: tuple[tuple[str, str], ...]  # names in small letters

    def get(self, name: str) -> str:
        return next((value for key, value in self.fields if key == name), "")

    @property
    def length(self) -> int:
        """Of the body. Raises ValueError if it cannot be, or is more than we read."""
        text = self.get("content-length") or "0"
        if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) <= BODY_MOST):
            raise ValueError("a length that cannot be")
        return int(text)


def read_head(data: bytes) -> Head:
    """Raises ValueError if it is no RTSP."""
    lines = data.decode("utf-8", errors="replace").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or words[0] not in ("RTSP/1.0", "RTSP/2.0") or len(words[1]) != 3 or not words[1].isdecimal():
        raise ValueError("no RTSP")
    fields = [line.partition(":") for line in lines[1:] if ":" in line]
    return Head(int(words[1]), tuple((name.strip().lower(), value.strip()) for name, _, value in fields))


def codec(body: bytes) -> str:
    """The codec of the first picture stream in an SDP; empty if there is none."""
    video = False
    for line in body.decode("utf-8", errors="replace").splitlines():
        video = line.startswith("m=video") or (video and not line.startswith("m="))
        if video and line.startswith("a=rtpmap:"):
            return printable(line.partition(" ")[2].partition("/")[0], 12)
    return ""


async def look(host: str, known: Found | None = None, port: int = PORT) -> AsyncIterator[Found]:
    """A camera at a host; nothing where no RTSP is spoken, unless it is known to be a camera."""
    where = f"{host}:{port}"
    words = known.what if known else f"RTSP at {where}"
    try:
        async with asyncio.timeout(DEADLINE_S):
            path, answer = await _ask(host, port, words)
    except (ValueError, EOFError, asyncio.LimitOverrunError):
        do = "Is it a camera? Look at it in a browser."
        yield _trouble(known, host, words, "X-115", f"{where} answers what is no RTSP", do)
        return
    except (OSError, TimeoutError):
        if known is not None:
            do = "Switch RTSP on in the camera's own web page."
            yield _trouble(known, host, words, "X-115", f"{where}: no RTSP", do)
        return
    yield _camera(host, port, path, answer, known, words=words)


def _camera(host: str, port: int, path: str, answer: Answer, known: Found | None, words: str) -> Found:
    told = printable(answer.server or answer.realm, 40)
    what = words if known or not told else f"{words}, {told}"
    seen = codec(answer.body) if answer.status == OPEN else ""
    if answer.status == WANTS_PASSWORD:
        code, fact = "X-113", f"{host} wants a user and a password"
        do = "Write the user into the configuration; store the password: mektep secret, with the name shown there."
    elif seen:
        code, fact = "X-114", f"{host} shows its picture to anybody who asks"
        do = "Set a password in the camera's own web page, then look again."
    else:
        fact = f"{host} speaks RTSP, and none of the usual paths has a picture (answer {answer.status})"
        return _trouble(known, host, what, "X-115", fact, "Take the path from the camera's papers.")
    main, sub = _paths(f"{words} {answer.server} {answer.realm}")
    lines = settings(url=_url(host, port, path)) + (settings(sub_url=_url(host, port, sub)) if sub else ())
    proposal = Proposal(kind="camera", driver="rtsp", settings=lines)
    if not seen:
        remark = "camera" if main else "camera-path"
        lines += settings(user="viewer")
        proposal = Proposal(kind="camera", driver="rtsp", settings=lines, secrets=("secret",), remark=remark)
    return Found(
        kind=Kind.CAMERA, what=f"{what}, {seen}" if seen else what, name=_url(host, port, path), host=host,
        sure=Sure.CERTAIN if seen or main else Sure.LIKELY, why=Why.ANSWER, code=code, fact=fact, do=do,
        proposal=proposal,
    )  # fmt: skip


def _trouble(known: Found | None, host: str, words: str, code: str, fact: str, do: str) -> Found:
    sure = Sure.CERTAIN if known else Sure.POSSIBLE
    return Found(
        kind=Kind.CAMERA, what=words, name=host, host=host, sure=sure, why=Why.ANSWER, code=code, fact=fact, do=do
    )


def _paths(words: str) -> tuple[str, str]:
    """The streams of a known maker."""
    return next((paths for maker, paths in PATHS.items() if maker in words.lower()), ("", ""))


def _url(host: str, port: int, path: str) -> str:
    try:
        six = ipaddress.ip_address(host).version == 6
    except ValueError:
        six = False
    where = f"[{host}]" if six else host
    return f"rtsp://{where}{'' if port == PORT else f':{port}'}{path}"


async def _ask(host: str, port: int, words: str) -> tuple[str, Answer]:
    """The path that answers best. Raises OSError, TimeoutError, EOFError, ValueError, LimitOverrunError."""
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await asyncio.open_connection(host, port, limit=HEAD_MOST)
    try:
        first = await _exchange(reader, writer, "OPTIONS", _url(host, port, "/"), 1)
        own = _paths(f"{words} {first.server} {first.realm}")[0]
        return await _describe(reader, writer, host, port, [own] if own else [], first)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _describe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, own: Sequence[str], first: Answer
) -> tuple[str, Answer]:
    """The first path with a picture, or for which a password is wanted; else the last answer."""
    answer, path = first, ""
    for number, path in enumerate(dict.fromkeys([*own, *USUAL]), 2):
        try:
            answer = await _exchange(reader, writer, "DESCRIBE", _url(host, port, path), number)
        except (OSError, EOFError):
            break  # it hangs up on a path that it does not know
        if answer.status == OPEN and codec(answer.body):
            break
        if answer.status == WANTS_PASSWORD:
            return _paths(f"{answer.server} {answer.realm}")[0] or path, answer
    return path, answer


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, url: str, number: int
) -> Answer:
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {number}", "User-Agent: mektep"]
    lines += ["Accept: application/sdp"] if method == "DESCRIBE" else []
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
    head = read_head(await reader.readuntil(b"\r\n\r\n"))
    body = await reader.readexactly(head.length)
    return Answer(head.status, printable(head.get("server")), _realm(head.get("www-authenticate")), body)


def _realm(field: str) -> str:
    return printable(field.partition('realm="')[2].partition('"')[0])
