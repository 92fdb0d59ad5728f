"""Writes examples/ledger: a day of four meals as the centre's export has it, for docs/ledger.md.

Run: python scripts/ledger_example.py [DIR]     tests/test_ledger_page.py compares what lies there.

The key is a test's: bytes 0 to 31. Nobody may sign anything with it.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent.ledger.merkle import inclusion, node_hash  # noqa: E402 - the packages of this tree must be found first
from agent.ledger.proof import LeafProof  # noqa: E402
from agent.school_events import MealGranted  # noqa: E402
from bench.ledger_year import Ledger, export  # noqa: E402

DAY = date(2026, 9, 1)
PROVEN = 3
MEALS = [  # time, pupil, programme, tenge, operator
    ("07:05:10", "3f9a1c0d5e7b2846", "free_1_4", 745, ""),
    ("07:05:13", "a07d44e19b3c6f52", "social", 800, ""),
    ("07:05:21", "5be2f1709ac8d634", "free_1_4", 745, ""),
    ("07:06:02", "", "", 0, "00000000000000aa"),  # a forgotten card
]


def made() -> Ledger:
    """The opening, four meals, the day's statement; signed."""
    ledger = Ledger()
    ledger.open(_ns("06:30:00"))
    for number, (time, pupil, programme, tenge, operator) in enumerate(MEALS, 1):
        meal = MealGranted(
            reader="canteen-1", pupil=pupil, salt=sha256(b"salt %d" % number).hexdigest()[:32], day=DAY.isoformat(),
            meal="lunch", programme=programme, tenge=tenge, operator=operator,
        )  # fmt: skip
        ledger.put(meal, _ns(time))
    ledger.state(DAY, _ns("15:00:05"))
    ledger.checkpoint()
    return ledger


def proof(ledger: Ledger) -> LeafProof:
    """Of one meal, in the checkpoint."""
    rows = [ledger.hashes]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)])
    path = inclusion(len(ledger.hashes), PROVEN, lambda level, index: rows[level][index])
    return LeafProof(index=PROVEN, path=tuple(path), checkpoint=ledger.notes[-1][0])


def write(folder: Path) -> None:
    """All files."""
    ledger = made()
    export([ledger], folder)
    (folder / "key").write_text(f"{ledger.vkey}\n", encoding="utf-8")
    (folder / "meal.proof").write_text(str(proof(ledger)), encoding="utf-8", newline="")


def _ns(time: str) -> int:
    hour, minute, second = map(int, time.split(":"))
    moment = datetime(DAY.year, DAY.month, DAY.day, hour, minute, second, tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000_000


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples/ledger")
