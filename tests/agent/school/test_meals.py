"""Each reason for a meal or none, at its edges: days, hours, shifts, data that have run out, a clock without trust."""

from __future__ import annotations

import pytest

from agent.book import Book
from agent.model import Moment
from agent.school.meals import AGAIN_NS, LIGHTS, Decision, Reason, Standing, decide, likely_days, served_now
from drivers.readings import Light
from tests.agent.school.canteen import book, calendar, card, entitled, meals, moment

S = 1_000_000_000
GRANTED, REPEAT = "granted", "repeat"
NO, EATEN, NOT_NOW = Reason.NO_ENTITLEMENT, Reason.ALREADY_EATEN, Reason.NOT_SERVING
LUNCH = Standing("2026-09-07", "lunch", 300 * S, same_boot=True)
TOLD = Standing("2026-09-07", "lunch")


def word(decision: Decision) -> str:
    return str(decision.reason) if decision.reason else GRANTED if decision.right else REPEAT


def decided(of: Book, pupil: int, at: Moment, *standing: Standing, latest_day: str = "") -> Decision:
    holder = of.who(card(pupil))
    assert holder is not None
    return decide(of, holder, at, standing, latest_day)


@pytest.mark.parametrize(
    ("pupil", "day", "time", "outcome", "meal"),
    [
        (1, "2026-09-07", "11:30", GRANTED, "lunch"),
        (1, "2026-09-07", "11:00", GRANTED, "lunch"),
        (1, "2026-09-07", "12:59:59", GRANTED, "lunch"),
        (1, "2026-09-07", "10:59:59", NOT_NOW, ""),
        (1, "2026-09-07", "13:00", NOT_NOW, ""),
        (1, "2026-09-07", "08:30", NO, "breakfast"),  # breakfast is served, for others
        (31, "2026-09-07", "11:30", NO, "lunch"),
        (1, "2026-09-06", "11:30", NOT_NOW, ""),  # a Sunday
        (1, "2026-09-05", "11:30", NOT_NOW, ""),  # a Saturday
        (1, "2026-09-12", "11:30", GRANTED, "lunch"),  # a Saturday that is a working day
        (1, "2026-11-03", "11:30", NOT_NOW, ""),  # holidays
        (1, "2026-11-09", "11:30", GRANTED, "lunch"),
        (10, "2026-09-07", "11:30", NOT_NOW, ""),  # the second shift
        (10, "2026-09-07", "14:30", GRANTED, "lunch"),
        (1, "2026-09-07", "14:30", NOT_NOW, ""),
        (21, "2026-09-07", "08:30", GRANTED, "breakfast"),
        (21, "2026-09-07", "11:30", GRANTED, "lunch"),
    ],
)
def test_by_the_clock(pupil: int, day: str, time: str, outcome: str, meal: str) -> None:
    found = decided(book(issued=day), pupil, moment(time, day))
    assert (word(found), found.meal, found.day, found.marks) == (outcome, meal, day, [])


@pytest.mark.parametrize(
    ("standing", "outcome"),
    [
        (LUNCH, EATEN),
        (TOLD, EATEN),  # another box gave it: nobody knows when
        (Standing("2026-09-07", "lunch", 60 * S, same_boot=True), REPEAT),
        (Standing("2026-09-07", "lunch", 60 * S, same_boot=False), REPEAT),
        (Standing("2026-09-07", "lunch", 61 * S, same_boot=True), EATEN),
        (Standing("2026-09-07", "lunch", -1 * S, same_boot=True), REPEAT),  # two readers' taps out of order
        (Standing("2026-09-07", "breakfast", 30 * S, same_boot=True), GRANTED),
        (Standing("2026-09-06", "lunch", 86_400 * S, same_boot=True), GRANTED),
    ],
)
def test_what_was_eaten_already(standing: Standing, outcome: str) -> None:
    assert word(decided(book(), 1, moment("11:30"), standing)) == outcome


