"""Clips as a camera's stream: one shape whatever they had, made once, covered and turned; and what cannot be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from simulator import encoded
from simulator.clip_scenes import Scenes, covering, fitted, part, planes, turning
from simulator.clips import Clip, ClipError, clips
from simulator.encoded import I420, Shape
from tests.simulator.footage_made import ROWS, SMALL, folder_of

KEYS = round(SMALL.rate * SMALL.gop_s)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return clips(folder_of(tmp_path_factory.mktemp("footage"), ROWS[:1], seconds=2))[0]


def pictures(scene: Path) -> list[I420]:
    """Decoded by another decoder than the agent's."""
    stream = av.CodecContext.create("h264", "r")
    assert isinstance(stream, VideoCodecContext)
    packets = [av.Packet(one.data) for one in encoded.read(scene)]
    frames = [frame for packet in [*packets, None] for frame in stream.decode(packet)]
    return [np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8) for frame in frames]


def test_a_clip_gets_the_shape_of_the_stream(tmp_path: Path, clip: Clip) -> None:
    scene = Scenes(tmp_path, SMALL).plain(clip)
    found = encoded.read(scene)
    assert len(found) == pytest.approx(2 * SMALL.rate, abs=2)  # 10 a second became 15
    assert [at for at, one in enumerate(found) if one.key] == list(range(0, len(found), KEYS))
    shown = pictures(scene)
    assert {one.shape for one in shown} == {(54 * 3 // 2, 96)}
    luma, blue, _ = planes(shown[5])
    assert luma[:, :4].max() < 40  # 64 by 48 leaves bars at the sides
    assert luma[20:30, 40:60].mean() > 60
    assert abs(float(blue.mean()) - 128) < 3


def test_it_is_made_once(tmp_path: Path, clip: Clip) -> None:
    made = Scenes(tmp_path, SMALL).plain(clip)
    before = made.stat().st_mtime_ns
    again = Scenes(tmp_path, SMALL).plain(clip)
    assert (again, again.stat().st_mtime_ns) == (made, before)
    assert Scenes(tmp_path, SMALL._replace(rate=10)).plain(clip) != made
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in (made, Scenes(tmp_path, SMALL._replace(rate=10)).plain(clip))
    )


def test_a_short_one_is_shown_again_until_it_has_lasted(tmp_path: Path, clip: Clip) -> None:
    scenes = Scenes(tmp_path, SMALL)
    assert scenes.seconds(scenes.made(clip, "long", part(0.0, 0.0), least_s=5.0)) == pytest.approx(6.0, abs=0.3)


def test_a_cloth_hides_everything_and_a_turned_camera_shows_another_part(tmp_path: Path, clip: Clip) -> None:
    scenes = Scenes(tmp_path, SMALL)
    hangs = pictures(scenes.made(clip, "hangs", part(0.0, 0.1)))
    covered = pictures(scenes.made(clip, "covering", covering(part(0.0, 0.1))))
    turned = pictures(scenes.made(clip, "turning", turning(0.2, 0.1)))
    before, late = 0, 25
    assert spread(covered[before]) > 12  # nobody has touched it yet
    assert spread(covered[late]) < 12  # of the cloth's folds; the room had more
    assert spread(hangs[late]) > spread(covered[late])
    apart = planes(hangs[late])[0].astype(int) - planes(turned[late])[0]
    assert np.abs(apart).mean() > 8
    assert np.abs(planes(hangs[before])[0].astype(int) - planes(turned[before])[0]).mean() < 3


def spread(picture: I420) -> float:
    return float(planes(picture)[0].std())


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (64, 64), (1920, 1080), (10, 400)])
def test_nothing_is_cut_off_or_stretched(width: int, height: int) -> None:
    shape = Shape()
    frame = VideoFrame.from_ndarray(np.full((height, width, 3), 255, np.uint8), format="rgb24")
    luma = planes(fitted(frame, shape))[0] > 128
    rows, columns = np.flatnonzero(luma.any(axis=1)), np.flatnonzero(luma.any(axis=0))
    tall, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert wide == pytest.approx(tall * width / height, abs=6)
    assert tall >= 350 or wide >= 630
    assert abs((rows[0] + rows[-1]) / 2 - 180) < 4
    assert abs((columns[0] + columns[-1]) / 2 - 320) < 4


@pytest.mark.parametrize(
    ("data", "fact"),
    [(b"", "cannot be decoded"), (b"no video at all", "cannot be decoded"), (None, "cannot be decoded")],
)
def test_a_corrupt_clip_is_named_and_leaves_nothing(tmp_path: Path, clip: Clip, data: bytes | None, fact: str) -> None:
    whole = clip.path.read_bytes()
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(whole[: len(whole) // 3] if data is None else data)
    wrong = clip._replace(path=bad, sha256=hashlib.sha256(bad.read_bytes()).hexdigest())
    cache = tmp_path / "cache"
    with pytest.raises(ClipError) as error:
        Scenes(cache, SMALL).plain(wrong)
    assert error.value.code == "X-014"
    assert str(bad) in error.value.what
    assert fact in error.value.what
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, clip: Clip) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    with pytest.raises(ClipError) as error:
        Scenes(tmp_path / "file/cache", SMALL).plain(clip)
    assert error.value.code == "X-016"
    assert "XDG_CACHE_HOME" in error.value.do
