"""Visits: what counts, and when one ends without a tap."""

from __future__ import annotations

import pytest

from agent.datasets import Club
from agent.school.since import Stamp
from agent.school.visits import MOST_MIN, Ending, Visit, by_rule, by_tap, is_over
from tests.agent.school.doorway import BOOT, CALENDAR, CHESS, MONDAY, stamp


def visit(came: Stamp) -> Visit:
    day = MONDAY if came.trusted else ""
    return Visit(number=1, pupil="0a" * 8, club="chess", voucher="v-1", day=day, reader="room-1", came=came)


def lost(up_s: float, boot: str = BOOT) -> Stamp:
    """A moment when nobody trusts the clock."""
    return stamp("2000-01-01 00:00", trusted=False, boot=boot, up_s=up_s)


CAME = stamp(f"{MONDAY} 15:05", up_s=100)
OVER = [  # the child came on Monday at 15:05; chess is from 15:00 to 16:30
    ("while it goes on", CAME, CHESS, stamp(f"{MONDAY} 16:30", up_s=5_200), False),
    ("half an hour after", CAME, CHESS, stamp(f"{MONDAY} 17:00", up_s=7_000), False),
    ("a minute later", CAME, CHESS, stamp(f"{MONDAY} 17:01", up_s=7_060), True),
    ("the next day", CAME, CHESS, stamp("2026-11-24 08:00", boot="b"), True),
    ("the clock was set back by a year", CAME, CHESS, stamp("2025-11-24 08:00", boot="b"), True),
    ("a trusted clock says years ahead for a moment", CAME, CHESS, stamp("2030-11-25 15:25", up_s=1_300), False),
    ("a trusted clock was two hours ahead until now", CAME, CHESS, stamp(f"{MONDAY} 13:25", up_s=1_300), False),
    ("that was long ago", CAME, CHESS, stamp("2026-11-24 08:00", up_s=61_000), True),
    ("the clock is lost, and this boot knows", CAME, CHESS, lost(7_060), True),
    ("likewise, in time", CAME, CHESS, lost(7_000), False),
    ("another boot without a clock", CAME, CHESS, lost(14_399, boot="b"), False),
    ("for four hours", CAME, CHESS, lost(14_400, boot="b"), True),
    ("the clock came in between", lost(100), CHESS, stamp(f"{MONDAY} 17:00", up_s=7_000), False),
    ("and says that it is late", lost(100), CHESS, stamp(f"{MONDAY} 17:01", up_s=7_060), True),
    ("the club has no time any more", CAME, None, stamp(f"{MONDAY} 19:05", up_s=14_500), False),
    ("for four hours, too", CAME, None, stamp(f"{MONDAY} 19:06", up_s=14_560), True),
]  # fmt: skip


@pytest.mark.parametrize(("came", "club", "now", "over"), [one[1:] for one in OVER], ids=[one[0] for one in OVER])
def test_when_a_visit_is_over(came: Stamp, club: Club | None, now: Stamp, over: bool) -> None:
    assert is_over(visit(came), club, now, CALENDAR) is over


ENDS = [
    ("long enough", CHESS, 1_900, BOOT, False, Ending("tap", True, "", 30, 900)),
    ("a second less", CHESS, 1_899, BOOT, False, Ending("tap", False, "too_short", 29, 0)),
    ("at another club", CHESS, 1_900, BOOT, True, Ending("tap", True, "", 30, 900)),
    ("too soon at another club", CHESS, 1_899, BOOT, True, Ending("tap", False, "overlap", 29, 0)),
    ("the club is not known any more", None, 9_999, BOOT, False, Ending("tap", False, "no_data", 164, 0)),
    ("this boot alone is long enough", CHESS, 1_800, "b", False, Ending("tap", True, "", 30, 900)),
    ("this boot alone is not", CHESS, 1_799, "b", False, Ending("tap", False, "too_short", 29, 0)),
    ("no event says more than a day", CHESS, 200_000, BOOT, False, Ending("tap", True, "", MOST_MIN, 900)),
]


@pytest.mark.parametrize(
    ("club", "up_s", "boot", "elsewhere", "ending"), [one[1:] for one in ENDS], ids=[one[0] for one in ENDS]
)
def test_what_a_tap_out_counts(club: Club | None, up_s: float, boot: str, elsewhere: bool, ending: Ending) -> None:
    """Without a trusted clock: only the time that this boot knows of counts."""
    now = lost(up_s, boot)
    assert by_tap(visit(CAME), club, now, elsewhere=elsewhere) == ending


def test_an_end_by_rule_never_counts() -> None:
    assert by_rule(visit(CAME), stamp(f"{MONDAY} 17:01", up_s=7_060)) == Ending("rule", False, "no_tap_out", 116, 0)
