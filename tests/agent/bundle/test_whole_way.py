"""The centre asks a real box for its archive: refused without support's key, then made, sealed, sent, and opened."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.processes import output
from simulator.school import SCHOOL, School
from tests.agent.evidence.pictures import DESK, DESK_IDENTITY, IDENTITY


@pytest.fixture
async def school() -> AsyncIterator[School]:
    """Not in pytest's folder: the broker has its own user."""
    made = School(Path(tempfile.mkdtemp(prefix="mektep-bundle-")), direct=True)
    await made.make()
    await made.start()
    assert await made.until(lambda: made.status().get("link", {}).get("state") == "online", 60)
    yield made
    await made.stop()
    shutil.rmtree(made.folder)


async def centre(school: School, *words: str) -> str:
    _, text = await output(school.city.command(*words))
    return text


async def listed(school: School) -> list[dict[str, str]]:
    told: list[dict[str, str]] = json.loads(await centre(school, "evidence", "list", SCHOOL, "--json"))
    return [one for one in told if one["kind"] == "bundle"]


async def test_from_the_order_to_the_archive(school: School) -> None:
    refused = json.loads(await centre(school, "order", SCHOOL, "bundle"))
    assert (refused["outcome"], refused["reason"]) == ("refused", "no_recipient")

    await centre(school, "reference", SCHOOL, "recipients", "--support", DESK)
    assert await school.until(lambda: "recipients" in school.status()["datasets"], 30)
    answer = json.loads(await centre(school, "order", SCHOOL, "bundle"))
    assert answer["outcome"] == "done"
    id_ = answer["result"]["evidence"]

    while not (found := await listed(school)) or found[0]["state"] == "told":
        assert await school.until(lambda: school.status()["evidence"]["delivered"], 60)
    assert [(one["id"], one["state"]) for one in found] == [(id_, "whole")]

    key, archive = school.folder / "key.txt", school.folder / "bundle.tar.gz"
    get = ("evidence", "get", id_, "--out", str(archive), "--reason", "the reader fails", "--identity", str(key))
    key.write_text(IDENTITY)
    await centre(school, *get)
    assert not archive.exists(), "the police's key opens none"
    key.write_text(DESK_IDENTITY)
    await centre(school, *get)
    with tarfile.open(archive) as tar:
        parts = {name.split("/")[1] for name in tar.getnames()}
    assert {"status", "doctor", "history", "configuration", "owed", "database", "system", "CONTENTS.txt"} <= parts
