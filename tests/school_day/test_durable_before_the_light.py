"""Durable before the light: the real agent, traced; at each green light the power is cut and the disk is read.

The controls show that the test can fail: without the agent's own syncs, or with the light one card early, a green
card is not there.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import sqlite3
from pathlib import Path

from simulator.school import School
from tests.power_cut import Disk, replay, strace, to_a_terminal
from tests.school_day.conftest import MakeSchool

TAPS = 6
SEEDS = 3
PATIENCE_S = 20.0  # a traced agent is slow
GREEN = b"G\n"


async def _traced(school: School) -> list[bytes]:
    """The cards that were green, in order."""
    await school.start()
    cards = [bytes([0x6F]) + number.to_bytes(4, "big") for number in range(1, TAPS + 1)]
    for card in cards:
        assert await school.readers[1].show(card, PATIENCE_S) == "G"
    await school.agent.stop()
    return cards


def _found(disk: Disk, school: School, folder: Path, seed: int | None = None) -> list[str]:
    """The hashes of the cards that SQLite finds after a power cut; with a seed, some unsynced writes are there."""
    disk.rebuild(folder, None if seed is None else random.Random(seed))
    if not (folder / "outbox.db").exists():
        return []
    db = sqlite3.connect(folder / "outbox.db")
    try:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        sql = "select json_extract(json, '$.data.card') from event where type = 'kz.mektep.card.seen.v1'"
        return [card for (card,) in db.execute(sql)]
    except sqlite3.OperationalError:  # no such table: not even the schema was synced
        return []
    finally:
        db.close()


def _hashed(school: School, card: bytes) -> str:
    text = f"em4100:{card.hex().upper()}".encode()
    return hmac.new(school.card_key(), text, hashlib.sha256).digest()[:16].hex()


async def test_what_is_green_is_on_the_disk(make_school: MakeSchool, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    school = await make_school(direct=True, wrapper=strace(trace, "-D"))
    cards = await _traced(school)
    hashes, lights = [_hashed(school, card) for card in cards], 0
    for said, disk in replay(trace, school.box / "state", to_a_terminal):
        if said != GREEN:
            continue
        lights += 1
        for seed in (None, *range(SEEDS)):
            found = _found(disk, school, tmp_path / f"cut-{lights}-{seed}", seed)
            assert set(hashes[:lights]) <= set(found), f"light {lights}, seed {seed}"
            assert len(found) == len(set(found))
        if lights < TAPS:  # control: the next light would be too early now
            assert hashes[lights] not in _found(disk, school, tmp_path / f"early-{lights}")
    assert lights == TAPS

    for said, disk in replay(trace, school.box / "state", to_a_terminal, synced=False):  # control: no syncs
        if said == GREEN:
            assert _found(disk, school, tmp_path / f"unsynced-{lights}") == []
            lights += 1
    assert lights == 2 * TAPS
