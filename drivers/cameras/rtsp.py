"""Network cameras by RTSP: the main stream into the ring, keyframes looked at, a sub-stream for that if there is one.

Wire    RTSP (RFC 2326) over TCP, video interleaved on the same connection; rtsps with the camera's CA. H.264, H.265.
Secret  the password is stored by `mektep secret` and only named here; it is put into the address in memory alone.
Raises  DeviceError V-101 no way, V-102 login, V-103 no such stream, V-104 no picture, V-105 stalled, V-106 no whole
        picture, V-107 no video, V-108 certificate, V-109 ended, V-110 not RTSP, T-12x the secret.
Not     who watches: the picture's state is all that is told.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlsplit

from msgspec import Meta

from drivers.cameras.greeting import Door, greet
from drivers.cameras.view import View
from drivers.driver import Clock, Finding, SecretName, Secrets, Verdict
from drivers.errors import DeviceError

if TYPE_CHECKING:
    from drivers.cameras.camera import Camera
    from drivers.cameras.reader import Place

BRIEF = {"analyzeduration": "1000000", "fpsprobesize": "0"}  # µs: FFmpeg else studies a stream for seconds
PORTS = {"rtsp": 554, "rtsps": 322}
URL = re.compile(r"[!-~]+")  # printable ASCII without spaces: no header can be smuggled in
SECRET_IN_PATH = re.compile(r"(?i)(?:password|passwd|pwd|pass)=(?!\{password\})[^&_/?]")
STORE = (
    "Write it without, give the name as `user`, run `mektep secret NAME` to store the password, and write"
    ' `secret = "NAME"`.'
)
IN_PATH = "Write {password} in its place: the one stored by `mektep secret` is put there."


class Settings(View, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a camera."""

    url: Annotated[
        str,
        Meta(
            description="the main stream, without name and password; {user}, {password} where the path wants them",
            examples=["rtsp://192.168.1.21:554/stream1"],
            min_length=1,
            max_length=500,
        ),
    ]
    sub_url: Annotated[
        str,
        Meta(description="a smaller stream to look at", examples=["rtsp://192.168.1.21:554/stream2"], max_length=500),
    ] = ""
    user: Annotated[str, Meta(description="the name of an account that may only view", examples=["viewer"])] = ""
    secret: SecretName = ""
    ca: Annotated[
        str,
        Meta(
            description="for rtsps: file of the CA that signed the camera's certificate",
            examples=["/etc/mektep/cameras.pem"],
        ),
    ] = ""
    certified: Annotated[
        str, Meta(description="for rtsps: the name in its certificate, if not the address", examples=["gate.school"])
    ] = ""

    def __post_init__(self) -> None:
        _check(self.url)
        if self.sub_url:
            _check(self.sub_url)
        if self.secret and not self.user and "{password}" not in self.url:
            raise ValueError("a password needs a name. Write `user`: the account's name.")
        if "rtsps" in (urlsplit(self.url).scheme, urlsplit(self.sub_url).scheme) and not self.ca:
            raise ValueError("rtsps needs the camera's CA. Write `ca`: the file of the CA that signed its certificate.")

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.ca,) if self.ca else ()


def _check(url: str) -> None:
    """Raises ValueError, without repeating what may be a password."""
    if not URL.fullmatch(url):
        raise ValueError("the address has spaces or letters that no address has. Write rtsp://HOST:PORT/PATH.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("this is no address. Write rtsp://HOST:PORT/PATH.") from None
    if "@" in parts.netloc:
        raise ValueError(f"the address has a name or password in it. {STORE}")
    if SECRET_IN_PATH.search(url):
        raise ValueError(f"the address has a password in it. {IN_PATH}")
    if parts.scheme not in PORTS or not host:
        raise ValueError("this is no address of a camera. Write rtsp://HOST:PORT/PATH or rtsps://….")


def place(url: str, settings: Settings, password: str) -> Place:
    """Where FFmpeg finds a stream; only its `url` holds the password."""
    from drivers.cameras.reader import Place

    user, word = quote(settings.user, safe=""), quote(password, safe="")
    parts = urlsplit(url)
    full = url.replace("{user}", user).replace("{password}", word)
    if settings.user and "{password}" not in url:
        full = full.replace("://", f"://{user}:{word}@", 1)
    options = {"rtsp_transport": "tcp", "allowed_media_types": "video"} | BRIEF
    if parts.scheme == "rtsps":
        options |= {"tls_verify": "1", "ca_file": settings.ca, "verifyhost": settings.certified or parts.hostname or ""}
    return Place(name=named(url), url=full, options=options)


def named(url: str) -> str:
    """A stream as people may read it anywhere."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def door(settings: Settings) -> Door:
    parts = urlsplit(settings.url)
    return Door(
        name=named(settings.url),
        url=named(settings.url),
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        ca=settings.ca if parts.scheme == "rtsps" else "",
        certified=settings.certified,
    )


def probe(settings: Settings) -> Finding:
    """Whether something at the address speaks RTSP; asks without a password, opens no stream."""
    error = _why(settings)
    if error is not None:
        return Finding.failed(error)
    return Finding(verdict=Verdict.OK, code="", what=f"{named(settings.url)} speaks RTSP")


def _why(settings: Settings) -> DeviceError | None:
    """Why nothing there speaks RTSP, if that is so."""
    try:
        greet(door(settings))
    except DeviceError as error:
        return error
    return None


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Camera]:
    """Open the camera: a whole picture was decoded. Raises DeviceError."""
    from drivers.cameras.camera import open_camera

    password = secrets(settings.secret).now if settings.secret else ""
    main = place(settings.url, settings, password)
    sub = place(settings.sub_url, settings, password) if settings.sub_url else None
    async with open_camera(settings, clock, main, sub, why=lambda: _why(settings)) as camera:
        yield camera
