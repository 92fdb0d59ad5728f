"""Killed at any point, a box holds neither a file without a row nor an alarm's id of which nothing is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.evidence.pictures import evidence_of, somebody
from tests.agent.outbox.box import opened as outbox_opened
from tests.agent.outbox.box import records, rows
from tests.clock import FastClock

VICTIM = """
import asyncio, sys
from pathlib import Path
from agent.events import draft
from agent.incident_events import IncidentEvidence
from agent.model import Severity
from agent.school import pictures
from agent.evidence import not_kept
from tests.agent.evidence.footage import HandFilms
from tests.agent.evidence.pictures import change, evidence_of, jpeg, somebody
from tests.agent.outbox.box import opened
from tests.clock import FastClock

async def main(folder):
    not_kept.PER_MINUTE = 10**6
    async with opened(folder / "o.db") as outbox:
        films = HandFilms()
        evidence = evidence_of(outbox, folder, FastClock(), somebody, quota_mb=1, films=films)
        await evidence.begin()
        print("begun", flush=True)
        number = 0
        while True:
            number += 1
            picture = change(jpeg(60_000, number), blurred=jpeg(6_000, number))
            ids = await evidence.keep(picture, "gate", Severity.ERROR)
            await outbox.accept([pictures.changed(picture, "gate", ids, synced=True)])
            for footage in films.footage:
                footage.give(10_000)
            if number % 4 == 0:
                for footage in films.footage:
                    footage.end()
                films.footage.clear()
                at = FastClock().now()
                clip = await evidence.keep_clip("gate", before_s=1, after_s=1, severity=Severity.FATAL, at=at)
                if clip:
                    shown = IncidentEvidence(incident="1" * 8, camera="gate", clip=clip)
                    await outbox.accept([draft(shown, at)])
            if number % 5 == 0 and (owed := evidence.shelf.owed()):
                evidence.shelf.delivered(owed)
                print("delivered", owed.id, flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


def killed_after(folder: Path, seconds: float) -> set[str]:
    """A box that keeps, sheds and delivers without pause, until it is killed. Returns what the centre has by then.

    What it could not note any more it owes in its next life, and may lose there: the centre has it all the same.
    """
    words = [sys.executable, "-c", VICTIM, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "begun\n"
        with pytest.raises(subprocess.TimeoutExpired):
            victim.wait(seconds)
        victim.send_signal(signal.SIGKILL)
        return {line.split()[1] for line in victim.stdout if line.startswith("delivered") and line.endswith("\n")}


@pytest.mark.timeout(60)
async def test_kill_9_leaves_neither_an_orphan_nor_a_promise(tmp_path: Path) -> None:
    delivered: set[str] = set()
    for number in range(4):
        delivered |= killed_after(tmp_path, 0.1 + 0.17 * number)
    async with outbox_opened(tmp_path / "o.db") as outbox:
        evidence = evidence_of(outbox, tmp_path, FastClock(), somebody, quota_mb=1)
        await evidence.begin()
        await evidence.drained()
        files = {path.stem for path in (tmp_path / "evidence").iterdir()}
        table = rows(tmp_path / "o.db", "select id, state from evidence")
        assert {(id_, 1) for id_ in files} == set(table)
        sql = "select json_extract(json, '$.data.evidence', '$.data.blurred') from event where type = ?"
        named = rows(tmp_path / "o.db", sql, "kz.mektep.camera.picture.v1")
        promised = {id_ for (both,) in named for id_ in json.loads(both)} - {""}
        clip = "select json_extract(json, '$.data.clip') from event where type = ?"
        clips = {id_ for (id_,) in rows(tmp_path / "o.db", clip, "kz.mektep.incident.evidence.v1")}
        promised |= clips
        lost = [one["evidence"] for one in await records(outbox, "evidence.lost")]
        assert len(promised) > 20
        assert clips & set(lost)
        assert clips & (files | delivered)
        assert len(lost) == len(set(lost))
        assert not set(lost) & files
        assert promised <= set(lost) | files | delivered
