"""A school's data the whole way: from a folder of files, by the centre's own commands, over the shipped broker with its
rules, sealed and in parts, into force on a real box; and what one lost card changes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.school.cards import card_hash
from agent.sync.identity import load_identity
from agent.sync.settings import LinkSettings
from drivers.readings import CardForm
from simulator.city import City
from simulator.processes import output
from simulator.school_files import card, write_school
from tests.agent.sync.box import Box, open_box, until
from tests.centre.conftest import make_city

SCHOOL, PUPILS = "school-07", 3_000
DATASETS = ("cards", "calendar", "meals", "clubs", "duty")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """With one school and one receiver."""
    with make_city() as made:
        made.add_school(SCHOOL, load_identity(tmp_path).public_base64, tmp_path)
        asyncio.run(made.receivers[0].start())
        yield made


def settings(city: City, folder: Path) -> LinkSettings:
    return LinkSettings(
        broker=f"mqtts://127.0.0.1:{city.port}", orders_key=city.orders_key(), ca=str(folder / "ca.crt"),
        certificate=str(folder / "box.crt"), key=str(folder / "box.key"), keepalive_s=5,
    )  # fmt: skip


async def command(city: City, *words: str) -> str:
    code, said = await output(city.command("school-data", *words))
    assert code == 0, said
    return said


def holds(box: Box, number: str) -> str:
    """The key of who holds a card; empty for nobody."""
    key = box.reference.book.card_key
    found = box.reference.book.who(card_hash(key, CardForm.EM4100, number)) if key else None
    return "" if found is None else f"blocked {found.key}" if found.blocked else found.key


async def test_three_thousand_pupils_come_into_force_and_one_lost_card_with_them(city: City, tmp_path: Path) -> None:
    files = tmp_path / "files"
    async with open_box(tmp_path, settings(city, tmp_path), SCHOOL) as box:
        box.start()
        await until(lambda: box.state == "online")
        write_school(files, PUPILS)
        await command(city, "load", SCHOOL, str(files), "--publish")
        await until(lambda: set(box.reference.versions()) == set(DATASETS))
        book = box.reference.book
        assert book.cards is not None
        assert (len(book.cards.pupils), len(book.entitlements), len(book.vouchers)) == (PUPILS, PUPILS, PUPILS // 10)
        owner, before = holds(box, card(7)), box.reference.versions()
        assert len(owner) == 16
        write_school(files, PUPILS, blocked=[7])
        said = await command(city, "load", SCHOOL, str(files), "--publish")
        assert said.count("(changed)") == 1  # one dataset of five
        await until(lambda: holds(box, card(7)) == f"blocked {owner}")
        assert holds(box, card(PUPILS + 7)) == owner
        assert {name for name, version in box.reference.versions().items() if version != before[name]} == {"cards"}
        await until_shown(city, lambda views: all(one["held"] == one["version"] for one in views))
        assert box.reference.trouble() == []


async def until_shown(city: City, fact: Callable[[list[dict[str, str]]], bool]) -> None:
    """The box's next birth tells the centre what it holds."""
    async with asyncio.timeout(20):
        while not fact(json.loads((await output(city.command("school-data", "show", SCHOOL, "--json")))[1])):
            await asyncio.sleep(0.05)
