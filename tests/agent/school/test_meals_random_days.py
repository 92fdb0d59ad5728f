"""No order of taps, restarts, newer data, reversals and a lost clock counts a meal twice or lets a child go hungry."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.agent.school.canteen import MONDAY, OPERATOR_CARD, card
from tests.agent.school.random_days import BOOKS, PUPILS, READERS, Days

DAY_S = 86_400
pupils = st.sampled_from(PUPILS)
readers = st.sampled_from(READERS)
times = st.sampled_from(["08:10", "09:25", "11:05", "12:50", "14:20"])
offs = st.sampled_from([0, -10_000, 12_000, -3 * DAY_S, 2 * DAY_S - 9_000, 4_000 * DAY_S, -400 * DAY_S])


class RandomDays(RuleBasedStateMachine):
    """Hypothesis plays the school."""

    days: Days

    @initialize(starts=st.sampled_from([MONDAY, "2026-09-28"]), data=st.sampled_from(range(len(BOOKS))))
    def begins(self, starts: str, data: int) -> None:
        """One of the days is before tariffs and entitlements change."""
        self.days = Days(starts, data)

    @rule(pupil=pupils, shown=st.sampled_from([READERS[:1], READERS[1:], READERS]))
    def eats(self, pupil: int, shown: tuple[str, ...]) -> None:
        self.days.passes(16)  # no reader waits for an operator's second card
        self.days.eats(pupil, *shown)

    @rule(pupil=pupils, times=st.sampled_from([("09:25", "11:05"), ("11:05", "12:50"), ("08:10", "09:25", "11:05")]))
    def eats_and_eats(self, pupil: int, times: tuple[str, ...]) -> None:
        for time in times:
            self.days.until(time)
            self.days.eats(pupil, *READERS[:1])

    @rule(pupil=pupils, off_s=offs, data=st.none() | st.sampled_from(range(len(BOOKS))), found=st.booleans())
    def eats_without_a_clock(self, pupil: int, off_s: int, data: int | None, found: bool) -> None:
        self.days.loses_the_clock(off_s)
        self.days.passes(16)
        self.days.eats(pupil, *READERS[:1])
        if data is not None:
            self.days.publish(data)
        if found:
            self.days.finds_the_clock()

    @rule(pupil=pupils, off_s=offs, days=st.sampled_from([0, 0, 1, 2]), time=times)
    def eats_in_a_short_life(self, pupil: int, off_s: int, days: int, time: str) -> None:
        """The machine starts without a clock, a child eats, and it is gone again; later it starts with one."""
        self.days.restarts(machine=True)
        self.days.loses_the_clock(off_s)
        self.days.eats(pupil, *READERS[:1])
        self.days.restarts(machine=True)
        self.days.until(time, days)
        self.days.finds_the_clock()
        self.days.ticks()

    @rule(some=st.lists(pupils, min_size=2, max_size=4), reader=readers)
    def queue(self, some: list[int], reader: str) -> None:
        self.days.passes(16)
        self.days.shows(*((card(pupil), reader) for pupil in some))

    @rule(pupil=pupils, reader=readers)
    def is_taken_back(self, pupil: int, reader: str) -> None:
        self.days.operates(card(pupil), reader)

    @rule(reader=readers)
    def forgot_the_card(self, reader: str) -> None:
        self.days.operates(OPERATOR_CARD, reader)

    @precondition(lambda self: self.days.clock.is_synced)
    @rule(pupil=pupils, meal=st.sampled_from(["breakfast", "lunch"]))
    def ate_elsewhere(self, pupil: int, meal: str) -> None:
        self.days.hears(pupil, meal)

    @rule(seconds=st.sampled_from([1, 30, 61, 600, 3_000, 6_000]))
    def time_passes(self, seconds: int) -> None:
        self.days.passes(seconds)

    @rule(time=times, days=st.sampled_from([0, 0, 0, 1, 5]))
    def until(self, time: str, days: int) -> None:
        self.days.until(time, days)

    @rule(machine=st.booleans())
    def restarts(self, machine: bool) -> None:
        self.days.restarts(machine=machine)

    @rule(off_s=offs)
    def loses_the_clock(self, off_s: int) -> None:
        self.days.loses_the_clock(off_s)

    @rule(off_s=st.sampled_from([0, -10_000, 2 * DAY_S]))
    def power_fails(self, off_s: int) -> None:
        self.days.restarts(machine=True)
        self.days.loses_the_clock(off_s)

    @rule()
    def finds_the_clock(self) -> None:
        self.days.finds_the_clock()

    @rule()
    def ticks(self) -> None:
        self.days.ticks()

    @rule(number=st.integers(0, len(BOOKS) - 1))
    def hears_of_newer_data(self, number: int) -> None:
        self.days.publish(number)

    @invariant()
    def adds_up(self) -> None:
        self.days.check()

    def teardown(self) -> None:
        if hasattr(self, "days"):
            try:
                self.days.ends_well()
            finally:
                self.days.close()


RandomDays.TestCase.settings = settings(
    max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
test_random_days = RandomDays.TestCase
