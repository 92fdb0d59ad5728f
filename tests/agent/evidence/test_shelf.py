"""What is owed, in whose turn it is sent, and that others are told when that changes."""

from __future__ import annotations

import msgspec

from agent.evidence import rows
from agent.evidence.retention import Turn
from agent.evidence.shelf import DAY_NS
from agent.model import Severity
from tests.agent.evidence.kept import Box


async def test_pictures_of_open_incidents_come_first_and_go_last(box: Box) -> None:
    severe = await box.keep(1_000, seed=1, severity=Severity.FATAL)
    mild = await box.keep(1_000, seed=2, severity=Severity.INFO)
    shelf, told = box.evidence.shelf, list[int]()
    shelf.add_listener(lambda: told.append(1))
    first = shelf.owed()
    assert first is not None
    assert (first.id, shelf.owed(Turn.FIRST)) == (severe, None)
    await box.outbox.transact(lambda t: rows.belongs(t, mild, "fire"))
    shelf.incidents_changed(["fire"])
    await box.evidence.drained()
    first, later = shelf.owed(), shelf.owed(Turn.LATER)
    assert first is not None
    assert later is not None
    assert (first.id, later.id, shelf.owed(Turn.LAST), told) == (mild, severe, None, [1])
    shelf.incidents_changed([])
    await box.evidence.drained()
    assert shelf.owed(Turn.FIRST) is None


async def test_what_the_centre_does_not_take_for_a_month_goes_and_is_told(box: Box) -> None:
    gone, stays = await box.keep(1_000, seed=1), await box.keep(1_000, seed=2)
    shelf = box.evidence.shelf
    await box.outbox.transact(lambda t: rows.belongs(t, stays, "fight"))
    shelf.incidents_changed(["fight"])
    await box.evidence.drained()
    box.clock.now_ns += 29 * DAY_NS
    box.clock.up_ns += 29 * DAY_NS
    await shelf.forget()
    assert await box.lost() == []
    box.clock.now_ns += 2 * DAY_NS
    await shelf.forget()
    assert await box.lost() == []  # the clock is ahead: by the steady one it is not so long
    box.clock.up_ns += 2 * DAY_NS
    await shelf.forget()
    assert await box.lost() == [(gone, "expired")]
    assert list(box.files()) == [stays]


async def test_at_the_start_what_shows_an_incident_counts_as_open_until_that_is_known(box: Box) -> None:
    """A box whose card is full, or that was off for a month, starts: an open incident does not lose its picture."""
    id_ = await box.keep(1_000)
    shelf = box.evidence.shelf
    kept = shelf.find(id_)
    assert kept is not None
    shelf.hold(msgspec.structs.replace(kept, incident="fight"))
    box.clock.now_ns += 31 * DAY_NS
    box.clock.up_ns += 31 * DAY_NS
    await shelf.forget()
    assert await box.lost() == []
    shelf.incidents_changed([])
    await shelf.forget()
    assert await box.lost() == [(id_, "expired")]


async def test_what_was_kept_without_a_trusted_clock_counts_from_when_there_is_one(box: Box) -> None:
    box.clock.is_synced = False
    id_ = await box.keep(1_000)
    shelf = box.evidence.shelf
    await shelf.forget()
    assert [one.since_ns for _, one in await box.outbox.transact(rows.load)] == [0]
    box.clock.is_synced = True
    await shelf.forget()
    assert [one.since_ns for _, one in await box.outbox.transact(rows.load)] == [box.clock.now_ns]
    kept = shelf.find(id_)
    assert kept is not None
    assert kept.since_ns == box.clock.now_ns


async def test_what_is_kept_is_found_until_it_is_delivered(box: Box) -> None:
    id_ = await box.keep(1_000)
    shelf = box.evidence.shelf
    kept = shelf.find(id_)
    assert kept is not None
    assert (shelf.count(), shelf.owed_bytes()) == (1, kept.bytes)
    shelf.delivered(kept)
    shelf.delivered(kept)
    await box.evidence.drained()
    assert (shelf.find(id_), shelf.counts.delivered, shelf.counts.lost) == (None, 1, 0)
