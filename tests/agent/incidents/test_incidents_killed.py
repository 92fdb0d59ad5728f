"""kill -9 with incidents open, at any moment: none is lost, told twice for one step, or left without an owner."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from agent.incidents import rows
from agent.model import Lane
from tests.agent.incidents.stories import check_story
from tests.agent.outbox.box import events, opened
from tests.clock import FastClock

VICTIM = """
import asyncio, itertools, random, sys
from functools import partial
from pathlib import Path
from agent.paths.alarm import AlarmPath
from agent.clock import SystemClock
from agent.events import ZoneChanged, draft
from agent.incidents.incidents import Incidents
from agent.incidents.kinds import Kind
from agent.incidents.life import Input
from agent.incidents.signs import Family, Seen
from agent.incidents.steps import By
from tests.agent.incidents.house import book_of
from tests.agent.outbox.box import opened

class Hurried(SystemClock):  # half an hour in a second; it goes on over the lives, as the machine's does
    def monotonic_ns(self):
        return super().monotonic_ns() * 1_800
    def utc_ns(self):
        return 1_795_420_800_000_000_000 + self.monotonic_ns() % (300 * 86_400 * 10**9)
    def synced(self):
        return True

async def main(folder, life):
    clock, book, chance = Hurried(), book_of(), random.Random(life)
    async with opened(folder / "o.db", clock=clock) as outbox:
        incidents = Incidents(outbox.transact, lambda: book, clock)
        async def nowhere(_draft):
            return False
        alarms = AlarmPath(outbox.accept, nowhere, clock)
        running = asyncio.create_task(incidents.run())
        print("begun", flush=True)
        for number in itertools.count(life * 1_000_000):
            at = clock.now()
            name = f"s{number}"
            data = ZoneChanged(sensor=name, zone=1, place="", state="fire", before="", codes=[], words="")
            seen = Seen(
                kind=chance.choice(list(Kind)), place=f"place {chance.randrange(6)}", source=name, what="fire",
                family=Family.SENSOR, certain=chance.random() < 0.5, at=at,
            )
            await alarms.raise_alarm(draft(data, at, source=name), partial(incidents.accepting, seen))
            for one in chance.sample(incidents.open_now(), k=min(2, len(incidents.open_now()))):
                given = chance.choice([Input.ACKNOWLEDGE, Input.CONFIRM, Input.DISMISS, Input.CLOSE])
                await incidents.answer(one.incident, given, By(channel="centre", staff="aa" * 8), "other")
            await asyncio.sleep(0)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def killed(folder: Path, life: int, seconds: float) -> None:
    words = [sys.executable, "-c", VICTIM, str(folder), str(life)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "begun\n"
        with pytest.raises(subprocess.TimeoutExpired):
            victim.wait(seconds)
        victim.send_signal(signal.SIGKILL)


@pytest.mark.timeout(90)
async def test_kill_9_loses_repeats_and_orphans_no_incident(tmp_path: Path) -> None:
    chance = random.Random(6)
    for life in range(4):
        killed(tmp_path, life, 0.1 + chance.random() / 2)
    async with opened(tmp_path / "o.db", clock=FastClock()) as outbox:
        found = await events(outbox, Lane.ALARM)
        live = {one.id: one for one in await outbox.transact(rows.live)}
    stories: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    raised, signs = set(), set()
    for event in found:
        data, kind = event["data"], event["type"].removeprefix("kz.mektep.incident.").removesuffix(".v1")
        if kind in ("opened", "joined"):
            signs.add(data["sign"]["source"])
        if "incident" in data:
            stories[data["incident"]].append(data | {"type": kind})
        else:
            raised.add(data["sensor"])
    assert len(raised) > 50, "too few to prove anything"
    assert raised == signs, "an alarm without its incident, or an incident without its alarm"
    closed = {id_ for id_, story in stories.items() if story[-1]["type"] == "closed"}
    assert live.keys() == stories.keys() - closed
    assert {one["why"] for story in stories.values() for one in story if one["type"] == "told"} > {
        "first",
        "unanswered",
    }
    for id_, story in stories.items():
        check_story(story)
        if id_ in live:
            assert live[id_].due
            assert live[id_].latest_told
            assert live[id_].told == len([one for one in story if one["type"] == "told"])
