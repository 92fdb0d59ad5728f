"""Each reason of a refusal, each way in and out, and the order in which several clubs of a room are asked."""

from __future__ import annotations

from typing import Any

import pytest

from agent.datasets import Club, Voucher
from agent.school.calendar import local
from agent.school.clubs import (
    LIGHTS,
    RANK,
    Decision,
    Enters,
    Facts,
    Leaves,
    Reason,
    Refused,
    Same,
    decide,
    meets,
)
from agent.school.since import Stamp
from agent.school.visits import Visit
from drivers.readings import Light
from tests.agent.school.doorway import ASEL, CALENDAR, CHESS, MONDAY, ROBOTS, SWIMMING, stamp, utc_ns, voucher

NOW = stamp(f"{MONDAY} 15:10", up_s=6_000)
LOST = stamp("2024-01-01 03:00", trusted=False, up_s=6_000)  # a clock that nobody trusts
MINE = voucher(ASEL, "chess")
ENDED = voucher(ASEL, "chess", last="2026-11-22")
FUTURE = voucher(ASEL, "chess", first="2026-11-24")


def facts(**more: Any) -> Facts:
    usual: dict[str, Any] = {
        "names": ("chess",), "room": [CHESS], "vouchers": [MINE], "latest": None, "inside": False, "left_ns": 0,
        "taken": {}, "now": NOW, "calendar": CALENDAR, "stale": False,
    }  # fmt: skip
    return Facts(**(usual | more))


def visit(club: str = "chess", *, ago_s: float = 3_000, boot: str = NOW.boot) -> Visit:
    came = Stamp(NOW.utc_ns - round(ago_s * 1e9), True, boot, NOW.monotonic_ns - round(ago_s * 1e9))
    return Visit(number=1, pupil=ASEL, club=club, voucher="v", day=MONDAY, reader="room-1", came=came)


CASES: list[tuple[str, dict[str, Any], Decision]] = [
    ("a place", {}, Enters("chess", MINE.voucher)),
    ("no voucher at all", {"vouchers": []}, Refused(Reason.NOT_ENROLLED, "chess")),
    ("a voucher that has not begun", {"vouchers": [FUTURE]}, Refused(Reason.NOT_ENROLLED, "chess")),
    ("the voucher names another club", {"vouchers": [voucher(ASEL, "swimming")]}, Refused(Reason.ELSEWHERE, "chess")),
    ("a club of another school", {"vouchers": [voucher(ASEL, "opera")]}, Refused(Reason.ELSEWHERE, "chess")),
    (
        "another club, long ago",
        {"vouchers": [voucher(ASEL, "swimming", last="2026-05-25")]},
        Refused(Reason.NOT_ENROLLED, "chess"),
    ),
    ("the voucher is over", {"vouchers": [ENDED]}, Refused(Reason.EXPIRED, "chess")),
    ("over, and nobody knows of a newer one", {"vouchers": [ENDED], "stale": True}, Enters("chess", ENDED.voucher)),
    (
        "over for too long even then",
        {"vouchers": [voucher(ASEL, "chess", last="2026-10-22")], "stale": True},
        Refused(Reason.EXPIRED, "chess"),
    ),
    (
        "over on a day that is none, as the schema allows",
        {"vouchers": [voucher(ASEL, "chess", last="2026-09-31")], "stale": True},
        Refused(Reason.EXPIRED, "chess"),
    ),
    ("stale does not bring tomorrow's", {"vouchers": [FUTURE], "stale": True}, Refused(Reason.NOT_ENROLLED, "chess")),
    ("its last day", {"vouchers": [voucher(ASEL, "chess", last=MONDAY)]}, Enters("chess", MINE.voucher)),
    ("full", {"taken": {"chess": 2}}, Refused(Reason.FULL, "chess")),
    ("one place is left", {"taken": {"chess": 1}}, Enters("chess", MINE.voucher)),
    ("too early", {"now": stamp(f"{MONDAY} 14:29")}, Refused(Reason.WRONG_DAY, "chess")),
    ("half an hour before", {"now": stamp(f"{MONDAY} 14:30")}, Enters("chess", MINE.voucher)),
    ("its end", {"now": stamp(f"{MONDAY} 16:30")}, Refused(Reason.WRONG_DAY, "chess")),
    ("another weekday", {"now": stamp("2026-11-24 15:10")}, Refused(Reason.WRONG_DAY, "chess")),
    ("inside", {"latest": visit(), "inside": True}, Leaves()),
    ("inside, and the voucher is gone", {"latest": visit(), "inside": True, "vouchers": []}, Leaves()),
    ("inside, and the club is gone", {"latest": visit(), "inside": True, "room": []}, Leaves()),
    ("has just come", {"latest": visit(ago_s=59), "inside": True}, Same()),
    ("a minute ago", {"latest": visit(ago_s=60), "inside": True}, Leaves()),
    ("has just gone", {"latest": visit(), "left_ns": NOW.utc_ns - 9_000_000_000}, Same()),
    ("comes again", {"latest": visit(), "left_ns": NOW.utc_ns - 10_000_000_000}, Enters("chess", MINE.voucher)),
    ("came before the power cut", {"latest": visit(boot="b"), "inside": True}, Leaves()),
    ("is in another club", {"latest": visit("swimming"), "inside": True}, Enters("chess", MINE.voucher)),
    (
        "is in another club, without a voucher for this one",
        {"latest": visit("swimming"), "inside": True, "vouchers": [voucher(ASEL, "swimming")]},
        Refused(Reason.IN_ANOTHER_CLUB, "chess"),
    ),
    (
        "is in another club, and this one is full",
        {"latest": visit("swimming"), "inside": True, "taken": {"chess": 2}},
        Refused(Reason.FULL, "chess"),
    ),
    ("was in another club", {"latest": visit("swimming"), "left_ns": NOW.utc_ns}, Enters("chess", MINE.voucher)),
    ("the box does not know the club", {"room": []}, Refused(Reason.NO_DATA)),
    ("no clock: any voucher of the club", {"now": LOST, "vouchers": [ENDED]}, Enters("chess", ENDED.voucher)),
    ("no clock: none for it", {"now": LOST, "vouchers": []}, Refused(Reason.NOT_ENROLLED, "chess")),
    (
        "no clock: one elsewhere",
        {"now": LOST, "vouchers": [voucher(ASEL, "swimming", last="2020-05-25")]},
        Refused(Reason.ELSEWHERE, "chess"),
    ),
    ("no clock: full is full", {"now": LOST, "taken": {"chess": 2}}, Refused(Reason.FULL, "chess")),
    ("no calendar", {"calendar": None}, Enters("chess", MINE.voucher)),
]


