"""Durable before the light: the real agent, traced; at each green light the power is cut and the disk is read.

The control shows that the test can fail: without the agent's own syncs, or with the light before them, a green card
is not there.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from pathlib import Path

import pytest

from simulator.school import School
from tests.school_day.conftest import MakeSchool
from tests.school_day.trace import STRACE, Call, Disk, calls, nothing, some

TAPS = 6
PATIENCE_S = 20.0  # a traced agent is slow


@pytest.fixture
async def traced(make_school: MakeSchool, tmp_path: Path) -> tuple[School, list[bytes], list[Call]]:
    """A school whose agent was traced: the cards that were green, in order, and the calls."""
    trace = tmp_path / "trace"
    school = await make_school(direct=True, wrapper=[*STRACE, "-o", str(trace)])
    await school.start()
    cards = [bytes([0x6F]) + number.to_bytes(4, "big") for number in range(1, TAPS + 1)]
    for card in cards:
        assert await school.readers[1].show(card, PATIENCE_S) == "G"
    await school.agent.stop()
    return school, cards, calls(trace)


def _lights(found: list[Call]) -> list[int]:
    """When each green light began to leave: places in the trace."""
    return [call.began for call in found if call.path.startswith("/dev/pts/") and call.data == b"G\n"]


def _holds(folder: Path, school: School, card: bytes) -> bool:
    """The database of a disk holds the card's event."""
    text = f"em4100:{card.hex().upper()}".encode()
    hashed = hmac.new(school.card_key(), text, hashlib.sha256).digest()[:16].hex()
    db = sqlite3.connect(folder / "outbox.db")
    try:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        found = db.execute(
            "select count(*) from event where json_extract(json, '$.data.card') = ?", (hashed,)
        ).fetchone()
    except sqlite3.OperationalError:  # no such table: not even the schema was synced
        return False
    finally:
        db.close()
    return bool(found[0] == 1)


def _power_cut(found: list[Call], school: School, at: int, folder: Path, *, seed: int | None = None) -> Path:
    """The disk when the power goes as the call at this place begins."""
    disk = Disk(school.box / "state")
    for call in found:
        if call.ended < at:
            disk.apply(call)
    return disk.after_power_cut(folder, nothing if seed is None else some(seed))


async def test_what_is_green_is_on_the_disk(traced: tuple[School, list[bytes], list[Call]], tmp_path: Path) -> None:
    school, cards, found = traced
    lights = _lights(found)
    assert len(lights) == TAPS
    for number, (card, at) in enumerate(zip(cards, lights, strict=True)):
        assert _holds(_power_cut(found, school, at, tmp_path / f"bare-{number}"), school, card)
        for seed in range(3):
            cut = _power_cut(found, school, at, tmp_path / f"some-{number}-{seed}", seed=seed)
            assert _holds(cut, school, card), f"seed {seed}"

    # Controls: the same run without its syncs, and each light one card too early.
    unsynced = [call for call in found if not call.name.endswith("sync")]
    assert not _holds(_power_cut(unsynced, school, lights[-1], tmp_path / "unsynced"), school, cards[0])
    for number, (card, at) in enumerate(zip(cards[1:], lights, strict=False)):
        assert not _holds(_power_cut(found, school, at, tmp_path / f"early-{number}"), school, card)
