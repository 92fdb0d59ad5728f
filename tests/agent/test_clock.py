"""UTC never runs backwards by itself; only a synced clock may set it back."""

from __future__ import annotations

import time

import pytest

from agent import kernel_clock
from agent.clock import SystemClock


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The kernel's clock, as the test sets it."""
    state: dict[str, object] = {"utc": 1_795_420_800 * 10**9, "synced": False, "up": 10**9}
    monkeypatch.setattr(kernel_clock, "synced", lambda: state["synced"])
    monkeypatch.setattr(time, "time_ns", lambda: state["utc"])
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: state["up"])
    return state


def test_an_unsynced_clock_never_goes_below_what_is_proven(kernel: dict[str, object]) -> None:
    clock = SystemClock()
    clock.not_before(1_800_000_000 * 10**9)
    assert clock.utc_ns() == 1_800_000_000 * 10**9
    kernel["utc"] = 1_700_000_000 * 10**9
    assert clock.utc_ns() == 1_800_000_000 * 10**9
    kernel["utc"] = 1_700_000_005 * 10**9
    assert clock.utc_ns() == 1_800_000_005 * 10**9  # it ticks on, it does not stand still


def test_a_synced_clock_may_go_back(kernel: dict[str, object]) -> None:
    clock = SystemClock()
    clock.not_before(1_893_456_000 * 10**9)
    assert clock.utc_ns() == 1_893_456_000 * 10**9
    kernel["synced"], kernel["up"] = True, 10**10
    assert clock.synced()
    assert clock.utc_ns() == 1_795_420_800 * 10**9


def test_a_signed_time_lifts_an_unsynced_clock_only(kernel: dict[str, object]) -> None:
    clock = SystemClock()
    clock.prove(1_796_000_000 * 10**9)
    assert clock.utc_ns() == 1_796_000_000 * 10**9
    kernel["synced"], kernel["up"] = True, 10**10
    clock.prove(1_799_000_000 * 10**9)
    assert clock.utc_ns() == 1_795_420_800 * 10**9


def test_the_real_kernel_answers() -> None:
    clock = SystemClock()
    first = clock.now()
    assert isinstance(first.synced, bool)
    assert clock.now().monotonic_ns >= first.monotonic_ns
    assert len(clock.boot_id) == 36
