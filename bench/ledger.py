"""The ledger: what a leaf costs beside its event, and a proof of one meal. How many meals a second: bench/meals.py."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from agent import db
from agent.clock import SystemClock
from agent.events import draft
from agent.ledger.log import Log
from agent.ledger.merkle import leaf_hash, verify_inclusion
from agent.ledger.note import Checkpoint, PrivateKey, sign_note
from agent.ledger.proof import LeafProof
from agent.model import Draft
from agent.outbox.ledger_view import ledger_view
from agent.outbox.outbox import LAST_CHECKPOINT, Outbox, open_outbox
from agent.outbox.settings import OutboxSettings
from agent.school_events import MealGranted, MealRefused
from bench.figure import Figure, median, p99
from bench.load import now

RUNS = 3
GROUP, EVENTS = 100, 10_000
YEAR, PIECE, PROOFS, COMPARISONS = 400_000, 10_000, 500, 3
PROOF_MS = 5.0
DAY = "2026-11-23"


async def measure(folder: Path) -> list[Figure]:
    leaves, others = [], []
    for _ in range(RUNS):  # by turns, so that a slow minute of the machine meets all
        others.append(await _rate(folder, _lists_of(_refused)))
        leaves.append(await _rate(folder, _lists_of(_granted)))
    ratios = [one / other for one, other in zip(leaves, others, strict=True)]
    return [
        Figure(
            figure="durable accept of leaves, lists of 100", value=median(leaves), unit="events/s",
            limit_or_peer=f"events that are no leaves: {median(others):.0f}", ratio=median(ratios), target="", met=None,
            range=(min(leaves), max(leaves)), runs=RUNS,
        ),
        *await asyncio.to_thread(_of_a_year, folder),
    ]  # fmt: skip


async def _rate(folder: Path, work: Callable[[Outbox], Awaitable[None]]) -> float:
    """How many a second."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        async with open_outbox(
            Path(name) / "outbox.db", school="school-07", clock=SystemClock(), settings=OutboxSettings(ballast_mb=0)
        ) as outbox:
            began_s = time.monotonic()
            await work(outbox)
            return EVENTS / (time.monotonic() - began_s)


def _lists_of(make: Callable[[int], Draft]) -> Callable[[Outbox], Awaitable[None]]:
    async def accept(outbox: Outbox) -> None:
        for first in range(0, EVENTS, GROUP):
            await outbox.accept([make(number) for number in range(first, first + GROUP)])

    return accept


def _granted(number: int) -> Draft:
    meal = MealGranted(
        reader="canteen-1", pupil=f"{number:016x}", salt=f"{number:032x}", day=DAY, meal="lunch", programme="free",
        tenge=950,
    )  # fmt: skip
    return draft(meal, now())


def _refused(number: int) -> Draft:
    """As large as a granted one, and no leaf."""
    refused = MealRefused(
        reader="canteen-1", reason="already_eaten", pupil=f"{number:016x}", card=f"{number:032x}", day=DAY,
        meal="lunch",
    )  # fmt: skip
    return draft(refused, now())


def _of_a_year(folder: Path) -> list[Figure]:
    """Proofs, and the comparison at the start, with a log of as many leaves as a school has in a year."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "outbox.db"
        _fill(path)
        proofs_ms, compared_s = _proofs_ms(path), [_compared_s(path) for _ in range(COMPARISONS)]
    slowest = p99(proofs_ms)
    return [
        Figure(
            figure=f"a proof of one meal among {YEAR:,}, p99", value=slowest, unit="ms",
            limit_or_peer=f"{PROOF_MS:.0f} ms; median {median(proofs_ms):.2f} ms", ratio=slowest / PROOF_MS,
            target=f"<= {PROOF_MS:.0f} ms", met=slowest <= PROOF_MS, range=(min(proofs_ms), max(proofs_ms)),
            runs=PROOFS,
        ),
        Figure(
            figure=f"the log of {YEAR:,} leaves compared with itself, at the start", value=median(compared_s),
            unit="s", limit_or_peer="", ratio=None, target="", met=None, range=(min(compared_s), max(compared_s)),
            runs=COMPARISONS,
        ),
    ]  # fmt: skip


def _fill(path: Path) -> None:
    """A database with a signed log, as the daemon would have it."""
    with closing(db.connect(path)) as made:
        made.execute("insert into epoch (id, uuid, opened_ns, reason) values (1, 'e', 0, 'new')")
        log = Log()
        for first in range(0, YEAR, PIECE):
            log, rows = log.grown([_leaf(index) for index in range(first, first + PIECE)])
            made.execute("begin")
            made.executemany("insert into tree (epoch, level, idx, hash) values (1, ?, ?, ?)", rows)
            made.execute("commit")
        note = sign_note(str(Checkpoint("log", YEAR, log.root())), "log", PrivateKey(bytes(32)))
        made.execute("insert into fact (key, value) values (?, ?)", (LAST_CHECKPOINT, note.encode()))


def _leaf(index: int) -> bytes:
    return leaf_hash(index.to_bytes(4, "big"))


def _proofs_ms(path: Path) -> list[float]:
    """Each from the opening of the database to the text of the file, as `mektep ledger prove` makes it."""
    rng, taken_ms = random.Random(1), []
    for _ in range(PROOFS):
        index = rng.randrange(YEAR)
        began_s = time.monotonic()
        with ledger_view(path) as view:
            path_up = view.log.inclusion(YEAR, index)
            str(LeafProof(index=index, path=tuple(path_up), checkpoint=view.checkpoint))
            taken_ms.append((time.monotonic() - began_s) * 1e3)
            if not verify_inclusion(_leaf(index), index, YEAR, path_up, view.log.root(YEAR)):
                raise RuntimeError(f"the proof of leaf {index} does not hold")
    return taken_ms


def _compared_s(path: Path) -> float:
    began_s = time.monotonic()
    with ledger_view(path) as view:
        view.log.check()
    return time.monotonic() - began_s
