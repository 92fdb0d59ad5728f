"""The link's table: each pair of state and step is a row or cannot happen; back-off grows, is bounded and jittered."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sync.link import (
    BACKOFF_FIRST_S,
    BACKOFF_MAX_S,
    CONNECTED,
    NEXT,
    STEADY_S,
    URGENT_S,
    State,
    Step,
    backoff_s,
    failures_after,
    step,
)

OFFLINE, CONNECTING, GREETING, ONLINE, PROBING = State
CANNOT_HAPPEN = {
    # without a connection nothing arrives and nothing is awaited
    *((OFFLINE, event) for event in (Step.CONNECTED, Step.WELCOMED, Step.WAITED, Step.SILENT, Step.RECEIPT)),
    *((CONNECTING, event) for event in (Step.TRY, Step.WELCOMED, Step.WAITED, Step.SILENT)),
    # one connection at a time
    *((state, event) for state in (GREETING, ONLINE, PROBING) for event in (Step.TRY, Step.CONNECTED)),
    # waiting for the welcome has ended
    (ONLINE, Step.WAITED),
    (PROBING, Step.WAITED),
}
BECOMES = [
    (OFFLINE, Step.TRY, CONNECTING),
    (OFFLINE, Step.LOST, OFFLINE),
    (CONNECTING, Step.CONNECTED, GREETING),
    (CONNECTING, Step.RECEIPT, CONNECTING),
    (CONNECTING, Step.LOST, OFFLINE),
    (GREETING, Step.WELCOMED, ONLINE),
    (GREETING, Step.WAITED, ONLINE),
    (GREETING, Step.SILENT, GREETING),
    (GREETING, Step.RECEIPT, GREETING),
    (GREETING, Step.LOST, OFFLINE),
    (ONLINE, Step.WELCOMED, ONLINE),
    (ONLINE, Step.RECEIPT, ONLINE),
    (ONLINE, Step.SILENT, PROBING),
    (ONLINE, Step.LOST, OFFLINE),
    (PROBING, Step.WELCOMED, PROBING),
    (PROBING, Step.RECEIPT, ONLINE),
    (PROBING, Step.SILENT, PROBING),
    (PROBING, Step.LOST, OFFLINE),
]


@pytest.mark.parametrize(("state", "event", "becomes"), BECOMES)
def test_each_row_leads_where_it_should(state: State, event: Step, becomes: State) -> None:
    assert step(state, event) is becomes


@pytest.mark.parametrize(("state", "event"), list(product(State, Step)))
def test_each_pair_is_a_row_or_cannot_happen(state: State, event: Step) -> None:
    assert ((state, event) in NEXT) is not ((state, event) in CANNOT_HAPPEN)
    if (state, event) in CANNOT_HAPPEN:
        with pytest.raises(KeyError):
            step(state, event)


@pytest.mark.parametrize("state", State)
def test_a_loss_is_possible_always(state: State) -> None:
    assert step(state, Step.LOST) is OFFLINE


@pytest.mark.parametrize("state", [state for state in State if state is not OFFLINE])
def test_a_receipt_is_possible_on_every_connection(state: State) -> None:
    assert step(state, Step.RECEIPT) is not OFFLINE


def test_connected_are_the_states_after_the_connack() -> None:
    assert {GREETING, ONLINE, PROBING} == CONNECTED


@given(failures=st.integers(0, 10_000), jitter=st.floats(0, 1))
def test_back_off_is_never_above_its_limit(failures: int, jitter: float) -> None:
    assert 0 <= backoff_s(failures, jitter) <= BACKOFF_MAX_S


@given(failures=st.integers(0, 10_000), jitter=st.floats(0, 1))
def test_back_off_never_shrinks_with_failures(failures: int, jitter: float) -> None:
    assert backoff_s(failures + 1, jitter) >= backoff_s(failures, jitter)


@pytest.mark.parametrize(("failures", "limit_s"), [(0, BACKOFF_FIRST_S), (1, 2.0), (5, 32.0), (6, 60.0), (99, 60.0)])
def test_back_off_doubles_up_to_a_minute(failures: int, limit_s: float) -> None:
    assert backoff_s(failures, 1.0) == limit_s
    assert backoff_s(failures, 0.5) == limit_s / 2
    assert backoff_s(failures, 0.0) == 0.0


@given(failures=st.integers(0, 10_000), jitter=st.floats(0, 1))
def test_an_alarm_never_waits_long_and_is_jittered_too(failures: int, jitter: float) -> None:
    urgent_s = backoff_s(failures, jitter, urgent=True)
    assert urgent_s == min(backoff_s(failures, jitter), jitter * URGENT_S)


@pytest.mark.parametrize(
    ("before", "held_s", "receipted", "after"),
    [
        (0, 1.0, False, 1),
        (7, 1.0, False, 8),
        (7, STEADY_S, False, 8),
        (7, STEADY_S + 1, False, 0),
        (7, 1.0, True, 1),  # it brought something: soon again, not at once
        (0, 1.0, True, 1),
        (7, STEADY_S + 1, True, 0),
    ],
)
def test_a_connection_that_held_or_brought_receipts_is_tried_again_soon(
    before: int, held_s: float, receipted: bool, after: int
) -> None:
    assert failures_after(before, held_s=held_s, receipted=receipted) == after
