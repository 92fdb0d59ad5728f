"""Configurations sent by the centre to a real box: kept, undone by itself, refused; and told afterwards."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.processes import output
from simulator.school import SCHOOL, School

SHORT = ("--within", "3")


@pytest.fixture
async def school() -> AsyncIterator[School]:
    """Not in pytest's folder: the broker has its own user."""
    made = School(Path(tempfile.mkdtemp(prefix="mektep-trials-")), direct=True)
    await made.make()
    await made.start()
    assert await made.until(lambda: works(made), 60)
    yield made
    await made.stop()
    shutil.rmtree(made.folder)


def works(school: School) -> bool:
    now = school.status()
    sources = now.get("sources", {})
    return now.get("link", {}).get("state") == "online" and all(one["state"] == "working" for one in sources.values())


async def config(school: School, *words: str) -> tuple[int, str]:
    code, text = await output(school.city.command("config", *words))
    return code, text.strip()


async def applied(school: School, text: str, *words: str) -> tuple[int, str]:
    """Send a text and wait for the outcome."""
    path = school.folder / "new.toml"
    path.write_text(text)
    return await config(school, "apply", SCHOOL, str(path), *words, "--wait")


async def order(school: School, name: str, **args: Any) -> dict[str, Any]:
    _, text = await output(school.city.command("order", SCHOOL, name, "--args", json.dumps(args)))
    found: dict[str, Any] = json.loads(text)
    return found


def file(school: School) -> str:
    return (school.box / "agent.toml").read_text()


async def test_what_becomes_of_a_configuration_from_the_centre(school: School) -> None:
    reader = school.readers[0]
    old, pid = file(school), school.agent.pid
    assert str(reader.line.link) in old

    # a good one
    kept = old + "# from the centre\n"
    assert await applied(school, kept, *SHORT) == (0, f"{SCHOOL}  kept")
    assert (file(school), school.agent.pid, school.agent.running()) == (kept, pid, True)

    # a wrong address: nobody can order it back
    wrong = kept.replace(f"mqtts://127.0.0.1:{school.line_port}", "mqtts://127.0.0.1:1")
    assert await applied(school, wrong, *SHORT) == (1, f"{SCHOOL}  undone  link_gone: link")
    assert file(school) == kept

    # a reader's port that is not there
    assert await school.until(lambda: works(school), 60)
    lost = kept.replace(str(reader.line.link), "/dev/not-here")
    assert await applied(school, lost, *SHORT) == (1, f"{SCHOOL}  undone  device_lost: device/{reader.name}")
    assert file(school) == kept

    # what is refused changes nothing
    code, text = await applied(school, "= 3", *SHORT)
    assert (code, "refused  bad_config" in text, "C-003" in text) == (1, True, True)
    edited = kept + "# by the technician\n"
    (school.box / "agent.toml").write_text(edited)
    code, text = await applied(school, old, *SHORT)
    assert (code, "refused  changed_on_site" in text) == (1, True)
    assert file(school) == edited

    # a restart, after which what the technician wrote is known
    log = school.folder / "agent.log"
    starts = log.read_text().count("INFO agent: school")
    assert (await order(school, "restart"))["outcome"] == "done"
    assert await school.until(lambda: log.read_text().count("INFO agent: school") == starts + 1, 30)
    assert await school.until(lambda: works(school), 60)

    # a reader's lights, reference data anew
    tested = await order(school, "reader.test", device=reader.name)
    assert [one["light"] for one in tested["result"]["lights"]] == ["accepted", "refused", "wait"]
    assert {one["code"] for one in tested["result"]["lights"]} == {""}
    assert "datasets" in (await order(school, "reference.reload"))["result"]

    async with asyncio.timeout(30):
        while len(told := json.loads((await config(school, "history", SCHOOL, "--json"))[1])) < 4:
            await asyncio.sleep(0.1)
    assert [(one["outcome"], one["by"], one["reason"]) for one in told] == [
        ("applied", "centre", ""),
        ("undone", "centre", "link_gone"),
        ("undone", "centre", "device_lost"),
        ("applied", "technician", ""),
    ]