def test_a_repeat_stays_one_when_the_right_has_ended_in_between() -> None:
    near = Standing("2026-09-07", "lunch", 5 * S, same_boot=True)
    assert word(decided(book([entitled(2)]), 1, moment("11:30"), near)) == REPEAT


def test_of_two_meals_at_one_time_the_first_that_is_left_is_given() -> None:
    both = meals([entitled(1, "lunch", "soup")])
    overlapping = meals(
        both.entitlements,
        meals=[*both.meals, both.meals[1].__class__(meal="soup", starts="12:00", ends="13:00")],
    )
    of = book(meals=overlapping)
    assert decided(of, 1, moment("12:30")).meal == "lunch"
    assert decided(of, 1, moment("12:30"), LUNCH).meal == "soup"
    soup = Standing("2026-09-07", "soup", 200 * S, same_boot=True)
    assert word(decided(of, 1, moment("12:30"), soup, LUNCH)) == EATEN


@pytest.mark.parametrize(
    ("day", "price"), [("2026-09-30", 850), ("2026-10-01", 920), ("2026-09-01", 850), ("2027-05-25", 920)]
)
def test_the_price_is_that_of_the_day(day: str, price: int) -> None:
    right = decided(book(issued=day), 1, moment("11:30", day)).right
    assert right is not None
    assert (right.programme, right.tenge) == ("free", price)


@pytest.mark.parametrize(
    ("of", "day", "outcome", "noted"),
    [
        (book(issued="2027-05-20"), "2027-05-26", GRANTED, ["calendar"]),  # a Wednesday beyond the calendar
        (book(), "2027-06-21", GRANTED, ["calendar", "stale"]),  # months of outage
        (book(), "2027-05-29", NOT_NOW, ["calendar", "stale"]),  # a Saturday beyond it
        (book(calendar=None), "2026-09-07", GRANTED, ["calendar"]),
        (book(), "2026-09-18", GRANTED, []),
        (book(), "2026-09-21", GRANTED, ["stale"]),  # two weeks
        (book([entitled(1, last="2026-09-18"), entitled(2, last="2026-09-18")]), "2026-09-22", GRANTED, ["stale"]),
        (book([entitled(1, last="2026-09-17"), entitled(2, last="2026-09-17")]), "2026-09-18", NO, []),
        (book([entitled(1, last="2026-09-18"), entitled(2)]), "2026-09-22", NO, ["stale"]),
    ],
)
def test_data_that_have_run_out(of: Book, day: str, outcome: str, noted: list[str]) -> None:
    found = decided(of, 1, moment("11:30", day))
    assert (word(found), found.marks) == (outcome, noted)


@pytest.mark.parametrize("synced", [True, False])
def test_without_data_about_meals_nothing_is_decided(synced: bool) -> None:
    found = decided(book(meals=None), 1, moment("11:30", synced=synced))
    assert (found.reason, found.day) == (Reason.NO_DATA, "2026-09-07" if synced else "")


# --- without a trusted clock --------------------------------------------------------------------------------------


def ago(minutes: float, meal: str = "lunch", day: str = "", *, same_boot: bool = True) -> Standing:
    return Standing(day, meal, round(minutes * 60 * S), same_boot)


