"""A box with evidence in a process of its own: python -m bench.clip_box CONFIG WHAT [NUMBERS]. Prints one JSON object.

clip      one video of CLIP_BYTES that waits, until the centre has it whole
busy      for so many seconds: a backlog of BACKLOG records, and always videos that wait; beside them pictures of an
          open incident and fires, one after the other. For each picture: from the decision to the receipt that it is
          whole; fires are found in the centre's database.
fill      so many videos and a backlog of as many thousand records are kept, and nothing is sent
Not       the camera: a video is pieces of random bytes here, as long as one of 30 s at 2 Mbit/s, sealed as it would be.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from agent.evidence import rows
from agent.evidence.store import Evidence
from agent.model import Lane, Moment, Severity
from agent.outbox.outbox import Outbox
from agent.sync.centre_link import CentreLink
from bench.load import alarm, now, tap
from bench.open_box import open_evidence_box
from drivers.clips import PIECE_BYTES, ClipMade, ClipOrder
from drivers.readings import PictureChange, PictureState

CLIP_BYTES = 7_500_000  # 30 s at 2 Mbit/s
PICTURE_BYTES = 60_000
BACKLOG = 20_000  # more than a minute of the line; then the videos go
GROUP = 100
CLIPS = 2  # that always wait
EVERY_S = 1.5  # a picture, and two fires
INCIDENT = "11111111-1111-4111-8111-111111111111"
LOOK_S = 0.005
AWAY = {"offline", "connecting"}


class Footage:
    """Of the shape of agent.evidence.films.Footage: all of it at once."""

    def __init__(self) -> None:
        self.made: ClipMade | None = None
        self.reason = ""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for first in range(0, CLIP_BYTES, PIECE_BYTES):
            yield os.urandom(min(PIECE_BYTES, CLIP_BYTES - first))
        self.made = ClipMade(plain_bytes=CLIP_BYTES - 1_000, plain_sha256="ab" * 32, before_s=10.0, after_s=20.0)

    def drop(self) -> None:
        """It is over already."""


class Films:
    """Of the shape of agent.evidence.films.Films."""

    def refusal(self, camera: str) -> str:
        return "" if camera else "no_video"

    def film(self, camera: str, order: ClipOrder) -> Footage | None:
        return Footage() if camera and order.most_bytes >= CLIP_BYTES else None


async def clip_of(evidence: Evidence, camera: str) -> str:
    at: Moment = now()
    id_ = await evidence.keep_clip(camera, before_s=10, after_s=20, severity=Severity.ERROR, at=at)
    if not id_:
        raise RuntimeError("no clip was taken")
    return id_


async def clip(outbox: Outbox, evidence: Evidence, link: CentreLink) -> dict[str, object]:
    """Its first part leaves when it is kept. away_s: of that time, how long there was no connection."""
    id_ = await clip_of(evidence, "gate")
    await evidence.drained()
    began_s = looked_s = time.monotonic()
    away_s = 0.0
    while evidence.shelf.find(id_) is not None:
        await asyncio.sleep(LOOK_S)
        since_s, looked_s = looked_s, time.monotonic()
        away_s += looked_s - since_s if link.snapshot().state in AWAY else 0.0
    return {
        "taken_s": time.monotonic() - began_s,
        "away_s": away_s,
        "settled": outbox.settled(outbox.epoch, Lane.RECORD),
    }


async def busy(outbox: Outbox, evidence: Evidence, seconds: float) -> dict[str, object]:
    for first in range(0, BACKLOG, GROUP):
        await outbox.accept([tap(number) for number in range(first, first + GROUP)])
    clips = 0
    evidence.shelf.incidents_changed([INCIDENT])
    taken_s: list[float] = []
    fires = 0
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        due_s = time.monotonic() + EVERY_S
        for _ in range(CLIPS - evidence.state().kept):
            clips += 1
            await clip_of(evidence, f"yard-{clips}")
            await evidence.drained()
        for _ in range(2):
            fires += 1
            await outbox.accept([alarm(fires)])
            await asyncio.sleep(0.1)
        taken_s.append(await picture(outbox, evidence, len(taken_s)))
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
    return {"pictures_s": taken_s, "fires": fires}


async def picture(outbox: Outbox, evidence: Evidence, number: int) -> float:
    """From the camera's decision to the receipt that says whole. It belongs to an incident that is open."""
    began_s = time.monotonic()
    jpeg = b"\xff\xd8" + random.Random(number).randbytes(PICTURE_BYTES - 4) + b"\xff\xd9"
    at = now()
    change = PictureChange(
        state=PictureState.COVERED, before=PictureState.CLEAR, jpeg=jpeg, blurred=b"", at_ns=at.utc_ns,
        monotonic_ns=at.monotonic_ns,
    )  # fmt: skip
    ids = await evidence.keep(change, f"camera-{number}", Severity.ERROR)
    await outbox.transact(lambda transaction: rows.belongs(transaction, ids.snapshot, INCIDENT))
    while evidence.shelf.find(ids.snapshot) is None:
        await asyncio.sleep(LOOK_S)
    while evidence.shelf.find(ids.snapshot) is not None:
        await asyncio.sleep(LOOK_S)
    return time.monotonic() - began_s


async def fill(path: Path, videos: int, thousands: int) -> dict[str, object]:
    """For a daemon that is started afterwards; who may see videos is known from before."""
    async with open_evidence_box(path, random.Random(1), Films()) as (outbox, _link, _reference, evidence):
        await evidence.begin()
        for number in range(videos):
            await clip_of(evidence, f"yard-{number}")
            await evidence.drained()
        for first in range(0, thousands * 1_000, GROUP):
            await outbox.accept([tap(number) for number in range(first, first + GROUP)])
        return {"kept": evidence.state().kept}


async def run(path: Path, what: str, seconds: float) -> dict[str, object]:
    async with open_evidence_box(path, random.Random(1), Films()) as (outbox, link, reference, evidence):
        await evidence.begin()
        running = asyncio.create_task(link.run())
        while not reference.recipients().snapshot:
            await asyncio.sleep(LOOK_S)
        found = await (clip(outbox, evidence, link) if what == "clip" else busy(outbox, evidence, seconds))
        await evidence.drained()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return found | {"part_bytes": link.snapshot().counters["part_bytes"]}


if __name__ == "__main__":
    config, what, *rest = sys.argv[1:]
    if what == "fill":
        print(json.dumps(asyncio.run(fill(Path(config), int(rest[0]), int(rest[1])))))
    else:
        print(json.dumps(asyncio.run(run(Path(config), what, float(rest[0]) if rest else 0.0))))
