"""Children at a club's reader: what is recorded, in which row, with which light; power cuts, clocks, new data."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from agent.datasets import Clubs
from agent.school.visit_rows import BY_RULE, BY_TAP
from drivers.readings import Light
from tests.agent.school.doorway import (
    ASEL,
    CHESS,
    CLUBS,
    DANA,
    DATASETS,
    ERLAN,
    ROBOTS,
    SWIMMING,
    TEACHER,
    Doorway,
    blocked,
    card,
    utc_ns,
    voucher,
)

NEARLY_FULL = msgspec.structs.replace(CHESS, places=1)


def door(now: str = "15:00", **datasets: Any) -> Doorway:
    found = Doorway({**DATASETS, **datasets})
    found.at(now)
    return found


def test_in_and_out() -> None:
    one = door()
    assert one.club(card(ASEL)) is Light.ACCEPTED
    assert one.last("pupil", "club", "voucher", "day", "reader", "marks") == (
        "club.entered", ASEL, "chess", voucher(ASEL, "chess").voucher, "2026-11-23", "room-1", [],
    )  # fmt: skip
    one.wait(90)
    assert one.club(card(ASEL)) is Light.ACCEPTED
    assert one.last("pupil", "club", "minutes", "counted", "ended", "reason", "tenge", "day", "marks") == (
        "club.visit", ASEL, "chess", 90, True, "tap", "", 900, "2026-11-23", [],
    )  # fmt: skip
    assert re.fullmatch("[0-9a-f]{32}", one.events("club.visit")[0]["salt"])
    assert one.rows("select state, ended_ns - utc_ns from visit") == [(BY_TAP, 90 * 60 * 10**9)]
    assert one.rows("select kind, day, what, tenge, count from tally") == [("visit", "2026-11-23", "chess", 900, 1)]


def test_a_visit_that_is_too_short_is_recorded_and_not_paid() -> None:
    one = door()
    one.club(card(ASEL))
    one.wait(29)
    one.club(card(ASEL))
    assert one.last("minutes", "counted", "reason", "tenge") == ("club.visit", 29, False, "too_short", 0)
    assert one.rows("select kind, tenge, count from tally") == [("visit_not_counted", 0, 1)]


def test_a_card_that_is_shown_twice_is_one_tap() -> None:
    one = door()
    one.club(card(ASEL))
    one.wait(seconds=59)
    assert one.club(card(ASEL)) is Light.ACCEPTED
    one.wait(60)
    one.club(card(ASEL))
    one.wait(seconds=9)
    assert one.club(card(ASEL)) is Light.ACCEPTED
    assert [event["type"] for event in one.events()] == ["club.entered", "club.visit"]


REFUSED = [
    ("a card that nobody has", "ff" * 16, "unknown_card", Light.UNKNOWN, "", "ff" * 16),
    ("a blocked card", blocked(ASEL), "blocked_card", Light.UNKNOWN, ASEL, ""),
    ("a teacher's", card(TEACHER), "not_enrolled", Light.REFUSED, "", ""),
    ("a child without a voucher", card(ERLAN), "not_enrolled", Light.REFUSED, ERLAN, ""),
]


@pytest.mark.parametrize(("shown", "reason", "light", "pupil", "hash_"), [one[1:] for one in REFUSED])
def test_refusals(shown: str, reason: str, light: Light, pupil: str, hash_: str) -> None:
    """A teacher's card leaves no trace of whose it was."""
    one = door()
    assert one.club(shown) is light
    assert one.last("reason", "pupil", "card", "day") == ("club.refused", reason, pupil, hash_, "2026-11-23")
    assert one.rows("select count(*) from visit") == [(0,)]


@pytest.mark.parametrize("missing", ["cards", "clubs"])
def test_a_box_without_data_takes_nobody(missing: str) -> None:
    one = Doorway({name: data for name, data in DATASETS.items() if name != missing})
    assert one.club(card(ASEL)) is Light.REFUSED
    known = missing == "clubs"
    assert one.last("reason", "pupil", "card") == (
        "club.refused", "no_data", ASEL if known else "", "" if known else card(ASEL),
    )  # fmt: skip


def test_an_overlap_is_reported_the_older_visit_ends_and_the_new_one_begins() -> None:
    one = door()
    one.club(card(ASEL), "swimming", reader="pool")
    one.wait(30)
    assert one.club(card(ASEL)) is Light.ACCEPTED
    left, suspected, came = one.events()[1:]
    assert (left["club"], left["counted"], left["minutes"], left["ended"]) == ("swimming", True, 30, "tap")
    assert (suspected["rule"], suspected["reader"], suspected["other"], suspected["pupil"]) == (
        "clubs_overlap", "room-1", "swimming", ASEL,
    )  # fmt: skip
    assert came["club"] == "chess"
    assert one.rows("select club, state from visit order by number") == [("swimming", BY_TAP), ("chess", 0)]
    one.wait(5)
    one.club(card(ASEL), "swimming", reader="pool")
    assert [(event["counted"], event["reason"]) for event in one.events("club.visit")] == [
        (True, ""),
        (False, "overlap"),
    ]


def test_where_a_child_has_no_place_it_stays_where_it_is() -> None:
    one = door()
    one.club(card(DANA))
    one.wait(5)
    assert one.club(card(DANA), "swimming", reader="pool") is Light.REFUSED
    assert one.last("reason", "club") == ("club.refused", "in_another_club", "swimming")
    assert one.rows("select club, state from visit") == [("chess", 0)]


