"""The pauses between the lives of a cell: none at first, growing, five minutes when it never lives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.cells.falls import HEALTHY_S, MAX_PAUSE_S, QUARANTINE_FROM, QUARANTINE_S, Falls


def test_the_pauses_grow_and_end_in_quarantine() -> None:
    falls, pauses = Falls(), []
    for _ in range(QUARANTINE_FROM + 1):
        falls.fell(100.0, 1.0)
        pauses.append(falls.left_s(100.0))
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, QUARANTINE_S, QUARANTINE_S]
    assert falls.quarantined
    assert falls.total == QUARANTINE_FROM + 1


def test_a_healthy_life_makes_up_for_it() -> None:
    falls = Falls()
    for _ in range(QUARANTINE_FROM):
        falls.fell(0.0, 1.0)
    falls.fell(1_000.0, HEALTHY_S)
    assert (falls.left_s(1_000.0), falls.quarantined, falls.in_a_row) == (0.0, False, 1)


def test_a_pause_passes() -> None:
    falls = Falls()
    assert falls.left_s(0.0) == 0.0
    for _ in range(3):
        falls.fell(10.0, 0.0)
    assert [falls.left_s(now) for now in (10.0, 10.75, 11.0, 20.0)] == [1.0, 0.25, 0.0, 0.0]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 200)), max_size=40))
def test_a_pause_is_never_longer_than_it_says(lives: list[tuple[float, float]]) -> None:
    falls = Falls()
    for now_s, lived_s in lives:
        falls.fell(now_s, lived_s)
        assert 0.0 <= falls.left_s(now_s) <= (QUARANTINE_S + 0.01 if falls.quarantined else MAX_PAUSE_S)
