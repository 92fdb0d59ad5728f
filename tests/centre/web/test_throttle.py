"""So often, and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from centre.web.throttle import KEYS_MAX, Throttle


class Clock:
    """Moves when told."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_it_waits_until_the_first_try_is_old() -> None:
    clock = Clock()
    throttle = Throttle(2, 10, clock)
    assert throttle.wait_s("a") == 0
    throttle.note("a")
    clock.now_s = 4
    throttle.note("a")
    assert (throttle.wait_s("a"), throttle.wait_s("b")) == (6, 0)
    clock.now_s = 10
    assert throttle.wait_s("a") == 0
    throttle.note("a")
    throttle.forget("a")
    assert throttle.wait_s("a") == 0


def test_it_forgets_the_oldest() -> None:
    throttle = Throttle(1, 10, Clock())
    for number in range(KEYS_MAX + 1):
        throttle.note(str(number))
    assert (throttle.wait_s("0"), throttle.wait_s("1")) == (0, 10)


@given(st.lists(st.floats(0, 5), max_size=40), st.integers(1, 5))
def test_never_more_than_so_many_in_the_time(pauses: list[float], times: int) -> None:
    clock, done = Clock(), list[float]()
    throttle = Throttle(times, 10, clock)
    for pause in pauses:
        clock.now_s += pause
        if throttle.wait_s("a") == 0:
            throttle.note("a")
            done.append(clock.now_s)
    for at in done:
        assert sum(at <= other < at + 10 for other in done) <= times