def test_places_are_those_of_the_moment() -> None:
    one = door(clubs=msgspec.structs.replace(CLUBS, clubs=[NEARLY_FULL, ROBOTS]))
    one.club(card(ASEL))
    one.wait(2)
    assert one.club(card(DANA)) is Light.REFUSED
    assert one.last("reason") == ("club.refused", "full")
    one.club(card(ASEL))
    assert one.club(card(DANA)) is Light.ACCEPTED


def test_a_forgotten_tap_out_ends_by_rule() -> None:
    one = door()
    one.club(card(ASEL))
    one.at("17:00")
    one.tick()
    assert one.events("club.visit") == []
    one.at("17:01")
    one.tick()
    one.tick()
    assert one.last("minutes", "counted", "ended", "reason", "reader") == (
        "club.visit", 121, False, "rule", "no_tap_out", "room-1",
    )  # fmt: skip
    assert one.rows("select state from visit") == [(BY_RULE,)]
    assert one.rows("select kind, count from tally") == [("visit_not_counted", 1)]


def test_a_child_that_forgot_comes_in_and_takes_nobody_s_place_before_any_tick() -> None:
    one = door(clubs=msgspec.structs.replace(CLUBS, clubs=[NEARLY_FULL]))
    one.club(card(ASEL))
    one.at("2026-11-27 15:00")
    assert one.club(card(DANA)) is Light.ACCEPTED
    assert [event["type"] for event in one.events()] == ["club.entered", "club.visit", "club.entered"]
    one = door()
    one.club(card(ASEL))
    one.at("2026-11-27 15:00")
    assert one.club(card(ASEL)) is Light.ACCEPTED
    assert [event["type"] for event in one.events()] == ["club.entered", "club.visit", "club.entered"]


def test_a_power_cut_while_children_are_inside() -> None:
    """The clock is trusted again before they go: as if nothing had been."""
    one = door()
    one.club(card(ASEL))
    one.restart(away_min=20)
    one.wait(10)
    one.tick()
    one.club(card(ASEL))
    assert one.last("minutes", "counted", "marks") == ("club.visit", 30, True, [])


@pytest.mark.parametrize(("minutes", "counted", "reason"), [(29.5, True, ""), (29, False, "too_short")])
def test_a_power_cut_and_no_clock_after_it(minutes: float, counted: bool, reason: str) -> None:
    """Of the time before the cut nobody knows; the box ran half a minute before it read cards."""
    one = door()
    one.club(card(ASEL))
    one.restart(away_min=20, synced=False)
    one.now_ns = utc_ns("2024-01-01 03:00")
    one.wait(minutes)
    one.tick()
    one.club(card(ASEL))
    assert one.last("counted", "reason", "day", "marks") == ("club.visit", counted, reason, "2026-11-23", ["clock"])


def test_without_a_clock_a_child_with_a_voucher_is_let_in_and_its_minutes_are_exact() -> None:
    one = door("07:00")  # no club meets at that time
    one.synced = False
    assert one.club(card(DANA)) is Light.ACCEPTED
    assert one.last("club", "day", "marks") == ("club.entered", "chess", "", ["clock"])
    assert one.club(card(ERLAN)) is Light.REFUSED
    assert one.last("reason", "day", "marks") == ("club.refused", "not_enrolled", "", ["clock"])
    one.wait(45)
    one.club(card(DANA))
    assert one.last("minutes", "counted", "day", "marks") == ("club.visit", 45, True, "", ["clock"])


def test_a_clock_that_comes_in_between_gives_the_visit_its_day() -> None:
    one = Doorway(now="2024-01-01 03:00")
    one.synced = False
    one.club(card(DANA))
    one.wait(35)
    one.now_ns, one.synced = utc_ns("2026-11-23 15:40"), True
    one.tick()
    one.club(card(DANA))
    assert one.last("minutes", "counted", "day", "marks") == ("club.visit", 35, True, "2026-11-23", ["clock"])


def test_a_clock_that_never_comes_ends_visits_all_the_same() -> None:
    one = Doorway(now="2024-01-01 03:00")
    one.synced = False
    one.club(card(DANA))
    one.wait(239)
    one.tick()
    assert one.events("club.visit") == []
    one.wait(1)
    one.tick()
    assert one.last("ended", "counted", "marks") == ("club.visit", "rule", False, ["clock"])


def test_old_data_and_an_old_calendar_are_marked() -> None:
    one = Doorway(now="2027-01-04 15:05")  # a Monday after the calendar's last day
    one.book = type(one.book)(DATASETS, {"clubs": utc_ns("2026-12-01 12:00")})
    assert one.club(card(ASEL)) is Light.ACCEPTED  # its voucher was until 31 December
    assert one.last("marks") == ("club.entered", ["calendar", "stale"])
    one.at("2027-02-01 15:05")
    assert one.club(card(ASEL)) is Light.REFUSED
    assert one.last("reason") == ("club.refused", "expired")


def test_new_data_while_children_are_inside() -> None:
    """The tariff and the minimum are those of the moment of leaving; a club that is gone pays nothing."""
    one = door()
    one.club(card(ASEL))
    one.club(card(DANA))
    one.wait(40)
    dear = msgspec.structs.replace(CHESS, tenge=1_000, minimum_min=40)
    one.book = type(one.book)({**DATASETS, "clubs": Clubs(clubs=[dear], vouchers=[])})
    one.club(card(ASEL))
    assert one.last("counted", "tenge") == ("club.visit", True, 1_000)
    one.book = type(one.book)({**DATASETS, "clubs": Clubs(clubs=[SWIMMING], vouchers=[])})
    one.club(card(DANA))
    assert one.last("counted", "reason", "tenge") == ("club.visit", False, "no_data", 0)
