"""The school of the day: whose each card is, which light is right, and files in which no card is anybody else's."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from simulator.day_school import ENTRANCE, MEALS, PUPILS, USES, card_of, comes, write
from simulator.devices import Devices

READERS = Devices(Path("nowhere"), every_kind=True).readers()


@pytest.mark.parametrize(
    ("number", "use", "pupil", "light"),
    [
        (1, MEALS, "canteen-1-1", "G"),
        (6, MEALS, "canteen-1-6", "R"),
        (6, ENTRANCE, "canteen-1-6", "G"),
        (12, MEALS, "", "U"),
        (PUPILS + 1, ENTRANCE, "", "U"),
        (12, "", "", "G"),
    ],
)
def test_who_comes(number: int, use: str, pupil: str, light: str) -> None:
    assert comes("canteen-1", number, use) == (pupil, light)


def test_every_reader_of_the_day_is_for_something() -> None:
    assert {reader.name for reader in READERS} == USES.keys()
    config = Devices(Path("nowhere"), every_kind=True, uses=USES).config()
    assert all(f'name = "{name}"\n{use}\n' in config for name, use in USES.items())


def test_also_the_end_of_a_cards_number_is_nobody_elses() -> None:
    cards = Counter(card_of(at, n)[-3:] for at in range(1, len(READERS) + 1) for n in range(1, PUPILS * 3))
    assert max(cards.values()) == 1


def test_the_files_know_whoever_is_no_stranger(tmp_path: Path) -> None:
    write(tmp_path, READERS, date(2026, 11, 26), 300)
    with (tmp_path / "cards.csv").open(newline="", encoding="utf-8") as file:
        cards = list(csv.DictReader(file, delimiter=";"))
    assert max(Counter((row["form"], row["number"]) for row in cards).values()) == 1
    known = {""} | {
        who.pupil
        for reader in READERS
        for number in range(1, PUPILS + 1)
        if (who := comes(reader.name, number, USES[reader.name])).pupil
    }
    assert {row["pupil"] for row in cards} == known
