"""A ledger's whole way: a real box, the shipped broker with its rules, a receiver, and the commands an auditor types.

Then its database is altered, and a box of the same school is replaced.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.book import EMPTY
from agent.model import Draft
from agent.school.calendar import LocalTime, local
from agent.school.ledger_keeper import LedgerKeeper
from agent.school.statement import close_day
from agent.sync.identity import load_identity
from agent.sync.settings import LinkSettings
from simulator.city import City
from simulator.processes import output
from tests.agent.school.decisions import granted, pupil, reversed_, suspicion, visit
from tests.agent.sync.box import Box, open_box, until
from tests.centre.conftest import make_city
from tests.centre.far_box import OTHER_EPOCH, FarBox
from tests.centre.far_box import until as until_far

SCHOOL = "school-07"
TODAY = local(time.time_ns(), None).day
MONTH = TODAY[:7]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[City, Path]]:
    """A city that has got a box's day over the wire; its broker and receiver run on."""
    folder = tmp_path_factory.mktemp("box")
    with make_city() as city:
        city.add_school(SCHOOL, load_identity(folder).public_base64, folder)
        asyncio.run(city.receivers[0].start())
        asyncio.run(live(city, folder))
        yield city, folder


def settings(city: City, folder: Path) -> LinkSettings:
    return LinkSettings(
        broker=f"mqtts://127.0.0.1:{city.port}", orders_key=city.orders_key(), ca=str(folder / "ca.crt"),
        certificate=str(folder / "box.crt"), key=str(folder / "box.key"),
    )  # fmt: skip


async def live(city: City, folder: Path) -> None:
    """Thirty meals, a reversal, a visit; a checkpoint on the way, the statement and a checkpoint at the end."""
    async with open_box(folder, settings(city, folder), SCHOOL) as box:
        keeper = LedgerKeeper(
            box.outbox, SCHOOL, load_identity(folder), box.clock,
            database=folder / "outbox.db", book=lambda: EMPTY, versions=dict,
        )  # fmt: skip
        await keeper.look()
        box.start()
        await box.outbox.accept([today(granted(n), box) for n in range(30)])
        await keeper.checkpoint("order")
        await box.outbox.accept([today(one, box) for one in (reversed_(4), visit(5), suspicion())])
        evening = LocalTime("9999-12-31", 5, 23 * 60)
        await box.outbox.transact(partial(close_day, now=evening, at=box.clock.now(), datasets={}))
        await keeper.checkpoint("day")
        await until(box.owes_nothing)


def today(one: Draft, box: Box) -> Draft:
    """A decision of now, with a salt of its own."""
    changes: dict[str, object] = {"day": TODAY}
    if "salt" in one.data.__struct_fields__:
        changes["salt"] = secrets.token_hex(16)
    return msgspec.structs.replace(one, at=box.clock.now(), data=msgspec.structs.replace(one.data, **changes))


def run(city: City, *words: str) -> tuple[int, str]:
    return asyncio.run(output(city.command(*words)))


def test_every_verdict_is_good_and_the_sum_is_right(lived: tuple[City, Path]) -> None:
    city, _ = lived
    code, said = run(city, "ledger", "show", SCHOOL, "--json")
    (ledger,) = json.loads(said)
    assert (code, ledger["leaves"], ledger["verified"], ledger["faults"]) == (0, 34, 34, [])
    assert [one["verdict"] for one in ledger["statements"]] == ["verified"]
    code, said = run(city, "report", "--school", SCHOOL, "--month", MONTH, "--json")
    (month,) = json.loads(said)
    assert (code, month["to_pay"], month["attention"]) == (0, 29 * 950 + 1_500, [])
    assert run(city, "ledger", "cosign")[0] == 0
    assert "34 verified, 34 cosigned" in run(city, "ledger", "list")[1]


def test_an_altered_database_is_found_by_both_commands(lived: tuple[City, Path], tmp_path: Path) -> None:
    city, _ = lived
    with closing(sqlite3.connect(f"file:{city.folder}/centre.db?mode=ro", uri=True)) as db:
        db.execute("vacuum into ?", (str(tmp_path / "centre.db"),))
    text = (
        (city.folder / "centre.toml").read_text().replace(str(city.folder / "centre.db"), str(tmp_path / "centre.db"))
    )
    (tmp_path / "centre.toml").write_text(text)
    shutil.copytree(city.folder / "keys", tmp_path / "keys")
    with closing(sqlite3.connect(tmp_path / "centre.db")) as db, db:
        db.execute("update event set body = replace(body, ':950', ':95') where body like '%\"leaf\":\"9\"%'")
    words = [*city.command("ledger")[:3], "ledger", "show", SCHOOL, "--config", str(tmp_path / "centre.toml")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "leaf 9 of " in done.stdout
    words[3:6] = ["report", "--month", MONTH, "--school", SCHOOL]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "granted: statement 33 of" in done.stdout


def test_a_replaced_box_is_told_who_has_eaten(lived: tuple[City, Path]) -> None:
    """By a far side that was written from the protocol; it has the school's key, and an epoch of its own."""
    city, folder = lived
    key = serialization.load_pem_private_key((folder / "identity.pem").read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    box = FarBox(SCHOOL, key).connect(city.port, folder)
    try:
        box.send(box.birth(epoch=OTHER_EPOCH), retain=True)
        until_far(lambda: box.heard_on("welcome"))
        grants = box.heard_on("welcome")[-1].body["grants"]
    finally:
        box.close()
    assert sorted(grants) == [f"{TODAY}/lunch/{pupil(n)}" for n in range(30) if n != 4]
