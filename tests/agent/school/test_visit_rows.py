"""The table of visits: the latest of a child, and who is inside."""

from __future__ import annotations

from agent.school import visit_rows as rows
from agent.school.since import Stamp
from tests.agent.school.doorway import ASEL, DANA, Doorway

DAY_NS = 86_400 * 1_000_000_000
AT = Stamp(1_000 * DAY_NS, True, "a boot", 77)


def come(door: Doorway, pupil: str = ASEL, club: str = "chess", *, day: str = "2026-11-23", at: Stamp = AT) -> int:
    rows.begin(door.transaction, pupil, club, "v-1", day=day, reader="room-1", at=at)
    return door.rows("select max(number) from visit")[0][0]


def test_a_visit_is_read_as_it_was_written() -> None:
    door = Doorway()
    assert rows.latest(door.transaction, ASEL) is None
    number = come(door)
    found = rows.latest(door.transaction, ASEL)
    assert found
    assert (found.inside, found.left_ns, found.visit.number, found.visit.came) == (True, 0, number, AT)
    assert [found.visit] == rows.inside(door.transaction) == rows.inside(door.transaction, "chess")
    assert (found.visit.pupil, found.visit.club, found.visit.voucher, found.visit.reader) == (
        ASEL,
        "chess",
        "v-1",
        "room-1",
    )
    rows.end(door.transaction, number, rows.BY_TAP, 9)
    found = rows.latest(door.transaction, ASEL)
    assert found
    assert (found.inside, found.left_ns) == (False, 9)


def test_a_visit_without_a_day_came_while_the_clock_was_not_trusted() -> None:
    door = Doorway()
    come(door, day="")
    found = rows.latest(door.transaction, ASEL)
    assert found
    assert not found.visit.came.trusted


def test_places_are_counted_by_club_and_the_latest_is_the_child_s_own() -> None:
    door = Doorway()
    first = come(door)
    come(door, DANA)
    come(door, DANA, "robots")
    assert [rows.taken(door.transaction, club) for club in ("chess", "robots", "opera")] == [2, 1, 0]
    rows.end(door.transaction, first, rows.BY_RULE, 9)
    assert rows.taken(door.transaction, "chess") == 1
    latest = rows.latest(door.transaction, DANA)
    assert latest
    assert latest.visit.club == "robots"
