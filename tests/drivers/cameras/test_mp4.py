"""An MP4 grows by fragments that play without those that follow, also where the parameters come beside the stream."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest

from drivers.cameras.mp4 import HEAD_COST, PACKET_COST, Mp4
from drivers.cameras.ring import Form, Packet, parameter_sets
from simulator.scenes import Sight, write_scene
from tests.drivers.cameras.test_ring import scene

NAMES = {"h264": "h264", "h265": "hevc"}


def packets(folder: Path, codec: str, *, bare: bool = False) -> tuple[Form, list[Packet]]:
    """Three seconds, ten pictures each; bare: the parameter sets are in the form alone."""
    found = scene(write_scene(folder, Sight.CLEAR, codec=codec, width=320, height=180, seconds=3))
    parameters = parameter_sets(NAMES[codec], found[0][1])
    form = Form(NAMES[codec], 320, 180, Fraction(1, 90_000), parameters)
    assert parameters
    return form, [
        Packet(data.replace(parameters, b"") if bare else data, key, at * 9_000 + 777, at * 9_000 + 777)
        for at, (key, data) in enumerate(found)
    ]


def played(content: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(content), "r") as file:
        return [one for one in file.decode(video=0) if not one.is_corrupt]


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_every_picture_plays_and_it_begins_at_nought(codec: str, bare: bool, tmp_path: Path) -> None:
    form, given = packets(tmp_path, codec, bare=bare)
    mp4 = Mp4(form)
    for one in given:
        mp4.add(one)
    mp4.close()
    content = mp4.take()
    frames = played(content)
    assert len(frames) == len(given)
    assert frames[0].pts == 0
    cost = HEAD_COST + sum(len(one.data) + PACKET_COST for one in given)
    assert sum(len(one.data) for one in given) < len(content) <= cost


def test_what_was_written_before_plays_if_nothing_follows(tmp_path: Path) -> None:
    form, given = packets(tmp_path, "h264")
    mp4, content = Mp4(form), b""
    for one in given[:-5]:
        mp4.add(one)
        content += mp4.take()
    assert len(played(content)) >= 10
    mp4.close()
    assert mp4.take()
