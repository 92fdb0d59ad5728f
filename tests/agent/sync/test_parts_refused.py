"""Silence, refusals, a card that loses what was written, and any line at all: the file comes, or its loss is told."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.rows import Kept
from agent.sync.identity import Identity
from agent.sync.parts import STARTS_MAX, Parts
from agent.sync.topics import Topics
from agent.sync.trust import Refused
from tests.agent.outbox.box import records
from tests.agent.sync.parts_wire import SCHOOL, Wire, covered, open_wire

IDENTITY = Identity(Ed25519PrivateKey.generate())


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with open_wire(tmp_path) as made:
        yield made


# --- silence and refusals ---------------------------------------------------------------------------------------------


async def test_a_silent_centre_is_asked_ever_more_seldom(wire: Wire) -> None:
    await wire.keep()
    pauses = []
    for _ in range(9):
        assert len(await wire.send()) == 1
        wire.now_s += wire.parts.next_due_s(wire.now_s) + 0.001
        wire.parts.overdue(wire.flow, wire.now_s)
        assert wire.flow.on_its_way == 0
        assert await wire.send() == []
        pause_s = wire.parts.next_due_s(wire.now_s)
        pauses.append(round(pause_s, 1))
        wire.now_s += pause_s + 0.001
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert wire.parts.counts.parts_overdue == 9


STALE = [
    {"evidence": "11111111-1111-4111-8111-111111111111"},
    {"sha256": "0" * 64},
    {"bytes": 1},
]


@pytest.mark.parametrize("changes", STALE)
async def test_a_receipt_of_another_file_changes_nothing(wire: Wire, changes: dict[str, Any]) -> None:
    kept = await wire.keep()
    wire.store(*await wire.send())
    with pytest.raises(Refused, match="stale_receipt"):
        wire.take(wire.receipt(kept, "whole", **changes))
    assert wire.evidence.shelf.find(kept.id) == kept
    assert wire.parts.flying() == 1


async def test_a_late_receipt_of_the_last_connection_still_settles(wire: Wire) -> None:
    kept = await wire.keep(3_000)
    wire.store(*await wire.send())
    late = wire.receipt(kept)
    wire.parts.connected(wire.flow)
    wire.take(late)
    assert wire.evidence.shelf.find(kept.id) is None


async def test_a_conflict_is_given_up_and_told(wire: Wire) -> None:
    kept = await wire.keep()
    await wire.send()
    wire.take(wire.receipt(kept, "conflict"))
    await wire.evidence.drained()
    assert [one["reason"] for one in await records(wire.outbox, "evidence.lost")] == ["refused"]
    assert (wire.flow.on_its_way, wire.parts.flying()) == (0, 0)


async def test_a_file_that_the_centre_cannot_put_together_is_sent_three_times(wire: Wire) -> None:
    kept = await wire.keep(3_000)
    for _ in range(STARTS_MAX):
        assert len(await wire.send()) == 1
        wire.take(wire.receipt(kept, "damaged"))
    await wire.evidence.drained()
    assert [one["reason"] for one in await records(wire.outbox, "evidence.lost")] == ["refused"]
    assert wire.flow.on_its_way == 0


async def test_a_centre_that_never_says_whole_is_asked_again_and_then_given_up(wire: Wire) -> None:
    kept = await wire.keep(3_000)
    for _ in range(20):
        places = await wire.send()
        wire.store(*places)
        if places:
            wire.take(wire.receipt(kept, "partial"))
        wire.now_s += 100
    await wire.evidence.drained()
    assert [one["reason"] for one in await records(wire.outbox, "evidence.lost")] == ["refused"]


async def test_what_the_card_changed_is_not_sent(wire: Wire) -> None:
    kept = await wire.keep()
    path = wire.folder / f"evidence/{kept.id}.age"
    path.write_bytes(b"X" + path.read_bytes()[1:])
    assert await wire.send() == []
    await wire.evidence.drained()
    assert [one["reason"] for one in await records(wire.outbox, "evidence.lost")] == ["damaged"]


async def test_what_the_card_loses_meanwhile_is_told(wire: Wire) -> None:
    kept = await wire.keep(100_000)
    wire.store(*await wire.send())
    (wire.folder / f"evidence/{kept.id}.age").unlink()
    wire.take(wire.receipt(kept))
    assert await wire.send() == []
    await wire.evidence.drained()
    assert [one["reason"] for one in await records(wire.outbox, "evidence.lost")] == ["damaged"]
    wire.parts.overdue(wire.flow, wire.now_s + 1_000)
    assert wire.flow.on_its_way == 0


async def test_a_picture_that_gives_way_in_mid_transfer_leaves_no_part_on_the_account(wire: Wire) -> None:
    kept = await wire.keep(100_000)
    places = await wire.send()
    wire.evidence.shelf.lose(kept, "quota")
    wire.store(*places)
    wire.take(wire.receipt(kept))
    assert (wire.flow.on_its_way, wire.parts.flying()) == (0, 0)


# --- any line ---------------------------------------------------------------------------------------------------------


@given(st.randoms(use_true_random=False), st.integers(1, 60_000))
async def test_whatever_is_lost_repeated_or_cut_the_centre_gets_the_file(rng: random.Random, size: int) -> None:
    """Each round something may be lost, overtaken, or the connection cut; a thousand rounds are enough for all."""
    evidence: Any = OneFile(size)
    nothing: Any = None
    wire = Wire(Parts(evidence.shelf, IDENTITY, Topics(SCHOOL), lambda: 0.5), evidence, nothing, nothing)
    kept = evidence.kept
    for _ in range(1_000):
        places = await wire.send()
        wire.store(*(one for one in places if rng.random() < 0.8))
        if rng.random() < 0.7 and wire.evidence.shelf.find(kept.id):
            wire.take(wire.receipt(kept))
        if rng.random() < 0.1:
            wire.parts.connected(wire.flow)
        wire.now_s += rng.choice([0.01, 1.0, 100.0])
        wire.parts.overdue(wire.flow, wire.now_s)
        if wire.evidence.shelf.owed() is None:
            break
    assert covered([(kept.id, first, last) for first, last in wire.centre[kept.id].items()])[-1] == kept.bytes - 1
    assert wire.evidence.shelf.owed() is None
    assert evidence.told == "whole"


class OneFile:
    """Stands for the store and its shelf: one file in memory."""

    def __init__(self, size: int) -> None:
        self.shelf = self
        self.content = random.Random(size).randbytes(size)
        self.kept: Kept | None = Kept(
            number=1, id="1" * 8, camera="c", kind="snapshot", rank=3, bytes=size, sha256="ab" * 32
        )
        self.told = "whole"

    def owed(self, _of: object = None) -> Kept | None:
        return self.kept

    def find(self, id_: str) -> Kept | None:
        return self.kept

    async def intact(self, kept: Kept) -> bool:
        return True

    async def read(self, kept: Kept, offset: int, size: int) -> bytes:
        return self.content[offset : offset + size]

    def delivered(self, kept: Kept) -> None:
        self.kept = None

    def lose(self, kept: Kept, reason: str) -> None:
        self.kept, self.told = None, reason
