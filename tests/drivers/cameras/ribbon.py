"""In place of picamera2, libcamera and simplejpeg, which are Debian's: it shows only what the driver asks of them."""

from __future__ import annotations

import io
import os
import sys
import threading
import types
from typing import Any

import numpy as np
import pytest

from drivers.cameras import csi
from drivers.readings import BLOCKS

NOISE = np.random.default_rng(1).integers(0, 256, (540, 704), np.uint8)  # a stride of 704 for 640 pixels


class StandIn:
    """As much of picamera2.Picamera2 as the driver uses. One class a test: its attributes are the camera's faults."""

    cameras = 1
    refuses_to_open = refuses_sizes = silent = False
    hangs: threading.Event | None = None  # set when it does, until goes_on is
    goes_on: threading.Event
    sensor_resolution = (4608, 2592)
    bytes_at: dict[int, int] = {}  # noqa: RUF012 - quality -> size of a JPEG
    open_now = pictures = 0
    asked: dict[str, Any] = {}  # noqa: RUF012

    @classmethod
    def global_camera_info(cls) -> list[dict[str, int]]:
        return [{"Num": number} for number in range(cls.cameras)]

    def __init__(self, number: int) -> None:
        read, self.notifyme_w = os.pipe()
        os.close(read)
        self.is_open = False
        if self.refuses_to_open:
            raise RuntimeError("Camera __init__ sequence did not complete.") from RuntimeError("Device busy")
        self.is_open = True
        self.options: dict[str, int] = {}
        type(self).open_now += 1

    def create_video_configuration(self, **words: Any) -> dict[str, Any]:
        type(self).asked = words
        return words

    def configure(self, _configuration: dict[str, Any]) -> None:
        if self.refuses_sizes:
            raise RuntimeError("Invalid camera configuration")

    def camera_configuration(self) -> dict[str, Any]:
        return self.asked

    def start(self) -> None: ...

    def capture_request(self, *, wait: bool) -> StandIn:
        assert not wait
        return self

    def wait(self, job: StandIn, timeout: float) -> StandIn:
        if self.silent:
            raise TimeoutError
        if self.hangs:
            self.hangs.set()
            self.goes_on.wait()
        return job

    def make_array(self, name: str) -> Any:
        if name == "main":
            width, height = self.asked["main"]["size"]
            return np.full((height * 3 // 2, width + 64), 200, np.uint8)  # rows are longer than the picture
        self.pictures += 1
        return np.roll(NOISE, self.pictures - 1, axis=1)  # a living camera never gives the same twice

    def save(self, name: str, file: io.BytesIO, format: str) -> None:
        assert (name, format) == ("main", "jpeg")
        file.write(bytes(self.bytes_at.get(self.options["quality"], 1000)))

    def release(self) -> None: ...

    def cancel_all_and_flush(self) -> None: ...

    def close(self) -> None:
        type(self).open_now -= 1
        os.close(self.notifyme_w)


def encode_jpeg(picture: Any, *, colorspace: str, colorsubsampling: str) -> bytes:
    """In place of a JPEG: the shape of the picture, and of how many blocks it is wide."""
    assert (colorspace, colorsubsampling, picture.dtype) == ("GRAY", "Gray", np.uint8)
    cell = picture.shape[1] // BLOCKS
    blocks = picture.reshape(picture.shape[0] // cell, cell, BLOCKS, cell)
    assert (blocks == blocks[:, :1, :, :1]).all()
    return f"{picture.shape} {blocks.shape[2]}".encode()


def in_place(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """Of the real ones, in this process; the driver waits for nothing long."""

    class Camera(StandIn):
        pass

    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=Camera))
    monkeypatch.setitem(sys.modules, "libcamera", types.SimpleNamespace(Transform=dict))
    monkeypatch.setitem(sys.modules, "simplejpeg", types.SimpleNamespace(encode_jpeg=encode_jpeg))
    monkeypatch.setattr(csi, "LOOK_S", 0.01)
    monkeypatch.setattr(csi, "EARLY", 0)  # every picture is judged: these clocks stand still
    monkeypatch.setattr(csi, "SLICE_S", 0.01)
    monkeypatch.setattr(csi, "SILENT_S", 0.05)
    return Camera
