"""`mektep ledger`: what is signed is shown, a leaf is proven by a file, an altered database is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.book import EMPTY
from agent.ledger.growth import parse_growth
from agent.ledger.note import Checkpoint, open_checkpoint, parse_vkey, sign_note
from agent.ledger.proof import parse_proof
from agent.outbox.ledger_view import ledger_view
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


def kept(box: Path, size: int) -> tuple[Path, Checkpoint]:
    """A checkpoint of the first leaves, as somebody kept it on paper."""
    found, identity = shown(box), load_identity(box.parent / "state")
    with ledger_view(box.parent / "state" / "outbox.db") as view:
        checkpoint = Checkpoint(found["log"], size, view.log.root(size))
    path = box.parent / "october.checkpoint"
    path.write_text(sign_note(str(checkpoint), found["log"], identity))
    return path, checkpoint


@pytest.mark.parametrize("size", [0, 1, 255, 256, MEALS - 1])
async def test_growth_since_a_kept_checkpoint_is_proven(box: Path, size: int) -> None:
    path, earlier = kept(box, size)
    done = mektep("ledger", "grown", path, box)
    assert (done.returncode, done.stderr) == (0, "")
    assert parse_growth(done.stdout).verify(earlier, [parse_vkey(shown(box)["key"])]).size == MEALS - 1
    told = msgspec.json.decode(mektep("ledger", "grown", path, box, "--json").stdout, type=dict[str, Any])
    assert (told["old"], told["size"]) == (size, MEALS - 1)
    assert msgspec.convert(told["old_root"], bytes) == earlier.root


async def test_a_ledger_that_was_rewritten_has_no_proof_of_growth(box: Path) -> None:
    found, identity = shown(box), load_identity(box.parent / "state")
    path = box.parent / "october.checkpoint"
    path.write_text(sign_note(str(Checkpoint(found["log"], 200, bytes(32))), found["log"], identity))
    done = mektep("ledger", "grown", path, box)
    assert (done.returncode, done.stdout, done.stderr[:5]) == (2, "", "A-126")
    path.write_text(sign_note(str(Checkpoint(found["log"], MEALS, bytes(32))), found["log"], identity))
    assert f"{MEALS} leaves were signed" in mektep("ledger", "grown", path, box).stderr


@pytest.mark.parametrize("content", [b"", b"\xff", b"no checkpoint", None])
async def test_what_is_no_checkpoint_of_this_log_is_told(box: Path, content: bytes | None) -> None:
    path = box.parent / "october.checkpoint"
    if content is not None:
        path.write_bytes(content)
    done = mektep("ledger", "grown", path, box)
    assert (done.returncode, done.stdout, done.stderr[:5]) == (2, "", "A-125")


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
