"""Whatever children, power, clocks and new data do: one child is in one club, and what is paid for was there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.book import Book
from agent.datasets import Clubs
from agent.school.purpose import Purpose
from drivers.readings import Light
from tests.agent.school.doorway import ASEL, CHESS, DANA, DATASETS, ERLAN, ROBOTS, SWIMMING, card, voucher
from tests.agent.school.real_box import RealBox

MINUTE_NS = 60_000_000_000
ROOMS = {"room-1": ("chess", "robots"), "pool": ("swimming",)}
VOUCHERS = [
    voucher(ASEL, "chess"), voucher(ASEL, "robots"), voucher(ASEL, "swimming"), voucher(DANA, "chess"),
    voucher(DANA, "swimming", last="2026-12-14"), voucher(ERLAN, "chess", first="2026-12-11"),
]  # fmt: skip
VERSIONS = [
    Clubs(clubs=[CHESS, ROBOTS, SWIMMING], vouchers=VOUCHERS),
    Clubs(clubs=[msgspec.structs.replace(CHESS, places=1, tenge=950, minimum_min=45), SWIMMING], vouchers=VOUCHERS),
    Clubs(clubs=[CHESS, ROBOTS, SWIMMING], vouchers=VOUCHERS[2:]),
]

CHILD, READER = st.sampled_from([ASEL, DANA, ERLAN]), st.sampled_from(sorted(ROOMS))
WAY = st.lists(st.tuples(READER, st.sampled_from([0.1, 5.0, 31.0, 50.0])), min_size=2, max_size=5)


class Visits(RuleBasedStateMachine):
    """What is true is kept beside the box: who is where, since when."""

    def __init__(self) -> None:
        super().__init__()
        self.box = RealBox({**DATASETS, "clubs": VERSIONS[0]}, "2026-12-07 14:50")
        self.clubs = VERSIONS[0]
        self.began_ns = self.box.true_ns
        self.inside: dict[str, tuple[str, int]] = {}  # pupil: club, when it came
        self.counted = self.ended = self.tenge = 0
        self.box.news()

    @initialize(pupil=CHILD, way=WAY)
    def first_afternoon(self, pupil: str, way: list[tuple[str, float]]) -> None:
        self.afternoon(pupil, way)

    @rule(pupil=CHILD, way=WAY)
    def afternoon(self, pupil: str, way: list[tuple[str, float]]) -> None:
        """A child goes from reader to reader, with so many minutes between."""
        for reader, minutes in way:
            self.show(pupil, reader)
            self.box.wait(minutes)

    @rule(pupil=CHILD, reader=READER)
    def show(self, pupil: str, reader: str) -> None:
        light = self.box.tap(card(pupil), reader, Purpose.CLUB, clubs=ROOMS[reader])
        told = self.look(tapping=pupil)
        assert (light is Light.ACCEPTED) is ("club.refused" not in told)

    @rule(minutes=st.sampled_from([0.1, 1, 10, 29, 31, 50, 130]))
    def wait(self, minutes: float) -> None:
        self.box.wait(minutes)

    @precondition(lambda self: self.box.true_ns - self.began_ns < 30 * 1_440 * MINUTE_NS)
    @rule()
    def next_meeting(self) -> None:
        """Until the next Monday or Friday, 15:00."""
        now = datetime.fromtimestamp(self.box.true_ns // 10**9, UTC) + timedelta(hours=5)
        day = next(
            day for day in (now.replace(hour=15, minute=0, second=0) + timedelta(days=ahead) for ahead in range(8))
            if day > now and day.isoweekday() in (1, 5)
        )  # fmt: skip
        self.box.wait((day - now).total_seconds() / 60)

    @rule(away_min=st.sampled_from([0.5, 15, 200]), synced=st.booleans())
    def power_cut(self, away_min: float, synced: bool) -> None:
        self.box.restart(away_min=away_min, synced=synced)

    @rule(found=st.booleans())
    def clock(self, found: bool) -> None:
        self.box.find_clock() if found else self.box.lose_clock()

    @rule(version=st.sampled_from(range(len(VERSIONS))))
    def new_data(self, version: int) -> None:
        self.clubs = VERSIONS[version]
        self.box.book = Book({**DATASETS, "clubs": self.clubs})

    @rule()
    def tick(self) -> None:
        self.box.tick()
        self.look(tapping="")

    def look(self, *, tapping: str) -> list[str]:
        """Whether what the box tells can be true."""
        told = []
        for event in self.box.news():
            told.append(event["type"])
            pupil = event.get("pupil", "")
            if event["type"] == "club.entered":
                assert pupil == tapping
                assert pupil not in self.inside
                assert any((one.pupil, one.club) == (pupil, event["club"]) for one in self.clubs.vouchers)
                self.inside[pupil] = (event["club"], self.box.true_ns)
                places = self.box.book.club[event["club"]].places
                assert sum(club == event["club"] for club, _ in self.inside.values()) <= places
            elif event["type"] == "club.visit":
                club, since_ns = self.inside.pop(pupil)
                true_min = (self.box.true_ns - since_ns) // MINUTE_NS
                assert event["club"] == club
                assert event["minutes"] <= true_min
                self.ended += 1
                self.tenge += event["tenge"]
                if event["counted"]:
                    self.counted += 1
                    known = self.box.book.club[club]
                    assert (event["ended"], event["tenge"], pupil) == ("tap", known.tenge, tapping)
                    assert true_min >= event["minutes"] >= known.minimum_min
                else:
                    assert event["reason"]
                    assert event["tenge"] == 0
        return told

    @invariant()
    def the_table_says_the_same(self) -> None:
        open_ = self.box.rows("select pupil, club from visit where state = 0")
        assert sorted(open_) == sorted((pupil, club) for pupil, (club, _) in self.inside.items())

    @invariant()
    def lines_are_visits_are_leaves(self) -> None:
        lines = self.box.rows(
            "select kind, sum(count), sum(count * tenge) from tally where kind like 'visit%' group by kind"
        )
        counted, all_, tenge = self.counted, self.ended, self.tenge
        expected = [("visit", counted, tenge), ("visit_not_counted", all_ - counted, 0)]
        assert sorted(lines) == [line for line in expected if line[1]]
        assert self.box.rows("select count(*) from visit where state <> 0") == [(all_,)]
        assert self.box.rows("select count(*) from tree where level = 0") == [(all_ + 1,)]  # and the epoch's first

    def teardown(self) -> None:
        self.box.close()


TestVisits = Visits.TestCase
TestVisits.settings = settings(
    max_examples=14, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
