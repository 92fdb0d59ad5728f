"""FFmpeg's errors in our codes; nothing that FFmpeg says about an address is repeated."""

from __future__ import annotations

import re
from pathlib import Path

import av
import pytest

from drivers.cameras.ffmpeg_errors import broke_off, not_opened
from drivers.errors import DeviceError

URL = "rtsp://viewer:hunter2@10.0.0.5/main"
NAME = "rtsp://10.0.0.5/main"
PAGE = (Path(__file__).parents[3] / "docs/errors.md").read_text(encoding="utf-8")
OPENING = [
    (av.error.HTTPUnauthorizedError, "V-102"),
    (av.error.HTTPForbiddenError, "V-102"),
    (av.error.HTTPNotFoundError, "V-103"),
    (av.error.HTTPServerError, "V-103"),
    (av.error.HTTPOtherClientError, "V-103"),
    (av.error.ConnectionRefusedError, "V-101"),
    (av.error.TimeoutError, "V-101"),
    (av.error.ExitError, "V-101"),
    (av.error.OSError, "V-101"),
    (av.error.EOFError, "V-101"),
    (av.error.InvalidDataError, "V-107"),
    (av.error.DemuxerNotFoundError, "V-107"),
    (av.error.ExternalError, "V-101"),
]
READING = [
    (av.error.ExitError, "V-105"),
    (av.error.TimeoutError, "V-105"),
    (av.error.ConnectionResetError, "V-109"),
    (av.error.InvalidDataError, "V-109"),
    (av.error.OSError, "V-109"),
]


def said(kind: type[av.FFmpegError]) -> av.FFmpegError:
    return kind(1, "No luck", URL, (16, "rtsp", f"cannot open {URL}"))


def in_order(error: DeviceError, code: str) -> None:
    assert error.code == code
    assert f"| {code} |" in PAGE
    assert NAME in error.what
    assert error.do.endswith(".")
    assert not re.search("hunter2|viewer", f"{error!r} {error} {error.what} {error.do}")
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize(("kind", "code"), OPENING)
def test_a_camera_that_does_not_open(kind: type[av.FFmpegError], code: str) -> None:
    in_order(not_opened(said(kind), NAME), code)


@pytest.mark.parametrize(("kind", "code"), READING)
def test_an_open_camera_that_breaks_off(kind: type[av.FFmpegError], code: str) -> None:
    in_order(broke_off(said(kind), NAME), code)
