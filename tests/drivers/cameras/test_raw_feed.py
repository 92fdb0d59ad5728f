"""Raw pictures for whoever looks in another process: which planes, how often, and whether something moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cameras.attention import APART_S, HOLD_S, WISHED_S, Settings
from drivers.cameras.raw_feed import IDLE_S, Planes, RawFeed, planes
from drivers.cameras.watch import grey_of
from drivers.frame_slot import FrameSlot
from tests.drivers.slot_file import slot_in

WIDTH, HEIGHT = 640, 360
S = 1_000_000_000


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[FrameSlot]:
    with slot_in(tmp_path / "slot") as made:
        yield made


def picture(at: int | None = None, *, width: int = WIDTH, height: int = HEIGHT) -> Planes:
    """A room, and somebody at a place."""
    luma = np.full((height, width), 120, np.uint8)
    if at is not None:
        luma[80:280, at : at + 60] = 30
    blue, red = (np.full((height // 2, width // 2), shade, np.uint8) for shade in (100, 150))
    return luma, blue, red


def give(feed: RawFeed, at_s: float, found: Planes) -> None:
    feed.take(found, grey_of(found[0]), at_ns=7, monotonic_ns=round(at_s * S))


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 8), st.booleans(), st.integers(0, 2**32 - 1))
def test_planes_are_cut_from_their_rows(wide: int, high: int, beyond: int, paired: bool, seed: int) -> None:
    width, height = 2 * wide, 2 * high
    rng = np.random.default_rng(seed)
    luma, blue, red = (rng.integers(0, 256, size, np.uint8) for size in ((height, width), *[(high, wide)] * 2))
    lines = np.zeros((height * 3 // 2, width + 2 * beyond), np.uint8)
    lines[:height, :width] = luma
    if paired:
        lines[height:, :width] = np.stack([blue, red], axis=2).reshape(high, width)
    else:
        both = lines[height:].reshape(2, high, wide + beyond)
        both[0, :, :wide], both[1, :, :wide] = blue, red
    found = planes(lines, width, height, "NV12" if paired else "YUV420")
    for one, other in zip(found, (luma, blue, red), strict=True):
        assert (one == other).all()


def test_a_picture_lies_in_the_slot_as_it_was(slot: FrameSlot) -> None:
    feed = RawFeed(Settings())
    give(feed, 1.0, picture())  # nobody looks
    feed.lend(slot)
    give(feed, 2.0, picture(100))
    found = slot.newer()
    assert found is not None
    assert (found.number, found.width, found.height, found.at_ns, found.monotonic_ns) == (1, WIDTH, HEIGHT, 7, 2 * S)
    assert found.pixels == b"".join(plane.tobytes() for plane in picture(100))


@pytest.mark.parametrize(
    ("size", "fits"), [((800, 600), (640, 480)), ((322, 182), (322, 182)), ((641, 361), (640, 360))]
)
def test_what_is_too_large_is_cut_off(slot: FrameSlot, size: tuple[int, int], fits: tuple[int, int]) -> None:
    feed = RawFeed(Settings())
    feed.lend(slot)
    give(feed, 1.0, picture(width=size[0], height=size[1]))
    found = slot.newer()
    assert found is not None
    assert (found.width, found.height) == fits


def test_one_a_second_while_nothing_moves_five_while_somebody_does_ten_while_it_is_wished(slot: FrameSlot) -> None:
    feed = RawFeed(Settings())
    assert feed.pause_s(0) == IDLE_S
    feed.lend(slot)
    give(feed, 1.0, picture())
    give(feed, 2.0, picture())
    assert feed.pause_s(2 * S) == IDLE_S
    give(feed, 3.0, picture(100))
    moving = slot.newer()
    assert moving is not None
    assert moving.moving
    assert feed.pause_s(3 * S) == APART_S
    slot.wish(5 * S)
    assert feed.pause_s(4 * S) == WISHED_S
    assert feed.pause_s(6 * S) == APART_S
    assert feed.pause_s(round((3 + HOLD_S) * S)) == IDLE_S


@pytest.mark.parametrize(("what", "a_second"), [("idle", 1), ("moving", 5), ("wished", 8)])
def test_of_a_live_view_s_eight_a_second_no_more_are_taken_than_are_wanted(
    slot: FrameSlot, what: str, a_second: int
) -> None:
    """In the mean: each second one would be four of five."""
    feed = RawFeed(Settings(always=what == "moving"))
    feed.lend(slot)
    if what == "wished":
        slot.wish(60 * S)
    taken = []
    for tick in range(8 * 10):
        give(feed, 1 + tick / 8, picture())
        taken += [tick] if slot.newer() else []
    assert abs(len(taken) - 10 * a_second) <= 1
    apart = np.diff(taken)
    assert apart.max() <= np.ceil(8 / a_second)


def test_one_that_wakes_waits_no_second_for_its_next_picture(slot: FrameSlot) -> None:
    feed = RawFeed(Settings())
    feed.lend(slot)
    seen = []
    for tick in range(20):
        give(feed, 1 + tick / 8, picture(100 if tick >= 8 else None))
        seen += [(tick, found.moving)] if (found := slot.newer()) else []
    woken = [tick for tick, moving in seen if moving]
    assert woken[1] - woken[0] <= 2


def test_who_wishes_for_pictures_is_told_that_they_come(slot: FrameSlot) -> None:
    feed = RawFeed(Settings())
    feed.lend(slot)
    slot.wish(2 * S)
    give(feed, 1.0, picture())
    found = slot.newer()
    assert found is not None
    assert found.moving
