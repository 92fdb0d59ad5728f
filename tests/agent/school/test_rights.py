"""What a pupil may have on a day, at which price: dates, tariffs, shifts, data that have run out."""

from __future__ import annotations

import pytest

from agent.book import Book
from agent.datasets import Entitlement, Programme, Tariff
from agent.school.rights import is_open, nearest, rights, rights_without_clock, tenge, windows
from tests.agent.school.canteen import book, entitled, key, meals, utc_ns


def may(of: Book, day: str, pupil: int = 1, now: str = "") -> dict[str, tuple[str, int]]:
    """Meal -> programme, tenge."""
    found = rights(of, key(pupil), day, utc_ns(now or day, "11:30"))
    return {meal: (right.programme, right.tenge) for meal, right in found.items()}


@pytest.mark.parametrize(
    ("day", "price"),
    [
        ("2026-08-31", 0),  # before the first tariff: the centre has given none
        ("2026-09-01", 850),
        ("2026-09-30", 850),
        ("2026-10-01", 920),
        ("2027-05-25", 920),
    ],
)
def test_the_price_is_that_of_the_day(day: str, price: int) -> None:
    assert tenge(book(), "free", day) == price


def test_tariffs_need_no_order_and_an_unknown_programme_has_no_price() -> None:
    shuffled = meals(
        [entitled(1)],
        programmes=[
            Programme(
                programme="free",
                tariffs=[Tariff(first="2026-10-01", tenge=920), Tariff(first="2026-09-01", tenge=850)],
            )
        ],
    )
    of = book(meals=shuffled)
    assert [tenge(of, "free", day) for day in ("2026-09-30", "2026-10-01")] == [850, 920]
    assert tenge(of, "unheard-of", "2026-09-30") == 0


@pytest.mark.parametrize(
    ("entitlements", "day", "expected"),
    [
        ([entitled(1)], "2026-09-07", {"lunch": ("free", 850)}),
        ([entitled(1, first="2026-09-07", last="2026-09-07")], "2026-09-07", {"lunch": ("free", 850)}),
        ([entitled(1, first="2026-09-08")], "2026-09-07", {}),
        ([entitled(1, last="2026-09-06")], "2026-09-07", {}),
        ([entitled(2)], "2026-09-07", {}),
        (
            [entitled(1, programme="social"), entitled(1, "breakfast", "lunch")],
            "2026-09-07",
            {"lunch": ("social", 400), "breakfast": ("free", 850)},
        ),
    ],
    ids=["holds", "one day", "not yet", "over", "another's", "the first of two serves"],
)
def test_an_entitlement_counts_on_its_days(
    entitlements: list[Entitlement], day: str, expected: dict[str, tuple[str, int]]
) -> None:
    of = book([*entitlements, entitled(9)])
    assert may(of, day) == expected


def test_the_wanted_programme_comes_first_where_it_serves() -> None:
    of = book([entitled(1, programme="social"), entitled(1)])
    assert rights(of, key(1), "2026-09-07", utc_ns("2026-09-07", "11:30"), "free")["lunch"].programme == "free"


FORTNIGHT = "2026-09-20"  # of data issued on the 7th: not older than two weeks
STALE = "2026-09-21"


@pytest.mark.parametrize(
    ("day", "last", "counts"),
    [
        (FORTNIGHT, "2026-09-18", False),  # the data are fresh: it has ended
        (STALE, "2026-09-18", False),  # the programme's data go on: this pupil's right has ended
        (STALE, "2026-09-20", True),  # it ended where all of the programme's do
    ],
)
def test_an_entitlement_that_ended_with_stale_data_still_counts(day: str, last: str, counts: bool) -> None:
    of = book([entitled(1, last=last), entitled(2, last="2026-09-20"), entitled(3, programme="social")])
    assert bool(may(of, day)) is counts


def test_an_entitlement_to_the_calendars_end_still_counts_after_it() -> None:
    of = book([entitled(1), entitled(2, last="2027-05-24"), entitled(3, last="2027-06-30")], issued="2027-05-20")
    assert may(of, "2027-05-26") == {"lunch": ("free", 920)}
    assert may(of, "2027-05-26", pupil=2) == {}
    assert may(of, "2027-05-25", pupil=2) == {}


def test_without_a_clock_the_dates_only_choose() -> None:
    of = book([entitled(1, programme="social", last="2026-09-10"), entitled(1, first="2026-09-11")])
    late = rights_without_clock(of, key(1), ["2026-10-02", "2026-09-05"])
    assert {meal: (one.programme, one.tenge) for meal, one in late.items()} == {"lunch": ("social", 400)}
    unheard_of = rights_without_clock(of, key(1), ["2035-01-01"])
    assert unheard_of["lunch"].programme == "social"
    assert rights_without_clock(of, key(2), ["2035-01-01"]) == {}


def test_a_window_is_of_its_shift_from_its_first_minute_to_before_its_end() -> None:
    of = book()
    assert [(one.meal, one.starts) for one in windows(of, 1)] == [("breakfast", "08:00"), ("lunch", "11:00")]
    assert [(one.meal, one.starts) for one in windows(of, 2)] == [("breakfast", "08:00"), ("lunch", "14:00")]
    assert len(windows(of, None)) == 3
    lunch = windows(of, 1)[1]
    assert [is_open(lunch, minute) for minute in (659, 660, 779, 780)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("minute", "meal"), [(0, "breakfast"), (480, "breakfast"), (600, "breakfast"), (615, "lunch"), (1439, "lunch")]
)
def test_the_nearest_meal(minute: int, meal: str) -> None:
    assert nearest(windows(book(), 1), minute) == meal


def test_the_nearest_of_none() -> None:
    with pytest.raises(ValueError, match="empty"):
        nearest([], 0)


def test_a_school_without_meals_has_no_rights() -> None:
    of = book(meals=None)
    assert windows(of, None) == []
    assert tenge(of, "free", "2026-09-07") == 0
