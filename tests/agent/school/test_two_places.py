"""One card at two places: told apart by what readers are for, within twenty seconds of one boot."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.datasets import Club, Clubs, ClubTime, Voucher
from agent.school import desk
from agent.school.purpose import Purpose, Way
from agent.school.two_places import TABLES, WALK_NS, Seen, elsewhere
from drivers.readings import Light
from tests.agent.school.canteen import MONDAY, book, canteen, card, key

S = 1_000_000_000
GREEN = Light.ACCEPTED
HERE = Seen("canteen-1", Purpose.MEALS, "a", 100 * S)


@pytest.mark.parametrize(
    ("reader", "purpose", "boot", "at_s", "found"),
    [
        ("gate-1", Purpose.ENTRANCE, "a", 90, True),
        ("gate-1", Purpose.ENTRANCE, "a", 110, True),  # taps of two readers come out of order
        ("gate-1", Purpose.ENTRANCE, "a", 80.001, True),
        ("gate-1", Purpose.ENTRANCE, "a", 80, False),  # that can be walked
        ("gate-1", Purpose.ENTRANCE, "b", 99, False),  # of another boot: not comparable
        ("canteen-2", Purpose.MEALS, "a", 99, False),  # side by side
        ("club-1", Purpose.CLUB, "a", 99, True),
    ],
)
def test_elsewhere(reader: str, purpose: Purpose, boot: str, at_s: float, found: bool) -> None:
    other = Seen(reader, purpose, boot, round(at_s * S))
    assert elsewhere(HERE, [other]) == (other if found else None)


def test_the_figures() -> None:
    assert WALK_NS == 20 * S
    assert set(TABLES) == {Purpose.MEALS, Purpose.ENTRANCE, Purpose.CLUB}


async def test_a_child_that_eats_and_passes_the_gate_at_one_moment(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        for pupil, before_s in ((1, 5), (2, 25)):
            await school.run(
                "insert into passage (pupil, day, way, reader, utc_ns, boot, monotonic_ns) "
                "values (?, ?, 'in', ?, 1, ?, ?)",
                *(key(pupil), MONDAY, "gate-1", school.clock.boot_id, school.clock.up_ns - before_s * S),
            )
        await school.eats(2)
        await school.eats(1)
        (found,) = await school.said("suspicion")
        assert (found["rule"], found["reader"], found["other"], found["pupil"], found["day"]) == (
            *("two_places", "canteen-1", "gate-1", key(1), MONDAY),
        )


async def test_a_visit_of_a_club_is_another_place(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.run(
            "insert into visit (pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns) "
            "values (?, 'chess', 'v', ?, 'club-1', 1, ?, ?)",
            *(key(1), MONDAY, school.clock.boot_id, school.clock.up_ns - S),
        )
        await school.eats(1)
        assert [(one["rule"], one["other"]) for one in await school.said("suspicion")] == [("two_places", "club-1")]


@pytest.mark.parametrize("first", [Purpose.MEALS, Purpose.ENTRANCE, Purpose.CLUB])
@pytest.mark.parametrize("second", [Purpose.MEALS, Purpose.ENTRANCE, Purpose.CLUB])
async def test_every_rule_looks_for_the_others(tmp_path: Path, first: Purpose, second: Purpose) -> None:
    chess = Club(club="chess", places=9, times=[ClubTime(weekday=1, starts="10:00", ends="15:00")])
    place = Voucher(voucher="v", pupil=key(1), club="chess", first=MONDAY, last=MONDAY)
    async with canteen(tmp_path, book(clubs=Clubs(clubs=[chess], vouchers=[place]))) as school:
        for purpose in (first, second):
            tap = msgspec.structs.replace(
                school.tap(card(1), f"{purpose.value}-1"), purpose=purpose, clubs=("chess",), way=Way.IN
            )
            assert await school.outbox.transact(lambda work, tap=tap: desk.decide(work, school.book, tap)) is GREEN
            school.clock.advance(12)
        found = [(one["rule"], one["reader"], one["other"]) for one in await school.said("suspicion")]
        told = [("two_places", f"{second.value}-1", f"{first.value}-1")]
        assert found == (told if first is not second else [])
