"""The window: always within its bounds, everything sent is given back, the rate is followed, the pace is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sync.flow import (
    BATCH_MAX,
    BATCH_MIN,
    MOST_S,
    RATE_MIN,
    RTT_KEPT_S,
    TARGET_S,
    TIMEOUT_MAX_S,
    TIMEOUT_MIN_S,
    WINDOW_FIRST,
    WINDOW_MAX,
    WINDOW_MIN,
    Flow,
    Sent,
)

SIZES = st.integers(1, 300_000)
PAUSES = st.floats(0.0, 20.0)
DEEDS = st.lists(st.tuples(st.sampled_from(["send", "receipt", "drop"]), SIZES, PAUSES), max_size=60)


def drain(flow: Flow, *, rate: float, way_s: float, for_s: float, size: int = 0) -> float:
    """A line with a rate and a way: send whenever there is room. Returns the longest time that a batch took."""
    now_s, free_s, longest_s = 0.0, 0.0, 0.0
    flying: list[tuple[float, Sent]] = []
    while now_s < for_s:
        while flow.room(now_s):
            one = size or flow.batch_bytes()
            free_s = max(free_s, now_s) + one / rate
            flying.append((free_s + way_s, flow.sent(one, now_s)))
        due_s, sent = flying.pop(0)
        now_s = max(now_s, due_s)
        longest_s = max(longest_s, now_s - sent.at_s) if now_s > for_s / 2 else 0.0
        flow.receipted(sent, now_s)
    for _, sent in flying:
        flow.dropped(sent)
    return longest_s


# --- the window ---------------------------------------------------------------------------------------------


@given(DEEDS)
def test_whatever_happens_the_window_keeps_its_bounds(deeds: list[tuple[str, int, float]]) -> None:
    flow, now_s, flying = Flow(), 0.0, list[Sent]()
    for deed, size, pause_s in deeds:
        now_s += pause_s
        if deed == "send":
            flying.append(flow.sent(size, now_s))
        elif flying:
            (flow.receipted if deed == "receipt" else lambda sent, _: flow.dropped(sent))(flying.pop(0), now_s)
        assert flow.on_its_way == sum(sent.size for sent in flying)
        assert WINDOW_MIN <= flow.window <= WINDOW_MAX
        assert BATCH_MIN <= flow.batch_bytes() <= BATCH_MAX
        assert flow.batch_bytes() * 2 <= flow.window  # several are on their way
        assert flow.rate >= 0
    for sent in flying:
        flow.dropped(sent)
    assert flow.on_its_way == 0
    assert flow.room(now_s)


@given(DEEDS)
def test_with_room_a_batch_never_passes_the_window(deeds: list[tuple[str, int, float]]) -> None:
    flow, now_s = Flow(), 0.0
    for _, size, pause_s in deeds:
        now_s += pause_s
        if flow.room(now_s):
            flow.sent(min(size, flow.batch_bytes()), now_s)
        assert flow.on_its_way <= flow.window


def test_it_begins_small() -> None:
    assert Flow().window == WINDOW_FIRST


@pytest.mark.parametrize("rate", [30_000.0, 125_000.0, 2_000_000.0, 5_000_000.0])
@pytest.mark.parametrize("way_s", [0.002, 0.1])
def test_a_steady_line_is_filled_and_an_alarm_still_overtakes(rate: float, way_s: float) -> None:
    flow = Flow()
    longest_s = drain(flow, rate=rate, way_s=way_s, for_s=60.0)
    assert flow.rate == pytest.approx(rate, rel=0.25)
    assert longest_s <= max(MOST_S, WINDOW_MIN / rate) + way_s + 0.2
    assert flow.window >= rate * min(MOST_S, max(TARGET_S, way_s)) * 0.7


WINDOWS = [  # bytes that may be on their way, and how many batches fill them
    (WINDOW_MIN, 2),
    (23_000, 2),
    (25_000, 3),
    (4 * BATCH_MIN, 4),
    (500_000, 4),
    (WINDOW_MAX, WINDOW_MAX // BATCH_MAX),
]


@pytest.mark.parametrize(("window", "batches"), WINDOWS)
def test_few_batches_fill_a_window_of_any_size(window: int, batches: int) -> None:
    flow = Flow()
    flow.rate = window / TARGET_S
    sent = 0
    while flow.room(0.0):
        flow.sent(flow.batch_bytes(), 0.0)
        sent += 1
    assert sent == batches
    assert flow.on_its_way >= 0.9 * flow.window


@pytest.mark.parametrize("way_s", [0.01, 0.5])
def test_from_the_smallest_window_it_grows_again(way_s: float) -> None:
    """As where a whole city had come back at once, and has its day behind it now."""
    flow = Flow()
    drain(flow, rate=5_000.0, way_s=way_s, for_s=600.0)
    assert flow.window == WINDOW_MIN
    drain(flow, rate=125_000.0, way_s=way_s, for_s=60.0)
    assert flow.rate == pytest.approx(125_000, rel=0.25)


def test_a_line_that_became_slow_shrinks_the_window() -> None:
    flow = Flow()
    drain(flow, rate=2_000_000.0, way_s=0.01, for_s=10.0)
    wide = flow.window
    drain(flow, rate=20_000.0, way_s=0.01, for_s=600.0)
    assert flow.window < wide / 10


def test_overdue_receipts_halve_the_rate_down_to_what_the_smallest_window_is() -> None:
    flow = Flow()
    flow.overdue()
    assert flow.rate == 0  # nothing is known yet
    drain(flow, rate=2_000_000.0, way_s=0.01, for_s=10.0)
    rate = flow.rate
    flow.overdue()
    assert flow.rate == rate / 2
    for _ in range(20):
        flow.overdue()
    assert flow.rate == RATE_MIN
    assert flow.window == WINDOW_MIN
    assert flow.timeout_s(1.0) < 6  # a centre that comes back is noticed soon


def test_overdue_receipts_never_raise_a_rate_that_is_lower() -> None:
    flow = Flow()
    flow.receipted(flow.sent(1_000, 0.0), 1.0)
    flow.overdue()
    assert flow.rate == 1_000


def test_what_was_sent_again_is_measured_from_its_first_time() -> None:
    flow = Flow()
    flow.receipted(flow.sent(1_000, 0.0), 1.0)
    first = flow.sent(4_000, 2.0)
    flow.dropped(first)
    flow.receipted(flow.sent(4_000, 9.9), 10.0, first)  # within a tenth of a second, or after eight
    assert (flow.rate, flow.rtt_s, flow.on_its_way) == (1_000, 1.0, 0)


def test_a_line_that_became_fast_is_believed_at_once() -> None:
    flow = Flow()
    drain(flow, rate=20_000.0, way_s=0.01, for_s=30.0)
    flow.receipted(flow.sent(100_000, 100.0), 100.1)
    assert flow.rate == pytest.approx(1_000_000, rel=0.01)


def test_a_trickle_does_not_shrink_the_window() -> None:
    flow = Flow()
    drain(flow, rate=2_000_000.0, way_s=0.01, for_s=10.0)
    rate = flow.rate
    for second in range(100, 130):
        flow.receipted(flow.sent(500, float(second)), second + 0.01)
    assert flow.rate == rate


def test_the_round_trip_is_the_shortest_and_forgets_after_a_while() -> None:
    flow = Flow()
    for at_s, took_s in ((0.0, 0.3), (1.0, 0.1), (2.0, 0.5)):
        flow.receipted(flow.sent(100, at_s), at_s + took_s)
    assert flow.rtt_s == pytest.approx(0.1)
    for at_s in (RTT_KEPT_S + 5, 2 * RTT_KEPT_S + 10, 3 * RTT_KEPT_S + 15):  # the way has become longer
        flow.receipted(flow.sent(100, at_s), at_s + 0.4)
    assert flow.rtt_s == pytest.approx(0.4)


@given(DEEDS, st.floats(0, 1))
def test_a_timeout_is_bounded_and_jittered(deeds: list[tuple[str, int, float]], jitter: float) -> None:
    flow, now_s = Flow(), 0.0
    for _, size, pause_s in deeds:
        flow.receipted(flow.sent(size, now_s), now_s + pause_s)
        now_s += pause_s
    assert TIMEOUT_MIN_S <= flow.timeout_s(jitter) <= TIMEOUT_MAX_S * 1.5
    assert flow.timeout_s(0.0) <= flow.timeout_s(jitter) <= flow.timeout_s(1.0) == flow.timeout_s(0.0) * 1.5


# --- the pace -----------------------------------------------------------------------------------------------


@given(pace=st.floats(500, 200_000), size=st.integers(100, 50_000), ticks=st.lists(st.floats(0.001, 3.0), max_size=60))
def test_bulk_keeps_its_pace(pace: float, size: int, ticks: list[float]) -> None:
    flow, now_s, sent_bytes = Flow(), 0.0, 0
    flow.pace(pace, 1e9, now_s)
    for tick_s in ticks:
        now_s += tick_s
        while flow.room(now_s):
            flow.dropped(flow.sent(size, now_s))
            sent_bytes += size
        assert sent_bytes <= pace * (now_s + 1) + size  # a second may be saved up, the last batch may overhang


@given(pace=st.floats(1, 1e6), size=st.integers(1, 1_000_000), for_s=st.floats(0.1, 1e6))
def test_after_the_time_that_it_names_the_pace_allows_the_next(pace: float, size: int, for_s: float) -> None:
    flow = Flow()
    flow.pace(pace, 100.0 + for_s, 100.0)
    flow.dropped(flow.sent(size, 100.0))
    wait_s = flow.paced_until(100.0)
    assert 0 < wait_s <= for_s * 1.001
    assert not flow.room(100.0)
    assert flow.room(100.0 + wait_s * 1.001 + 1e-3)


def test_alarms_neither_wait_for_the_pace_nor_use_it_up() -> None:
    flow = Flow()
    flow.pace(1_000, 1e9, 0.0)
    for _ in range(10):
        flow.dropped(flow.sent(5_000, 0.0, bulk=False))
    assert flow.room(0.0)
    assert flow.paced_until(0.0) == 0.0


def test_a_pace_of_zero_lifts_it() -> None:
    flow = Flow()
    flow.pace(10, 1e9, 0.0)
    flow.dropped(flow.sent(5_000, 0.0))
    assert not flow.room(1.0)
    flow.pace(0, 1e9, 1.0)
    assert flow.room(1.0)
    assert flow.paced_until(1.0) == 0.0


def test_a_pace_ends_by_itself() -> None:
    flow = Flow()
    flow.pace(10, 60.0, 0.0)
    flow.dropped(flow.sent(5_000, 0.0))
    assert not flow.room(59.0)
    assert flow.room(60.0)
