"""Whatever pupils, power and clocks do: each bell is told once, nobody is counted twice, and it is what was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from agent.school.purpose import Purpose, Way
from drivers.readings import Light
from tests.agent.school.doorway import CARDS, DATASETS, card, utc_ns
from tests.agent.school.real_box import RealBox

DAY_NS = 86_400 * 1_000_000_000
CLASS = {one.pupil: one.class_ for one in CARDS.pupils}

TIMES = ["07:50", "08:20", "09:45", "10:30", "13:20", "14:20", "15:00"]

SOME = st.sets(st.sampled_from(sorted(CLASS)), min_size=1)


class Days(RuleBasedStateMachine):
    """What was seen is kept beside the box: every passage that it told of, with its true time."""

    def __init__(self) -> None:
        super().__init__()
        self.box = RealBox(DATASETS, "2026-12-14 07:20")
        self.began_ns = self.box.true_ns
        self.passed: list[tuple[str, str, str, int]] = []  # the true day, pupil, way, time
        self.told: set[tuple[str, str, str]] = set()
        self.undated: set[str] = set()  # days with passages of which the box has lost the time
        self.box.news()

    def today(self) -> datetime:
        return datetime.fromtimestamp(self.box.true_ns // 10**9, UTC) + timedelta(hours=5)

    @rule(pupil=st.sampled_from(sorted(CLASS)), way=st.sampled_from(Way))
    def show(self, pupil: str, way: Way) -> None:
        assert self.box.tap(card(pupil), f"gate-{way}", Purpose.ENTRANCE, way=way) is Light.ACCEPTED
        self.look(way)

    @rule(minutes=st.sampled_from([0.1, 1, 7, 25, 50, 130]))
    def wait(self, minutes: float) -> None:
        self.box.wait(minutes)

    @initialize(pupils=SOME, times=st.sets(st.sampled_from(TIMES), min_size=2))
    def first_day(self, pupils: set[str], times: set[str]) -> None:
        self.day(pupils, times)

    @precondition(lambda self: self.box.true_ns - self.began_ns < 30 * DAY_NS)
    @rule(pupils=SOME, times=st.sets(st.sampled_from(TIMES), min_size=1))
    def day(self, pupils: set[str], times: set[str]) -> None:
        """As most days are: at each of these times some pass, and a bell rings later."""
        if self.today().hour >= 8:
            self.next_morning()
        for time in sorted(times):
            until_ns = utc_ns(f"{self.today().date().isoformat()} {time}")
            self.box.wait(max(0, until_ns - self.box.true_ns) / 60e9)
            for pupil in sorted(pupils):
                self.show(pupil, Way.BOTH)
            self.box.wait(15)
            self.tick()

    def next_morning(self) -> None:
        now = self.today()
        morning = (now + timedelta(days=1)).replace(hour=7, minute=45, second=0)
        self.box.wait((morning - now).total_seconds() / 60)

    @rule(away_min=st.sampled_from([0.5, 15, 200]), synced=st.booleans())
    def power_cut(self, away_min: float, synced: bool) -> None:
        if self.box.rows("select 1 from passage where day = ''"):
            self.undated |= {day for day, *_ in self.passed}
        self.box.restart(away_min=away_min, synced=synced)

    @rule(found=st.booleans())
    def clock(self, found: bool) -> None:
        self.box.find_clock() if found else self.box.lose_clock()

    @rule()
    def tick(self) -> None:
        self.box.tick()
        self.look(Way.BOTH)

    def look(self, way: Way) -> None:
        for event in self.box.news():
            if event["type"] == "attendance.passed":
                assert event["way"] == way or way is Way.BOTH
                assert event["day"] == (self.today().date().isoformat() if self.box.clock.is_synced else "")
                assert self.box.clock.is_synced or event["state"] in ("present", "back", "left")
                self.passed.append((self.today().date().isoformat(), event["pupil"], event["way"], self.box.true_ns))
            else:
                assert event["type"] == "attendance.summary"
                self.summary(event)

    def summary(self, event: dict[str, Any]) -> None:
        day, bell_ns = self.today().date().isoformat(), utc_ns(f"{event['day']} {event['bell']}")
        assert (event["day"], bell_ns <= self.box.true_ns) == (day, True)
        key = (event["class"], event["day"], event["bell"])
        assert key not in self.told
        self.told.add(key)
        assert event["enrolled"] == sum(name == event["class"] for name in CLASS.values())
        assert event["present"] + event["left_early"] + event["absent"] == event["enrolled"]
        assert event["late"] <= event["present"] + event["left_early"]
        seen = [one for one in self.passed if one[0] == day and one[3] < bell_ns]
        assert seen or day in self.undated
        if day not in self.undated:
            last = {pupil: way for _, pupil, way, _ in seen if CLASS[pupil] == event["class"]}
            assert event["present"] == sum(way == "in" for way in last.values())
            assert event["absent"] >= event["enrolled"] - len(last)

    def teardown(self) -> None:
        self.box.close()


TestDays = Days.TestCase
TestDays.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
