"""The state machine of a contact: its table, recorded-like traces of bouncing relays and loose wires, and what holds
whatever happens: nothing is told twice, a restless contact tells little, a quiet one tells the truth.
"""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.readings import ContactState
from drivers.sensors.bounce import CHANGES_MOST, CHANGES_NS, NEXT, QUIET_NS, UNSETTLED_NS, Bounce, Phase, Step

IDLE, ACTIVE, FLAPPING, CUT = ContactState.IDLE, ContactState.ACTIVE, ContactState.FLAPPING, ContactState.CUT
MS = 1_000_000
SETTLE_NS = 20 * MS
LOOK_NS = 5 * MS

Told = list[tuple[int, ContactState]]  # milliseconds, what was told then


def watch(trace: list[tuple[int, ContactState]], until_ms: int, contact: Bounce | None = None) -> Told:
    """Look each 5 ms at a contact that changes at these milliseconds."""
    contact, told, changes = contact or Bounce(SETTLE_NS), [], list(trace)
    state = changes.pop(0)[1]
    for now_ms in range(0, until_ms, 5):
        moved = 0
        while changes and changes[0][0] <= now_ms:
            state, moved = changes.pop(0)[1], moved + 1
        found = contact.see(state, now_ms * MS, moved=moved > 0)
        if found is not None:
            told.append((now_ms, found))
    return told


def test_each_pair_is_a_row_or_cannot_be() -> None:
    cannot = {(Phase.STEADY, Step.SETTLED), (Phase.STEADY, Step.TOO_MUCH), (Phase.FLAPPING, Step.TOO_MUCH)}
    assert set(product(Phase, Step)) - set(NEXT) == cannot


def test_from_every_phase_every_other_can_be_reached() -> None:
    for begin in Phase:
        reached = {begin}
        for _ in Phase:
            reached |= {after for (phase, _), after in NEXT.items() if phase in reached}
        assert reached == set(Phase)


TRACES = [
    ("at first as it is", [(0, IDLE)], 100, [(20, IDLE)]),
    ("a clean change", [(0, IDLE), (100, ACTIVE)], 300, [(20, IDLE), (120, ACTIVE)]),
    (
        "a relay that bounces for 8 ms",
        [(0, IDLE), (100, ACTIVE), (101, IDLE), (103, ACTIVE), (106, IDLE), (108, ACTIVE)],
        300,
        [(20, IDLE), (130, ACTIVE)],
    ),
    ("a spike", [(0, IDLE), (100, ACTIVE), (101, IDLE)], 300, [(20, IDLE)]),
    ("a spike that is over before we look", [(0, IDLE), (101, ACTIVE), (102, IDLE)], 300, [(20, IDLE)]),
    ("on for less than it takes", [(0, IDLE), (100, ACTIVE), (115, IDLE)], 300, [(20, IDLE)]),
    ("on and off", [(0, IDLE), (100, ACTIVE), (300, IDLE)], 500, [(20, IDLE), (120, ACTIVE), (320, IDLE)]),
]


@pytest.mark.parametrize(("trace", "until_ms", "told"), [one[1:] for one in TRACES], ids=[one[0] for one in TRACES])
def test_a_trace_tells(trace: list[tuple[int, ContactState]], until_ms: int, told: Told) -> None:
    assert watch(trace, until_ms) == told


def test_noise_is_counted() -> None:
    contact = Bounce(SETTLE_NS)
    watch([(0, IDLE), (100, ACTIVE), (101, IDLE), (200, ACTIVE), (202, IDLE)], 400, contact)
    assert contact.noise == 2


def test_a_loose_wire_is_told_once_and_its_state_when_it_is_quiet() -> None:
    loose = [(at, ACTIVE if at // 10 % 2 else IDLE) for at in range(100, 30_000, 10)]  # never still for 20 ms
    told = watch([(0, IDLE), *loose, (30_000, ACTIVE)], 40_000)
    assert told == [(20, IDLE), (100 + UNSETTLED_NS // MS, FLAPPING), (30_000 + QUIET_NS // MS, ACTIVE)]


def test_a_contact_that_changes_too_often_flaps_though_it_settles_each_time() -> None:
    often = [(1_000 * n, ACTIVE if n % 2 else IDLE) for n in range(60)]
    told = watch(often, 70_000)
    assert [state for _, state in told] == [IDLE, ACTIVE, IDLE, ACTIVE, IDLE, ACTIVE, FLAPPING, ACTIVE]
    assert told[-1][0] == 59_000 + QUIET_NS // MS


def test_a_door_that_is_used_all_day_does_not_flap() -> None:
    door = [(2_500 * n, ACTIVE if n % 2 else IDLE) for n in range(40)]
    assert FLAPPING not in [state for _, state in watch(door, 110_000)]


def test_a_loop_may_go_from_any_state_to_any() -> None:
    told = watch([(0, IDLE), (100, CUT), (500, ACTIVE), (900, IDLE)], 2_000)
    assert [state for _, state in told] == [IDLE, CUT, ACTIVE, IDLE]


states = st.sampled_from([IDLE, ACTIVE])
gaps_ms = st.integers(1, 60) | st.integers(1, 3_000)


@given(st.lists(st.tuples(gaps_ms, states), max_size=120))
def test_nothing_is_told_twice_little_is_told_and_at_last_the_truth(moves: list[tuple[int, ContactState]]) -> None:
    trace, at_ms = [(0, IDLE)], 0
    for gap_ms, state in moves:
        at_ms += gap_ms
        trace.append((at_ms, state))
    end_ms = at_ms + QUIET_NS // MS + 2 * SETTLE_NS // MS
    contact = Bounce(SETTLE_NS)
    told = watch(trace, end_ms + 10, contact)
    assert all(before[1] is not after[1] for before, after in pairwise(told))
    assert told[-1][1] is trace[-1][1]
    assert contact.phase is Phase.STEADY
    for at, _ in told:
        within = [one for one, _ in told if at <= one < at + CHANGES_NS // MS]
        assert len(within) <= 2 * CHANGES_MOST + 2
