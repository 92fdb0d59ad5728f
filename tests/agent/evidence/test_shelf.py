"""What is owed, in whose turn it is sent, and that others are told when that changes."""

from __future__ import annotations

from agent.evidence.retention import Turn
from agent.model import Severity
from tests.agent.evidence.kept import Box


async def test_pictures_of_open_incidents_come_first_when_one_opens(box: Box) -> None:
    severe = await box.keep(1_000, seed=1, severity=Severity.FATAL)
    mild = await box.keep(1_000, seed=2, severity=Severity.INFO)
    shelf, told, opened = box.evidence.shelf, [], set[str]()
    shelf.add_listener(lambda: told.append(1))
    box.evidence.know_open(opened.__contains__)
    first = shelf.owed()
    assert first is not None
    assert (first.id, shelf.owed(Turn.FIRST)) == (severe, None)
    opened.add(mild)
    shelf.incidents_changed()
    first, later = shelf.owed(), shelf.owed(Turn.LATER)
    assert first is not None
    assert later is not None
    assert (first.id, later.id, shelf.owed(Turn.LAST), told) == (mild, severe, None, [1])


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