@pytest.mark.parametrize(("given", "decision"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_decision(given: dict[str, Any], decision: Decision) -> None:
    assert decide(facts(**given)) == decision


def test_no_reason_is_left_out() -> None:
    told = {decision.reason for _, _, decision in CASES if isinstance(decision, Refused)}
    assert told | {Reason.UNKNOWN_CARD, Reason.BLOCKED_CARD} == set(Reason)  # those two are the reader's
    assert [reason for reason, light in LIGHTS.items() if light is Light.UNKNOWN] == ["unknown_card", "blocked_card"]
    assert set(LIGHTS.values()) == {Light.UNKNOWN, Light.REFUSED}
    assert set(RANK) == set(LIGHTS) == set(Reason)


@pytest.mark.parametrize(
    ("now", "vouchers", "taken", "decision"),
    [
        ("15:10", [MINE, voucher(ASEL, "robots")], {}, Enters("chess", MINE.voucher)),
        ("16:40", [MINE, voucher(ASEL, "robots")], {}, Enters("robots", voucher(ASEL, "robots").voucher)),
        ("16:10", [voucher(ASEL, "robots")], {}, Enters("robots", voucher(ASEL, "robots").voucher)),
        ("15:10", [MINE], {"chess": 2}, Refused(Reason.FULL, "chess")),
        ("15:10", [voucher(ASEL, "robots")], {}, Refused(Reason.WRONG_DAY, "robots")),
        ("15:10", [ENDED, voucher(ASEL, "robots")], {}, Refused(Reason.WRONG_DAY, "robots")),
        ("15:10", [ENDED, voucher(ASEL, "opera")], {}, Refused(Reason.EXPIRED, "chess")),
    ],
)
def test_clubs_that_share_a_room(now: str, vouchers: list[Voucher], taken: dict[str, int], decision: Decision) -> None:
    """The first that takes the child; else the reason that came furthest."""
    room = {"names": ("chess", "robots"), "room": [CHESS, ROBOTS]}
    assert decide(facts(now=stamp(f"{MONDAY} {now}"), vouchers=vouchers, taken=taken, **room)) == decision


@pytest.mark.parametrize(
    ("club", "day", "met"),
    [
        (SWIMMING, "2026-11-28", True),  # a Saturday, no school day
        (SWIMMING, "2026-12-16", False),  # a Wednesday, a holiday
        (SWIMMING, "2027-01-02", True),  # a Saturday that the calendar does not reach
        (SWIMMING, "2026-11-24", False),
    ],
)
def test_a_club_meets_by_its_own_timetable_but_in_no_holiday(club: Club, day: str, met: bool) -> None:
    assert meets(club, local(utc_ns(f"{day} 15:10"), CALENDAR), CALENDAR) is met
