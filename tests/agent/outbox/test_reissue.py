"""Events under new numbers: they name their old place, settle it, and come once, whatever is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.model import Lane
from agent.outbox.outbox import Outbox
from agent.outbox.reissue import reissue
from tests.agent.outbox.box import card_of, events, opened, rows, taps


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def cards(outbox: Outbox, epoch: str = "") -> list[int]:
    """Of all taps of an epoch, the current one by default; its first record is none."""
    return [card_of(event) for event in (await events(outbox, Lane.RECORD, epoch))[1:]]


async def test_they_name_their_old_place_and_settle_it(path: Path) -> None:
    async with opened(path) as outbox:
        old = outbox.epoch
        await outbox.accept(taps(250))
        with pytest.raises(ValueError, match="older epoch"):
            await reissue(outbox, old, Lane.RECORD, 1, 2)
        new = await outbox.open_epoch("conflict")
        assert await reissue(outbox, old, Lane.RECORD, 11, 240) == 230
        again = (await events(outbox, Lane.RECORD))[1:]
        assert [event["reissueof"] for event in again] == [f"{old}/record/{number}" for number in range(11, 241)]
        assert [card_of(event) for event in again] == list(range(9, 239))
        assert {event["source"] for event in again} == {f"/schools/school-07/{new}/record"}
        outbox.settle(old, Lane.RECORD, 1, 10)
        assert outbox.settled(old, Lane.RECORD) == 240


async def test_a_box_that_is_killed_before_the_old_numbers_are_settled_issues_nothing_twice(path: Path) -> None:
    """What a kill leaves: the new events are on the disk, the settled prefix of the old epoch is not."""
    async with opened(path) as outbox:
        old = outbox.epoch
        await outbox.accept(taps(30))
        await outbox.open_epoch("conflict")
        assert await reissue(outbox, old, Lane.RECORD, 11, 20) == 10
        first = await cards(outbox)
    assert rows(
        path, "select settled from lane l join epoch e on e.id = l.epoch where e.uuid = ? and lane = 1", old
    ) in (
        [],
        [(0,)],
    )
    async with opened(path) as outbox:
        assert outbox.settled(old, Lane.RECORD) == 0
        assert await reissue(outbox, old, Lane.RECORD, 11, 20) == 0
        assert await cards(outbox) == first
        assert await reissue(outbox, old, Lane.RECORD, 9, 25) == 7
        assert sorted(await cards(outbox)) == sorted([*first, 7, 8, 19, 20, 21, 22, 23])


async def test_a_number_that_is_refused_in_every_epoch_goes_on_from_the_newest(path: Path) -> None:
    async with opened(path) as outbox:
        oldest = outbox.epoch
        await outbox.accept(taps(2))
        middle = await outbox.open_epoch("conflict")
        await reissue(outbox, oldest, Lane.RECORD, 2, 3)
        await outbox.open_epoch("conflict")
        assert await reissue(outbox, middle, Lane.RECORD, 2, 3) == 2
        again = (await events(outbox, Lane.RECORD))[1:]
        assert [event["reissueof"] for event in again] == [f"{middle}/record/2", f"{middle}/record/3"]


async def test_what_is_gone_is_settled_all_the_same(path: Path) -> None:
    async with opened(path) as outbox:
        old = outbox.epoch
        await outbox.accept(taps(2))
        await outbox.open_epoch("conflict")
        assert await reissue(outbox, old, Lane.ALARM, 1, 5) == 0
        assert await cards(outbox) == []