@pytest.mark.parametrize(
    ("pupil", "day", "time", "standing", "outcome", "meal"),
    [
        (1, "2026-09-07", "11:30", [], GRANTED, "lunch"),
        (1, "2026-09-07", "03:10", [], GRANTED, "lunch"),
        (1, "2026-09-06", "23:59", [], GRANTED, "lunch"),  # a Sunday, says the clock
        (1, "2026-11-03", "11:30", [], GRANTED, "lunch"),
        (1, "2039-01-01", "11:30", [], GRANTED, "lunch"),
        (10, "2026-09-07", "11:30", [], GRANTED, "lunch"),
        (31, "2026-09-07", "11:30", [], NO, ""),
        (21, "2026-09-07", "03:10", [], GRANTED, "breakfast"),
        (21, "2026-09-07", "12:10", [], GRANTED, "lunch"),
        (1, "2026-09-07", "11:30", [ago(0.5)], REPEAT, "lunch"),
        (1, "2026-09-07", "11:30", [ago(5)], EATEN, "lunch"),
        (1, "2026-09-07", "11:30", [ago(5, day="2026-09-07")], EATEN, "lunch"),
        (1, "2026-09-07", "11:30", [ago(119.9)], EATEN, "lunch"),
        (1, "2026-09-07", "11:30", [ago(120)], GRANTED, "lunch"),
        (1, "2026-09-07", "11:30", [ago(5, same_boot=False)], GRANTED, "lunch"),  # nobody can tell
        (1, "2026-09-07", "11:30", [TOLD], GRANTED, "lunch"),
        (21, "2026-09-07", "11:30", [ago(5, "breakfast")], EATEN, "breakfast"),  # none is served so soon after it
        (21, "2026-09-07", "11:30", [ago(100, "breakfast")], GRANTED, "lunch"),  # late for breakfast, early for lunch
        (21, "2026-09-07", "08:30", [ago(100, "breakfast")], GRANTED, "lunch"),
        (21, "2026-09-07", "11:30", [ago(100, "lunch"), ago(110, "breakfast")], EATEN, "lunch"),
    ],
)
def test_without_a_trusted_clock(
    pupil: int, day: str, time: str, standing: list[Standing], outcome: str, meal: str
) -> None:
    found = decided(book(), pupil, moment(time, day, synced=False), *standing)
    assert (word(found), found.meal, found.day) == (outcome, meal, "")
    assert found.marks[0] == "clock"


def test_two_hours_are_between_the_same_meal_and_another() -> None:
    assert AGAIN_NS == 7_200 * S


def test_an_entitlement_that_has_ended_serves_while_the_day_is_not_known() -> None:
    of = book([entitled(1, last="2026-09-04"), entitled(2)])
    found = decided(of, 1, moment("11:30", synced=False))
    assert found.right is not None
    assert found.right.tenge == 850


def test_a_meal_that_is_served_to_nobody() -> None:
    of = book([entitled(1, "supper")])
    assert decided(of, 1, moment("11:30", synced=False)).reason is NOT_NOW


@pytest.mark.parametrize(
    ("by_clock", "latest", "days"),
    [
        ("2026-09-07", "", ["2026-09-07"]),
        ("2026-09-07", "2026-09-04", ["2026-09-07", "2026-09-04"]),
        ("2026-09-03", "2026-09-04", ["2026-09-04", "2026-09-03"]),  # it stands before what was certain
        ("2039-01-01", "2026-09-04", ["2026-09-04", "2039-01-01"]),  # it stands beyond the calendar
    ],
)
def test_which_day_it_may_be(by_clock: str, latest: str, days: list[str]) -> None:
    assert likely_days(book(), by_clock, latest) == days


def test_the_price_without_a_clock_is_that_of_the_likeliest_day() -> None:
    late = moment("11:30", "2039-01-01", synced=False)
    right = decided(book(), 1, late, latest_day="2026-09-30").right
    assert right is not None
    assert right.tenge == 850


def test_every_reason_has_its_light() -> None:
    assert set(LIGHTS) == set(Reason)
    assert {reason for reason, light in LIGHTS.items() if light is Light.UNKNOWN} == {
        Reason.UNKNOWN_CARD,
        Reason.BLOCKED_CARD,
    }


def test_what_is_served_where_no_calendar_reaches() -> None:
    of = book(calendar=calendar(last="2026-09-01"))
    assert served_now(of, "2026-09-07", 690, 1) == ["lunch"]
    assert served_now(of, "2026-09-06", 690, 1) == []
