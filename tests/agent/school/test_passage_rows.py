"""The table of passages: which are today's, and which day those get that were made without a clock."""

from __future__ import annotations

from agent.school import passage_rows as rows
from agent.school.purpose import Way
from agent.school.since import Stamp
from tests.agent.school.doorway import ASEL, CALENDAR, DANA, MONDAY, Doorway, stamp, utc_ns

NOW = stamp(f"{MONDAY} 12:00", up_s=36_000)


def passed(door: Doorway, at: Stamp, way: Way = Way.IN, pupil: str = ASEL, *, day: str | None = None) -> None:
    known = day if day is not None else MONDAY if at.trusted else ""
    rows.add(door.transaction, pupil, way, day=known, reader="gate", at=at)


def ways(door: Doorway, now: Stamp = NOW) -> list[Way]:
    day = MONDAY if now.trusted else ""
    return [one.way for one in rows.of_today(door.transaction, ASEL, day, now, CALENDAR)]


def days(door: Doorway) -> list[tuple[str, int]]:
    return [(day, ns) for day, ns in door.rows("select day, utc_ns from passage order by number")]


def test_today_s_are_in_order_and_the_pupil_s_own() -> None:
    door = Doorway()
    passed(door, stamp("2026-11-22 08:00", boot="b"), Way.OUT, day="2026-11-22")
    passed(door, stamp(f"{MONDAY} 07:50"))
    passed(door, stamp(f"{MONDAY} 07:55"), Way.OUT, DANA)
    passed(door, stamp(f"{MONDAY} 08:50"), Way.OUT)
    assert ways(door) == [Way.IN, Way.OUT]
    assert rows.of_day(door.transaction, MONDAY) == [
        (ASEL, Way.IN, utc_ns(f"{MONDAY} 07:50")),
        (DANA, Way.OUT, utc_ns(f"{MONDAY} 07:55")),
        (ASEL, Way.OUT, utc_ns(f"{MONDAY} 08:50")),
    ]


def test_those_without_a_day_are_today_s_if_this_boot_knows_it() -> None:
    door = Doorway()
    passed(door, stamp("2024-01-01 03:00", trusted=False, boot="b"))
    passed(door, stamp("2024-01-01 03:00", trusted=False, up_s=30_000), Way.OUT)
    assert ways(door) == [Way.OUT]
    assert ways(door, stamp(f"{MONDAY} 12:00", up_s=30_000 + 12 * 3_600 + 60)) == []  # it was yesterday


def test_without_a_clock_what_is_not_known_to_be_older_is_today_s() -> None:
    door = Doorway()
    passed(door, stamp(f"{MONDAY} 07:50", boot="b"))
    passed(door, stamp("2024-01-01 03:00", trusted=False, up_s=100), Way.OUT)
    lost = stamp("2024-01-01 09:00", trusted=False, up_s=100 + 14 * 3_600 - 1)
    assert ways(door, lost) == [Way.IN, Way.OUT][1:]  # the machine runs for more than fourteen hours
    assert ways(door, stamp("2024-01-01 09:00", trusted=False, up_s=3_600)) == [Way.IN, Way.OUT]


def test_passages_of_this_boot_get_their_true_time() -> None:
    door = Doorway()
    passed(door, stamp("2024-01-01 03:00", trusted=False, up_s=21_600))
    rows.date(door.transaction, NOW, CALENDAR)
    assert days(door) == [(MONDAY, utc_ns(f"{MONDAY} 08:00"))]


def test_passages_of_an_earlier_boot_are_of_today_if_one_before_them_is() -> None:
    door = Doorway()
    unknown = stamp("2024-01-01 03:00", trusted=False, boot="b")
    passed(door, unknown)  # nothing with a day is before it
    passed(door, stamp("2026-11-20 12:00", boot="c"), day="2026-11-20")
    passed(door, unknown)  # of that day, or of any later one
    passed(door, stamp(f"{MONDAY} 07:50", boot="d"))
    passed(door, unknown)
    rows.date(door.transaction, NOW, CALENDAR)
    known = (MONDAY, utc_ns(f"{MONDAY} 07:50"))
    assert days(door) == [
        ("", unknown.utc_ns),
        ("2026-11-20", utc_ns("2026-11-20 12:00")),
        ("", unknown.utc_ns),
        known,
        known,
    ]
    door.db.execute("delete from passage where day = '2026-11-20'")
    passed(door, unknown)
    rows.date(door.transaction, NOW, CALENDAR)
    assert days(door)[-1][0] == ""  # a boot looks once at what earlier ones left


def test_weeks_without_a_clock_are_dated_a_piece_at_a_time_and_only_today() -> None:
    door = Doorway()
    wrong = utc_ns("2024-01-01 03:00")
    for second in range(2 * rows.DATE_ROWS):
        passed(door, Stamp(wrong, False, NOW.boot, NOW.monotonic_ns - (second + 1) * 10**9), day="")
        passed(door, Stamp(wrong, False, NOW.boot, NOW.monotonic_ns - 13 * 3_600 * 10**9 - second), day="")
    looks = 1
    while not rows.date(door.transaction, NOW, CALENDAR):
        looks += 1
    assert looks == 3
    dated = door.rows("select utc_ns, monotonic_ns from passage where day <> ''")
    assert {NOW.utc_ns - utc + monotonic for utc, monotonic in dated} == {NOW.monotonic_ns}
    assert len(dated) == 2 * rows.DATE_ROWS


def test_what_many_earlier_boots_left_costs_no_more_than_it_is() -> None:
    """Each of them was once looked at for each of the others: seconds in which no tap was taken."""
    door = Doorway()
    unknown = stamp("2024-01-01 03:00", trusted=False, boot="b")
    for _ in range(3_000):
        passed(door, unknown)
    passed(door, stamp(f"{MONDAY} 07:50", boot="d"))
    for _ in range(rows.DATE_ROWS):
        passed(door, unknown)
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    door.db.set_progress_handler(step, 1_000)
    assert [rows.date(door.transaction, NOW, CALENDAR) for _ in range(2)] == [False, True]
    assert steps < 100
    assert len(door.rows("select 1 from passage where day <> ''")) == rows.DATE_ROWS + 1
