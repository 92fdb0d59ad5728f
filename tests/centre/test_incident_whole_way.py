"""A report's whole way with the real box: typed while the box is away, told by the centre itself, taken once when it is
back, told by the box, answered from the centre, and closed; the box has the last word.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator import papers, roll
from simulator.processes import output
from simulator.school import SCHOOL, School

WORDS = "Старшие отбирают деньги за спортзалом"


@pytest.fixture
async def school() -> AsyncIterator[School]:
    """Receivers and the deliverer run. Not in pytest's folder: the broker has its own user."""
    folder = Path(tempfile.mkdtemp(prefix="mektep-incident-"))
    made = School(folder, direct=True)
    await made.make()
    with (made.city.folder / "centre.toml").open("a") as file:
        file.write("\n[notify]\nsilent_s = 1\nremind_s = 10\n")
    await made.start()
    day = (datetime.now(UTC) + timedelta(hours=5)).date()
    papers.write(folder / "office", roll.made_up(day, pupils=20, eaters=5), offset_min=300, grace_s=60)
    yield made
    await made.stop()
    shutil.rmtree(folder)


async def said(school: School, *words: str) -> tuple[int, str]:
    code, text = await output(school.city.command("incident", *words))
    return code, text.strip()


async def shown(school: School, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await said(school, "show", name, "--json"))[1])
    return found


async def until(school: School, name: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            found = await shown(school, name)
            if found.get("details", {}).get("incident", {}).get("state") == state:
                return found
            await asyncio.sleep(0.1)


def told_by_centre(school: School) -> list[tuple[str, str]]:
    with sqlite3.connect(f"file:{school.city.folder}/centre.db?mode=ro", uri=True) as db:
        found = db.execute("select role, why from notification where by_centre = 1 order by role").fetchall()
    db.close()
    return found


async def test_a_report_is_never_without_an_owner(school: School) -> None:
    loaded = ("load", SCHOOL, str(school.folder / "office"), "--publish")
    assert await school.until(lambda: school.status().get("link", {}).get("state") == "online", 60)
    await asyncio.to_thread(school.city.must, "school-data", *loaded)
    assert await school.until(lambda: "duty" in school.status().get("datasets", {}), 60)
    await school.agent.stop()

    (school.folder / "words").write_text(WORDS, encoding="utf-8")
    words = ("report", SCHOOL, "--kind", "bullying", "--words", str(school.folder / "words"), "--wait", "0")
    code, name = await said(school, *words)
    assert code == 0
    assert await school.until(lambda: told_by_centre(school), 30)
    assert told_by_centre(school) == [("city", "box_silent"), ("duty", "box_silent")]
    assert (await shown(school, name))["report"]["words"] == WORDS

    await school.agent.start()
    found = await until(school, name, "told")
    assert found["details"]["incident"]["certainty"] == "suspected"
    assert [one["role"] for one in found["details"]["incident"]["to"]] == ["duty"]
    assert found["reports"][0]["incident"] == name

    code, text = await said(school, "answer", name, "closed")
    assert (code, text) == (1, "failed: not_decided")
    for word, state in (("acknowledged", "acknowledged"), ("confirmed", "confirmed"), ("closed", "closed")):
        code, text = await said(school, "answer", name, word, "--wait", "30")
        assert (code, json.loads(text.removeprefix("done: "))["state"]) == (0, state)
    found = await until(school, name, "closed")
    steps = [one["what"] for one in found["details"]["steps"]]
    assert (steps.count("opened"), steps.count("answered"), steps[-1]) == (1, 2, "closed")
    code, text = await said(school, "answer", name, "dismissed", "--reason", "play", "--wait", "30")
    assert (code, text) == (1, "failed: already_closed")
    assert WORDS not in "".join(await school.city.events(SCHOOL))
