"""The state machine of a button: its table, presses long and short, again and again, and stuck."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sensors.press import AGAIN_NS, NEXT, STUCK_NS, Press, State, Step

MS = 1_000_000
HOLD_NS = 60 * MS


def watch(moves: list[tuple[int, bool]], until_ms: int, press: Press | None = None) -> list[int]:
    """When reports were made, in milliseconds; looked at each 10 ms."""
    press, reports, moves = press or Press(HOLD_NS), [], list(moves)
    for now_ms in range(0, until_ms, 10):
        while moves and moves[0][0] <= now_ms:
            press.move(moves.pop(0)[1], now_ms * MS)
        if press.look(now_ms * MS):
            reports.append(now_ms)
    return reports


def test_each_pair_is_a_row_or_cannot_be() -> None:
    cannot = {(state, Step.PRESS) for state in State if state is not State.UP}  # it is pressed already
    cannot |= {(State.UP, step) for step in Step if step is not Step.PRESS}
    cannot |= {(State.DOWN, Step.TOO_LONG), (State.HELD, Step.LONG_ENOUGH)}  # a press is told before it can be stuck
    cannot |= {(State.STUCK, Step.LONG_ENOUGH), (State.STUCK, Step.TOO_LONG)}
    assert set(product(State, Step)) - set(NEXT) == cannot


PRESSES = [
    ("a press", [(100, True), (400, False)], [160]),
    ("a press for ever is one report", [(100, True)], [160]),
    ("too short", [(100, True), (150, False)], []),
    ("just long enough", [(100, True), (160, False)], []),
    ("two presses of two people", [(100, True), (300, False), (4_000, True), (4_200, False)], [160, 4_060]),
    ("a frightened hand", [(at + up, not up) for at in range(0, 2_000, 200) for up in (0, 100)], [60]),
]


@pytest.mark.parametrize(("moves", "reports"), [one[1:] for one in PRESSES], ids=[one[0] for one in PRESSES])
def test_presses(moves: list[tuple[int, bool]], reports: list[int]) -> None:
    assert watch(moves, 10_000) == reports


def test_what_was_no_report_is_counted() -> None:
    press = Press(HOLD_NS)
    watch([(0, True), (100, False), (500, True), (600, False), (800, True), (810, False)], 2_000, press)
    assert (press.again, press.short) == (1, 1)


def test_hammering_for_minutes_is_a_report_each_three_seconds() -> None:
    moves = [(at + up, not up) for at in range(0, 60_000, 200) for up in (0, 100)]
    reports = watch(moves, 60_000)
    assert len(reports) == 60_000 * MS // AGAIN_NS


def test_stuck_after_half_a_minute_and_free_when_it_is_released() -> None:
    press = Press(HOLD_NS)
    assert watch([(0, True)], STUCK_NS // MS, press) == [60]
    assert press.state is State.HELD
    assert not press.look(STUCK_NS)
    assert press.state is State.STUCK
    press.move(False, STUCK_NS + MS)
    assert press.state is State.UP


@pytest.mark.parametrize("down", [True, False])
def test_as_it_is_found_is_no_report(down: bool) -> None:
    press = Press(HOLD_NS)
    press.find(down, 0)
    assert not press.look(10 * HOLD_NS)
    if down:
        press.move(False, 11 * HOLD_NS)
    press.move(True, 12 * HOLD_NS)
    assert press.look(13 * HOLD_NS)


@given(st.lists(st.integers(1, 5_000), max_size=60))
def test_reports_are_never_closer_than_they_may_be(gaps_ms: list[int]) -> None:
    at, moves = 0, []
    for index, gap in enumerate(gaps_ms):
        at += gap
        moves.append((at, index % 2 == 0))
    reports = watch(moves, at + 1_000)
    assert all(after - before >= AGAIN_NS // MS for before, after in pairwise(reports))
    assert len(reports) <= sum(down for _, down in moves)
