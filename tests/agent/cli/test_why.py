"""`mektep why`: the story of a reader that was pulled and plugged, with the daemon up, down and its database locked."""

from __future__ import annotations

import argparse
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.cli.why import seconds
from agent.history.rows import Part
from agent.history.view import read
from simulator.card_reader import CardReader
from simulator.processes import Process
from tests.agent.cli.command import READER, daemon, mektep, write_config
from tests.agent.outbox.box import holding
from tests.agent.sync.box import until

STORY = [("working", ""), ("failed", "P-104"), ("failed", "P-101"), ("working", "")]


def told(path: Path, name: str, *words: str) -> tuple[int, dict]:
    done = mektep("why", name, path, "--json", *words)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def states(path: Path, name: str = "canteen-1") -> list[str]:
    found = read(path.parent / "state/outbox.db", Part.DEVICE, name, 0).stretches
    return [f"{one.state} {one.code}".strip() for one in found if one.part is Part.DEVICE]


@pytest.fixture
async def pulled(tmp_path: Path) -> AsyncIterator[tuple[Path, Process]]:
    """A daemon whose reader has read a card, was pulled and plugged in again."""
    reader = CardReader("canteen-1", tmp_path / "canteen-1", "em4100")
    reader.line.plug()
    path = write_config(tmp_path, more=READER.format(name="canteen-1", port=reader.line.link))
    process = daemon(path)
    await process.start()
    assert await reader.show(bytes.fromhex("6F007B3972"), patience_s=10) == "G"
    reader.line.unplug()
    await until(lambda: states(path)[-1:] == ["failed P-101"])
    reader.line.plug()
    await until(lambda: states(path)[-1:] == ["working"])
    yield path, process
    process.kill()
    reader.line.unplug()


async def test_the_story_of_a_pulled_reader(pulled: tuple[Path, Process]) -> None:
    path, process = pulled
    code, life = told(path, "canteen-1")
    assert (code, life["state"], life["troubles"], life["running"]) == (0, "working", [], True)
    device = [one for one in life["timeline"] if one["part"] == "device"]
    assert [(one["state"], one["code"]) for one in device] == STORY
    assert device[0]["readings"] == 1
    assert all(one["port"].startswith("pts/") for one in (device[0], device[-1]))
    text = mektep("why", "canteen-1", path).stdout
    for word in ("canteen-1", "No trouble now", "the agent started", "works, as pts/", "does not work: ", "P-104",
                 "1 reading", "What to try", "1. Look at the plug"):  # fmt: skip
        assert word in text, text
    lines = [line for line in text.splitlines() if "as pts/" in line or "does not work" in line]
    assert [("does not" in line) for line in lines[-4:]] == [False, True, True, False], "in the order of events"

    with holding(path.parent / "state/outbox.db", "begin immediate"):
        assert [one["code"] for one in told(path, "canteen-1")[1]["timeline"]][-3:] == ["P-104", "P-101", ""]

    process.kill()
    code, life = told(path, "canteen-1")
    assert (code, life["running"], [one["code"] for one in life["troubles"]]) == (3, False, ["D-001"])
    assert [one["code"] for one in life["timeline"]][-3:] == ["P-104", "P-101", ""]
    with sqlite3.connect(path.parent / "state/outbox.db", isolation_level=None) as db:
        db.execute("pragma wal_checkpoint(truncate)")
        db.execute("pragma locking_mode=exclusive").fetchone()
        db.execute("begin exclusive")
        code, life = told(path, "canteen-1")
        assert (code, life["whole"], len(life["timeline"]) >= 4) == (3, False, True)
        assert "the newest may be missing" in mektep("why", "canteen-1", path).stdout.replace(
            "what came last", "the newest"
        )
    db.close()


@pytest.mark.parametrize(
    ("language", "words"),
    [("ru_RU.UTF-8", ("Что было", "Что попробовать")), ("kk_KZ.UTF-8", ("Не болды", "Не істеп көруге болады"))],
)
def test_in_each_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: tuple[str, ...]
) -> None:
    path = write_config(tmp_path)
    monkeypatch.setenv("LC_ALL", language)
    for name in ("centre", "clock", "agent"):
        out = io.StringIO()
        assert main(["why", name, str(path)], out) == 3
        for word in (*words, "D-001"):
            assert word in out.getvalue()
        for left in ("{", "story.", "try."):
            assert left not in out.getvalue()


def test_looking_makes_nothing(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    mektep("why", "agent", path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["box.toml"]


def test_a_name_that_nobody_has_is_wrong_use(tmp_path: Path) -> None:
    done = mektep("why", "reader-9", write_config(tmp_path))
    assert done.returncode == 2
    assert "H-191" in done.stderr
    assert "centre, clock, agent" in done.stderr


@pytest.mark.parametrize(("text", "value"), [("90m", 5_400), ("12h", 43_200), ("7d", 604_800)])
def test_how_far_back(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1w", "99999999d"])
def test_how_far_back_must_be_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)
