"""The audit of a school year: how long `mektep audit` takes for 400,000 leaves, how long one meal's proof takes, and
whether a change among them is found and named.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.audit.audit import audit
from agent.audit.export import Export
from agent.audit.one_leaf import leaf_at, prove
from agent.audit.signed import trusted
from agent.ledger.merkle import inclusion, node_hash
from agent.ledger.note import parse_checkpoint, unverified_text
from agent.ledger.proof import LeafProof, parse_proof
from bench.figure import Figure, median, p99
from bench.ledger_year import Ledger, export, year

LEAVES, DAYS = 400_000, 200
RUNS, PROOFS = 5, 500
YEAR_S, PROOF_MS = 3.0, 5.0
Lines = list[bytes]


async def measure(folder: Path) -> list[Figure]:
    place = folder / "year"
    made = await asyncio.to_thread(year, LEAVES, DAYS)
    await asyncio.to_thread(export, [made], place)
    try:
        taken_s = [await asyncio.to_thread(_command, made, place) for _ in range(RUNS)]
        proofs_ms = await asyncio.to_thread(_proofs, made, place)
        found, tried = await asyncio.to_thread(_changes, made, place)
    finally:
        shutil.rmtree(place)
    return [
        Figure(
            figure=f"audit of a school year, {LEAVES} leaves, the whole command", value=median(taken_s), unit="s",
            limit_or_peer=f"{YEAR_S:.0f} s", ratio=median(taken_s) / YEAR_S,
            target=f"<= {YEAR_S:.0f} s", met=median(taken_s) <= YEAR_S, range=(min(taken_s), max(taken_s)), runs=RUNS,
        ),
        Figure(
            figure=f"a proof of one meal among {LEAVES}: its leaf found in the export, and verified, p99",
            value=p99(proofs_ms), unit="ms", limit_or_peer=f"{PROOF_MS:.0f} ms; median {median(proofs_ms):.2f} ms",
            ratio=p99(proofs_ms) / PROOF_MS, target=f"<= {PROOF_MS:.0f} ms", met=p99(proofs_ms) <= PROOF_MS,
            range=(min(proofs_ms), max(proofs_ms)), runs=PROOFS,
        ),
        Figure(
            figure=f"a change among {LEAVES} leaves, found and named", value=found, unit="changes",
            limit_or_peer=f"{tried} kinds", ratio=found / tried, target="all", met=found == tried, runs=tried,
        ),
    ]  # fmt: skip


def _command(made: Ledger, place: Path) -> float:
    began_s = time.perf_counter()
    words = [sys.executable, "-m", "agent", "audit", str(place), "--key", made.vkey]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def _proofs(made: Ledger, place: Path) -> list[float]:
    """Of meals all over the year, each from its file and the export."""
    size = parse_checkpoint(unverified_text(made.notes[-1][0])).size
    rows = [made.hashes[:size]]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)])
    source, taken_ms = Export(place), []
    keys = trusted(source.school, [made.vkey], [], [])
    for _ in range(PROOFS):
        index = made.rng.randrange(size)
        path = tuple(inclusion(size, index, lambda level, at: rows[level][at]))
        file = str(LeafProof(index=index, path=path, checkpoint=made.notes[-1][0]))
        began_s = time.perf_counter()
        epoch, leaf = leaf_at(source, f"{made.epoch}/{index}")
        proven = prove(source.school, epoch, leaf, parse_proof(file), keys)
        taken_ms.append((time.perf_counter() - began_s) * 1e3)
        if proven.finding or proven.size != size:
            raise RuntimeError(f"leaf {index}: {proven.finding}")
    return taken_ms


def _changes(made: Ledger, place: Path) -> tuple[int, int]:
    """One change after the other, each alone; how many were found and named, of how many."""
    rng, found = random.Random(11), 0
    kinds: list[Callable[[Lines, int], None]] = [_tariff, _member, _removed, _twice, _swapped]
    for kind in kinds:
        index = rng.randrange(1, LEAVES - DAYS)
        lines = list(made.events)
        kind(lines, index)
        (place / made.epoch / "events.jsonl").write_bytes(b"\n".join(lines))
        found += _is_named(made, place, index)
    (place / made.epoch / "events.jsonl").write_bytes(b"\n".join(made.events))
    with _note_changed(made, place):
        found += _is_named(made, place, -1)
    return found, len(kinds) + 1


def _is_named(made: Ledger, place: Path, index: int) -> bool:
    """Whether a finding is about that leaf and few others; of a checkpoint: about that."""
    source = Export(place)
    report = audit(source, trusted(source.school, [made.vkey], [], []))
    if index < 0:
        return [one.code for one in report.findings] == ["A-131"]
    return any(one.first <= index <= one.last < one.first + LEAVES // DAYS for one in report.findings)


def _tariff(lines: Lines, index: int) -> None:
    lines[index] = lines[index].replace(b'"tenge":', b'"tenge":1')


def _member(lines: Lines, index: int) -> None:
    lines[index] = lines[index].replace(b'"data":{', b'"data":{"x":1,')


def _removed(lines: Lines, index: int) -> None:
    del lines[index]


def _twice(lines: Lines, index: int) -> None:
    lines.insert(index, lines[index])


def _swapped(lines: Lines, index: int) -> None:
    lines[index], lines[index + 1] = lines[index + 1], lines[index]


@contextmanager
def _note_changed(made: Ledger, place: Path) -> Iterator[None]:
    path = place / made.epoch / "checkpoints.jsonl"
    before = path.read_bytes()
    lines = before.split(b"\n")
    lines[700] = lines[700].replace(b"\\n\\n", b"\\nx\\n\\n", 1)
    path.write_bytes(b"\n".join(lines))
    try:
        yield
    finally:
        path.write_bytes(before)
