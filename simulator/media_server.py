"""The city's media server: cameras are pushed to it by RTSPS; what comes is decoded, so that it is known to be video.

GStreamer's RTSP server in a process of its own takes the pictures; PyAV decodes them here, as somebody who looks would.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.video.codeccontext import VideoCodecContext

from simulator.processes import Process, output
from simulator.rtsp_camera import PYTHON

LOOK_S = 0.005


class Shown(NamedTuple):
    """One decoded picture."""

    sha256: str  # of its pixels, yuv420p
    width: int
    height: int
    arrived_ns: int  # CLOCK_MONOTONIC: its last byte was there
    decoded_ns: int
    pts_ns: int  # by the sender's stamps, from its first picture on


class MediaServer:
    """start(); look() takes in what has come since the last look."""

    def __init__(
        self, name: str, port: int, folder: Path, certificate: Path, *, codec: str = "h264", host: str = "127.0.0.1"
    ) -> None:
        """certificate: PEM of certificate and key."""
        self.port = port
        self.shown: list[Shown] = []
        self.came = self.went = 0  # senders
        self.broken = 0  # pictures that could not be decoded
        self.on_picture: Callable[[Any], None] | None = None  # of each, I420: an array (height * 3 / 2, width)
        self._codec = {"h264": "h264", "h265": "hevc"}[codec]
        self._out = folder / f"{name}.pictures"
        command = [PYTHON, str(Path(__file__).with_name("record_server.py")), f"--port={port}", f"--out={self._out}"]
        command += [f"--certificate={certificate}", f"--codec={codec}", f"--address={host}"]
        self._process = Process(name, command, folder, ready="up")
        self._read = 0
        self._rest = b""
        self._decoder = self._fresh()

    async def start(self) -> None:
        if not self._process.running():
            await self._process.start()

    async def stop(self) -> None:
        await self._process.stop()

    def vanish(self) -> None:
        self._process.kill()

    def stall(self) -> None:
        """Connections stay open and nothing moves."""
        self._process.stall()

    def go_on(self) -> None:
        self._process.go_on()

    async def until_shown(self, pictures: int, patience_s: float = 20.0) -> None:
        """Until so many were decoded. Raises TimeoutError."""
        async with asyncio.timeout(patience_s):
            while len(self.look()) < pictures:
                await asyncio.sleep(LOOK_S)

    def look(self) -> list[Shown]:
        """All pictures so far."""
        if self._out.exists():
            with open(self._out, "rb") as file:
                file.seek(self._read)
                new = file.read()
            self._read += len(new)
            self._rest += new
            self._take()
        return self.shown

    def _take(self) -> None:
        while b"\n" in self._rest:
            line, _, after = self._rest.partition(b"\n")
            head = json.loads(line)
            size = head.get("bytes", 0)
            if len(after) < size:
                return
            self._rest = after[size:]
            if size:
                self._decode(after[:size], head["at_ns"], head["pts_ns"])
            else:
                self._tell(head["event"])

    def _tell(self, event: str) -> None:
        if event == "came":
            self.came += 1
            self._decoder = self._fresh()
        else:
            self.went += 1

    def _decode(self, data: bytes, arrived_ns: int, pts_ns: int) -> None:
        try:
            frames = self._decoder.decode(av.Packet(data))
        except av.FFmpegError:
            self.broken += 1
            return
        for frame in frames:
            self.broken += frame.is_corrupt
            pixels = frame.to_ndarray(format="yuv420p")
            if self.on_picture is not None:
                self.on_picture(pixels)
            sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
            self.shown.append(Shown(sha256, frame.width, frame.height, arrived_ns, time.monotonic_ns(), pts_ns))

    def _fresh(self) -> VideoCodecContext:
        decoder = av.CodecContext.create(self._codec, "r")
        assert isinstance(decoder, VideoCodecContext)  # noqa: S101 - both are of video
        decoder.thread_count = 1
        decoder.flags |= 1 << 19  # AV_CODEC_FLAG_LOW_DELAY: a picture comes out with its last byte
        return decoder


async def certificate(folder: Path, host: str = "localhost") -> tuple[Path, Path]:
    """For the media server: certificate and key in one file, and the certificate alone, which vouches for itself."""
    name = f"IP:{host}" if host[-1].isdecimal() else f"DNS:{host}"
    key, crt, both = folder / "media.key", folder / "media.crt", folder / "media.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    words += [
        "-subj",
        f"/CN={host}",
        "-addext",
        f"subjectAltName={name}",
        "-keyout",
        str(key),
        "-out",
        str(crt),
    ]
    code, _ = await output(["openssl", *words])
    if code:
        raise RuntimeError("openssl makes no certificate")
    both.write_bytes(crt.read_bytes() + key.read_bytes())
    return both, crt
