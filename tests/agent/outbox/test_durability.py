"""Durable before the light: what accept() has returned is there after a kill at any moment, and after a power cut that
drops every write that was not synced by then.

The control shows that the power cut bites: the same run without syncs loses what it had promised.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.model import Lane
from agent.outbox import salvage
from tests.agent.outbox.box import events, opened, records, rows
from tests.power_cut import replay, traced

ROOT = Path(__file__).parents[3]
CHILD = """
import asyncio, itertools, os, sys
from pathlib import Path
from agent import db
from agent.clock import SystemClock
from agent.events import CardSeen, draft
from agent.outbox import checkpointer
from agent.outbox.outbox import open_outbox
from agent.outbox.settings import OutboxSettings

path, start, count, sync = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
checkpointer.DUE_BYTES = 60_000  # checkpoints between the taps, not after them

def unsynced(connect):
    def connected(path):
        connection = connect(path)
        connection.execute("pragma synchronous=off")
        return connection
    return connected

if sync == "off":
    db.connect, db.connect_checkpointer = unsynced(db.connect), unsynced(db.connect_checkpointer)

def log_number():  # 0 until the log has started over
    with open(f"{path}-wal", "rb") as log:
        return int.from_bytes(log.read(32)[12:16], "big")

async def main():
    clock, cards = SystemClock(), itertools.count(start)
    settings = OutboxSettings(ballast_mb=0, reserve_mb=1)
    async with open_outbox(path, school="school-07", clock=clock, settings=settings) as outbox:
        async def reader():
            while (card := next(cards)) < start + count or (sync == "full" and log_number() == 0):
                await outbox.accept([draft(CardSeen(reader="r", form="em4100", card=f"{card:032x}"), clock.now())])
                os.write(1, b"%d\\n" % card)
                if log_number() == 0 and outbox.wal_bytes() > checkpointer.DUE_BYTES:
                    await asyncio.sleep(0.02)  # a lull: the log can start over
        await asyncio.gather(*(reader() for _ in range(5)))
        os.kill(os.getpid(), 9)

asyncio.run(main())
"""


def child(path: Path, *, start: int, count: int, sync: str = "full") -> list[str]:
    return [sys.executable, "-c", CHILD, str(path), str(start), str(count), sync]


def stored(path: Path) -> set[int]:
    """The cards of all events that SQLite finds."""
    found = rows(path, "select json_extract(json, '$.data.card') from event where type like '%card.seen%'")
    return {int(card, 16) for (card,) in found}


async def test_what_was_promised_is_there_after_a_kill_at_any_moment(tmp_path: Path) -> None:
    path, chance, promised = tmp_path / "outbox.db", random.Random(2), set[int]()
    for life in range(12):
        with subprocess.Popen(
            child(path, start=life * 100_000, count=100_000), stdout=subprocess.PIPE, cwd=ROOT
        ) as agent:
            assert agent.stdout is not None
            for _ in range(chance.randrange(1, 400)):
                promised.add(int(agent.stdout.readline()))
            agent.kill()
            promised |= {int(line) for line in agent.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")}
        assert promised <= stored(path)
    async with opened(path) as outbox:
        found = await events(outbox, Lane.RECORD)
        assert [int(event["sequence"]) for event in found] == list(range(1, len(found) + 1))
        assert await records(outbox, "salvaged") == []
        assert len(await records(outbox, "epoch.opened")) == 1


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Two traced runs of sixty taps or more, one as it is and one without syncs: trace and folder of each."""
    made: dict[str, tuple[Path, Path]] = {}
    for sync in ("full", "off"):
        place = tmp_path_factory.mktemp(sync)
        (place / "state").mkdir()
        command = child(place / "state" / "outbox.db", start=0, count=60, sync=sync)
        with traced(command, place / "trace") as run:
            assert run.stdout is not None
            assert len(run.stdout.read().splitlines()) >= 60
        made[sync] = (place / "trace", place / "state")
    return made


def cuts(trace: tuple[Path, Path], target: Path, chance: random.Random | None) -> Iterator[tuple[set[int], Path]]:
    """At each light that was about to show: what was promised until then, and the database after a power cut."""
    promised: set[int] = set()
    for number, (printed, disk) in enumerate(replay(*trace)):
        promised.add(int(printed))
        if number % 4 == 3 or number < 3:
            disk.rebuild(target / f"{number}", chance)
            yield set(promised), target / f"{number}" / "outbox.db"


@pytest.mark.parametrize("seed", [None, 1, 2, 3], ids=["nothing unsynced survives", "some", "others", "others again"])
async def test_what_was_promised_is_there_after_a_power_cut(
    traces: dict[str, tuple[Path, Path]], tmp_path: Path, seed: int | None
) -> None:
    looked = 0
    for promised, path in cuts(traces["full"], tmp_path, random.Random(seed) if seed else None):
        assert salvage.damage(path) is None
        assert promised <= stored(path)
        looked += 1
    assert looked >= 18
    async with opened(path) as outbox:
        found = await events(outbox, Lane.RECORD)
        assert [int(event["sequence"]) for event in found] == list(range(1, len(found) + 1))


def test_the_run_was_long_enough_to_move_the_log_into_the_database(traces: dict[str, tuple[Path, Path]]) -> None:
    trace, folder = traces["full"]
    disks = [disk for _, disk in replay(trace, folder)]
    moved = disks[-1].seen[str(folder / "outbox.db")]
    assert moved.synced > 10
    assert len([write for write in disks[-1].seen[str(folder / "outbox.db-wal")].writes if write[0] == 0]) > 1


def test_without_syncs_the_same_power_cut_loses_what_was_promised(
    traces: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    kept = [
        promised <= stored(path) if path.exists() and salvage.damage(path) is None else False
        for promised, path in cuts(traces["off"], tmp_path, None)
    ]
    assert len(kept) >= 18
    assert not any(kept)


def test_only_what_a_returned_sync_covers_is_on_the_disk(tmp_path: Path) -> None:
    """The replay itself, on a trace written by hand: two threads, a write in flight while another's sync begins."""

    def text(word: str) -> str:
        return "".join(f"\\x{byte:02x}" for byte in word.encode())

    file, folder = f"3<{text('/d/a')}>", f"4<{text('/d')}>"
    lines = [
        f'1 openat(AT_FDCWD<{text("/")}>, "{text("/d/a")}", O_RDWR|O_CREAT, 0644) = {file}',
        f'1 pwrite64({file}, "{text("abc")}", 3, 0) = 3',
        f"1 fdatasync({folder}) = 0",
        f'2 pwrite64({file}, "{text("X")}", 1, 1 <unfinished ...>',
        f"1 fdatasync({file} <unfinished ...>",
        f'3 write(1<{text("pipe")}>, "{text("early")}", 5) = 5',
        "2 <... pwrite64 resumed>) = 1",
        "1 <... fdatasync resumed>) = 0",
        f'3 write(1<{text("pipe")}>, "{text("synced")}", 6) = 6',
        f"1 fsync({file}) = 0",
        f'3 write(1<{text("pipe")}>, "{text("again")}", 5) = 5',
    ]
    (tmp_path / "trace").write_text("\n".join(lines) + "\n", encoding="ascii")
    seen = []
    for printed, disk in replay(tmp_path / "trace", Path("/d")):
        disk.rebuild(tmp_path / printed.decode())
        seen.append((printed, (tmp_path / printed.decode() / "a").read_bytes()))
    assert seen == [(b"early", b""), (b"synced", b"abc"), (b"again", b"aXc")]
