"""`mektep ledger`: what is signed is shown, a leaf is proven by a file, an altered database is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.book import EMPTY
from agent.ledger.note import open_checkpoint, parse_vkey
from agent.ledger.proof import parse_proof
from agent.school.ledger_keeper import LedgerKeeper
from agent.sync.identity import load_identity
from tests.agent.cli.command import mektep, write_config
from tests.agent.outbox.box import SCHOOL, opened
from tests.agent.school.decisions import granted
from tests.clock import FastClock

MEALS = 300


@pytest.fixture
async def box(tmp_path: Path) -> Path:
    """The configuration of a box with a log of 301 leaves, all signed but the last two."""
    path, database = write_config(tmp_path), tmp_path / "state" / "outbox.db"
    identity = load_identity(database.parent)
    async with opened(database) as outbox:
        keeper = LedgerKeeper(
            outbox, SCHOOL, identity, FastClock(), database=database, book=lambda: EMPTY, versions=dict
        )
        await outbox.accept([granted(number) for number in range(MEALS - 2)])
        await keeper.look()
        await outbox.accept([granted(number) for number in range(2)])
    return path


def shown(path: Path) -> dict[str, Any]:
    done = mektep("ledger", "show", path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return msgspec.json.decode(done.stdout, type=dict[str, Any])


async def test_it_shows_how_far_the_ledger_is_signed(box: Path) -> None:
    found = shown(box)
    assert (found["leaves"], found["signed"], found["cosigners"]) == (MEALS + 1, MEALS - 1, [])
    log = parse_vkey(found["key"])
    assert log.name == found["log"]
    assert open_checkpoint(found["checkpoint"], found["log"], [log]).size == MEALS - 1
    assert mektep("identity", box).stdout.splitlines()[1] == found["key"]
    lines = [line.split("  ")[0] for line in mektep("ledger", "show", box).stdout.splitlines()]
    assert lines[:4] == ["log", "key", "leaves", "root"]


@pytest.mark.parametrize(("language", "words"), [("ru_RU.UTF-8", "ещё не подписано  2"), ("kk_KZ.UTF-8", "ешкім")])
async def test_it_speaks_the_languages_of_the_school(box: Path, language: str, words: str) -> None:
    assert words in mektep("ledger", "show", box, language=language).stdout


async def test_a_proof_holds(box: Path) -> None:
    found = shown(box)
    done = mektep("ledger", "prove", 256, box)
    assert (done.returncode, done.stderr) == (0, "")
    proof = parse_proof(done.stdout)
    told = msgspec.json.decode(mektep("ledger", "prove", 256, box, "--json").stdout, type=dict[str, Any])
    leaf = msgspec.convert(told["leaf"], bytes)
    assert proof.verify(leaf, found["log"], [parse_vkey(found["key"])]).size == told["size"] == MEALS - 1
    assert [msgspec.convert(one, bytes) for one in told["path"]] == list(proof.path)


@pytest.mark.parametrize("index", [MEALS - 1, MEALS, 10**20, "-1"])
async def test_a_leaf_that_is_not_signed_yet_is_not_proven(box: Path, index: object) -> None:
    done = mektep("ledger", "prove", "--", index, box)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("A-124")


@pytest.mark.parametrize("words", [["show"], ["prove", "3"]])
@pytest.mark.parametrize("index", [7, 2])
async def test_an_altered_database_is_named(box: Path, words: list[str], index: int) -> None:
    with closing(sqlite3.connect(box.parent / "state" / "outbox.db")) as changed, changed:
        changed.execute("update tree set hash = zeroblob(32) where level = 0 and idx = ?", (index,))
    done = mektep("ledger", *words, box)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("A-123")


async def test_before_the_agent_has_run_there_is_none(tmp_path: Path) -> None:
    done = mektep("ledger", "show", write_config(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("D-101")


async def test_before_anything_was_signed_it_needs_attention(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    load_identity(tmp_path / "state")
    async with opened(tmp_path / "state" / "outbox.db"):
        pass
    done = mektep("ledger", "show", path)
    assert done.returncode == 1
    assert "never" in done.stdout
