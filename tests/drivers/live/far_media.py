"""A media server on the far side, one for all tests of this process; and a camera's packets to push to it.

Its processes end with this one; a test that kills it starts it again.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from centre.pki import issue, make_authority
from drivers.cameras.ring import Form, Packet, parameter_sets
from drivers.driver import LiveTarget
from simulator.encoded import Picture, read
from simulator.media_server import MediaServer
from simulator.processes import free_port
from simulator.scenes import Sight, write_scene

SIZE, RATE, GOP_S = (320, 180), 25, 0.24
NAMES = {"h264": "h264", "h265": "hevc"}
STEP = 90_000 // RATE
Pixels = NDArray[np.uint8]  # I420, (height * 3 / 2, width)
EDGE = 4  # pixels beside a mask that an encoder may blend with it


@functools.cache
def folder() -> Path:
    found = Path(tempfile.mkdtemp(prefix="mektep-media-"))
    atexit.register(shutil.rmtree, found, ignore_errors=True)
    make_authority(found / "city")
    make_authority(found / "foreign")
    return found


@functools.cache
def pem(authority: str, host: str) -> Path:
    """A certificate for a host, by the city's authority or a foreign one; with its key."""
    made = folder() / f"{authority}-{host}"
    issue(folder() / authority, "media", made, "media", hosts=(host,))
    both = made / "media.pem"
    both.write_bytes((made / "media.crt").read_bytes() + (made / "media.key").read_bytes())
    return both


def city_ca() -> str:
    return (folder() / "city" / "ca.crt").read_text()


@functools.cache
def _made(codec: str, authority: str, host: str) -> MediaServer:
    server = MediaServer(
        f"media-{codec}-{authority}-{host}", free_port(), folder(), pem(authority, host), codec=codec
    )  # fmt: skip
    atexit.register(server.vanish)
    return server


@asynccontextmanager
async def far_media(
    *, codec: str = "h264", authority: str = "city", host: str = "localhost"
) -> AsyncIterator[MediaServer]:
    """A server that runs, with nothing shown yet."""
    server = _made(codec, authority, host)
    await server.start()
    server.look()
    server.shown.clear()
    server.came = server.went = server.broken = 0
    server.on_picture = None
    try:
        yield server
    finally:
        server.go_on()


def target(server: MediaServer, path: str = "live/a-view", **more: object) -> LiveTarget:
    return LiveTarget(host="localhost", port=server.port, path=path, ca=city_ca(), **more)  # type: ignore[arg-type]


@functools.cache
def encoded(codec: str = "h264") -> list[Picture]:
    """A camera's pictures: keyframe or not, and the packet."""
    return read(
        write_scene(
            folder(), Sight.CLEAR, codec=codec, width=SIZE[0], height=SIZE[1], rate=RATE, gop_s=GOP_S, seconds=2
        )
    )


def form(codec: str = "h264") -> Form:
    name = NAMES[codec]
    return Form(name, *SIZE, Fraction(1, 90_000), parameter_sets(name, encoded(codec)[0][1]))


def packet(number: int, codec: str = "h264") -> Packet:
    is_key, data = encoded(codec)[number % len(encoded(codec))]
    return Packet(data, is_key, number * STEP, number * STEP)


@functools.cache
def truth(codec: str = "h264") -> list[str]:
    """SHA-256 of each decoded picture."""
    decoder = av.CodecContext.create(NAMES[codec], "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    given = [*(av.Packet(data) for _, data in encoded(codec)), None]
    return [
        hashlib.sha256(frame.to_ndarray(format="yuv420p").tobytes()).hexdigest()
        for one in given
        for frame in decoder.decode(one)
    ]


def is_hidden(pixels: Pixels) -> bool:
    """The left half of a picture as it is seen: black and without colour, to the mask's edge."""
    height, width = pixels.shape[0] * 2 // 3, pixels.shape[1]
    colours = pixels[height:].reshape(2, height // 2, width // 2)[:, :, : width // 4 - EDGE // 2].astype(int)
    return int(pixels[:height, : width // 2 - EDGE].max()) < 40 and int(abs(colours - 128).max()) < 12
