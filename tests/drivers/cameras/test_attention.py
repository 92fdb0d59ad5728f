"""A stream is decoded whole while something moves: told by packets that grow, or by keyframes that differ."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.cameras.attention import HOLD_S, SIZES_LEAST, Attention, Settings, moved_share
from drivers.cameras.watch import COLUMNS, ROWS, Grey


def quiet(size: int = 600, packets: int = 60) -> Attention:
    attention = Attention(Settings())
    for number in range(packets):
        attention.on_packet(size + number % 7, number / 15)
    return attention


def room(seed: int = 0, level: int = 90) -> Grey:
    rng = np.random.default_rng(seed)
    return np.clip(level + rng.normal(0, 2, (ROWS, COLUMNS)), 0, 255).astype(np.uint8)


def test_nothing_moves() -> None:
    assert not quiet().is_awake(4.0)


def test_packets_that_grow_wake_it_for_a_while() -> None:
    attention = quiet()
    attention.on_packet(2_500, 4.0)
    assert not attention.is_awake(4.0), "one may be a hiccup"
    attention.on_packet(2_600, 4.1)
    assert attention.is_awake(4.1)
    assert attention.is_awake(4.0 + HOLD_S)
    assert not attention.is_awake(4.2 + HOLD_S)


def test_it_stays_awake_while_they_are_large() -> None:
    attention = quiet()
    for number in range(300):
        attention.on_packet(2_500, 4.0 + number / 15)
    assert attention.is_awake(4.0 + 20)


def test_a_stream_that_is_busier_for_good_is_quiet_again_one_day() -> None:
    """Rain, a fan: packets half as large again become what is usual."""
    attention = quiet()
    for number in range(400):
        attention.on_packet(1_000, 4.0 + number / 15)
    for number in range(2):
        attention.on_packet(2_000, 40.0 + number / 15)
    assert not attention.is_awake(40.2)


def test_nothing_is_said_before_quiet_is_known() -> None:
    attention = Attention(Settings())
    for number in range(SIZES_LEAST - 1):
        attention.on_packet(100 + 5_000 * (number % 2), number / 15)
    assert not attention.is_awake(1.0)


def test_a_keyframe_that_differs_wakes_it() -> None:
    attention, walker = Attention(Settings()), room(1)
    walker[80:120, 100:115] = 30
    attention.on_grey(room(), 1.0)
    attention.on_grey(room(2), 2.0)
    assert not attention.is_awake(2.0), "noise is no movement"
    attention.on_grey(walker, 3.0)
    assert attention.is_awake(3.0)


def test_a_light_that_is_switched_is_no_movement() -> None:
    attention = Attention(Settings())
    attention.on_grey(room(), 1.0)
    attention.on_grey(room(1, level=20), 2.0)
    assert not attention.is_awake(2.0)


def test_who_asks_is_heard_and_always_is_always() -> None:
    attention = quiet()
    attention.ask(9.0)
    assert attention.is_awake(9.0 + HOLD_S - 0.1)
    assert Attention(Settings(always=True)).is_awake(0.0)


@pytest.mark.parametrize(("rows", "share"), [(0, 0.0), (18, 0.1), (180, 1.0)])
def test_the_share_that_moved(rows: int, share: float) -> None:
    before = np.full((ROWS, COLUMNS), 100, np.uint8)
    after = before.copy()
    after[:rows] = 130
    assert moved_share(before, after) == pytest.approx(share)
