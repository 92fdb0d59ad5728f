"""Videos of incidents over a line of 1 Mbit/s and 100 ms one way, to a real broker and centre: how long one takes
beside the line's own time, also when the line is cut ten times; and what pictures and fires wait for meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.alarms import taken_ms, until_seen, watch
from bench.clip_box import CLIP_BYTES
from bench.figure import Figure, median, p99
from simulator.link_proxy import LinkProxy
from simulator.processes import free_port
from simulator.school import SCHOOL, School

BITS_PER_S, DELAY_S = 1e6, 0.1
TRIED_BYTES = 1_500_000  # over the bare line, to tell what it takes on this machine now
RATIO = 1.3
CUTS = 10
BUSY_S, NEAR_S = 150.0, 40.0
PICTURE_S = 3.0
FIRE_S, FAR_FIRE_S = 0.5, 1.5  # here; over that line, as beside a backlog alone (bench/alarms.py)


async def measure(folder: Path) -> list[Figure]:
    line_s = await _line_s()
    return [
        await _clip(folder, "a clip of 30 s at 2 Mbit/s to the centre, 1 Mbit/s and 100 ms", line_s, cuts=0),
        await _clip(folder, f"the same, the line cut {CUTS} times", line_s, cuts=CUTS),
        *await _busy(folder, BUSY_S, shaped=True),
        *await _busy(folder, NEAR_S, shaped=False),
    ]


async def _line_s() -> float:
    """How long the line itself takes for a clip: plain TCP over the same relay, to somebody who only counts."""
    arrived, come = 0, asyncio.Event()

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        while data := await reader.read(65_536):
            arrived += len(data)
            if arrived >= TRIED_BYTES:
                come.set()
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    port = free_port()
    line = LinkProxy(port, server.sockets[0].getsockname()[1])
    line.bits_per_s, line.delay_s = BITS_PER_S, DELAY_S
    await line.start()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    began_s = time.monotonic()
    writer.write(bytes(TRIED_BYTES))
    await come.wait()
    taken_s = time.monotonic() - began_s
    writer.close()
    await line.stop()
    server.close()
    return DELAY_S + (taken_s - DELAY_S) * CLIP_BYTES / TRIED_BYTES


async def _clip(folder: Path, name: str, line_s: float, *, cuts: int) -> Figure:
    async with _school(folder) as school:
        cutting = asyncio.create_task(_cut(school, cuts))
        found = await box(school, "clip")
        cutting.cancel()
    away_s, sent = float(found["away_s"]), int(found["part_bytes"])
    taken_s = float(found["taken_s"]) - away_s
    told = f"plain TCP on the same line {line_s:.1f} s; {sent / CLIP_BYTES:.3f} times its bytes were sent"
    if cuts:
        told += f"; without a connection, and not counted, {away_s:.1f} s"
    return Figure(
        figure=name, value=taken_s, unit="s", limit_or_peer=told, ratio=taken_s / line_s,
        target=f"<= {RATIO} times the line's own", met=taken_s <= RATIO * line_s,
    )  # fmt: skip


async def _cut(school: School, cuts: int) -> None:
    """When each share of the file has come."""
    for number in range(cuts):
        while _stored(school) < CLIP_BYTES * (number + 1) / (cuts + 1):
            await asyncio.sleep(0.1)
        school.line.cut()


def _stored(school: School) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{school.city.folder}/centre.db?mode=ro", uri=True)) as db:
        (found,) = db.execute("select coalesce(sum(length(body)), 0) from evidence_part").fetchone()
    return int(found)


async def _busy(folder: Path, seconds: float, *, shaped: bool) -> list[Figure]:
    async with _school(folder, shaped=shaped) as school:
        seen: dict[int, int] = {}
        watching = asyncio.create_task(watch(school, seen))
        found = await box(school, "busy", seconds)
        await until_seen(seen, int(found["fires"]))
        watching.cancel()
        fires_s = [ms / 1e3 for ms in taken_ms(await school.city.events(SCHOOL), seen)]
    pictures_s: list[float] = found["pictures_s"]
    told = f"{found['part_bytes'] / 1e6:.0f} MB of pictures and clips went up meanwhile"
    where = "1 Mbit/s and 100 ms" if shaped else "loopback"
    fire = f"fire, accepted to committed at the centre, p99, beside a backlog and clips, {where}"
    picture = f"picture of an open incident, decision to whole at the centre, p99, beside a backlog and clips, {where}"
    return [
        _waited(picture, pictures_s, PICTURE_S, told),
        _waited(fire, fires_s, FAR_FIRE_S if shaped else FIRE_S, told),
    ]


def _waited(name: str, taken_s: list[float], limit_s: float, told: str) -> Figure:
    value = p99(taken_s)
    return Figure(
        figure=name, value=value, unit="s", limit_or_peer=f"{limit_s:.1f} s; median {median(taken_s):.2f} s; {told}",
        ratio=value / limit_s, target=f"<= {limit_s:.1f} s", met=value <= limit_s,
        range=(min(taken_s), max(taken_s)), runs=len(taken_s),
    )  # fmt: skip


@asynccontextmanager
async def _school(folder: Path, *, shaped: bool = True) -> AsyncIterator[School]:
    """Its box talks over the slow line, if shaped; its police may see pictures."""
    with tempfile.TemporaryDirectory(dir=folder) as path:
        school = School(Path(path), keep_days=0)
        try:
            await school.make()
            await school.city.start()
            await school.city.name_recipient(SCHOOL)
            if shaped:
                school.line.bits_per_s, school.line.delay_s = BITS_PER_S, DELAY_S
            await school.line.start()
            yield school
        finally:
            await school.city.stop()
            await school.line.stop()


async def box(school: School, what: str, *more: float) -> dict[str, Any]:
    """Raises RuntimeError with what it said."""
    words = [sys.executable, "-m", "bench.clip_box", str(school.box / "agent.toml"), what, *(str(one) for one in more)]
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(err.decode()[-2000:])
    found: dict[str, Any] = json.loads(out)
    return found
