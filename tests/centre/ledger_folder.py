"""A centre's folder with a real box's day in its database, for tests of commands."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from centre import cli, keys
from centre.commands import write_toml
from centre.database import open_database
from centre.school.datasets import Entitlement, Meals, Programme, Tariff
from centre.school.kept import note_loaded
from centre.store import Store
from tests.agent.school.decisions import pupil
from tests.centre.ledger_box import SCHOOL, delivered

MEALS = Meals(
    meals=[],
    programmes=[Programme(programme="free-1-4", tariffs=[Tariff(first="2026-09-01", tenge=950)])],
    entitlements=[
        Entitlement(pupil=pupil(n), programme="free-1-4", meals=["lunch"], first="2026-09-01", last="2027-05-25")
        for n in (3, 40)
    ],
    grace_s=60,
)


def make(folder: Path) -> Path:
    """Keys, configuration, two schools, of which one has lived; pupils 1003 and 1040, and 1099 who may have nothing."""
    folder.mkdir()
    keys.make_keys(folder)
    write_toml(folder / "centre.toml", f"sqlite:///{folder}/centre.db", "127.0.0.1", 1, tls=False)
    store = Store(open_database(f"sqlite:///{folder}/centre.db"))
    delivered(folder / "box", store)
    store.add_school("school-08", bytes(32))
    sql = "insert into person (school, key, kind, external, class, name) values (?, ?, 'pupil', ?, '3A', '')"
    for number in (3, 40, 99):
        store.database.execute(sql, (SCHOOL, pupil(number), f"{1_000 + number}"))
    with store.database.transaction():
        note_loaded(store.database, SCHOOL, {"meals": msgspec.json.encode(MEALS)})
    store.database.execute("pragma wal_checkpoint(truncate)")
    store.database.close()
    return folder


def copied(made: Path, to: Path) -> Path:
    """Another, to change: its configuration names its own database."""
    shutil.copytree(made, to)
    text = (to / "centre.toml").read_text().replace(str(made), str(to))
    (to / "centre.toml").write_text(text)
    return to


class Centre:
    """Runs mektep-centre in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Its exit code, and what it said to both."""
        self._capsys.readouterr()
        code = cli.main([*words, "--config", str(self.folder / "centre.toml")])
        return (code, *self._capsys.readouterr())

    def execute(self, sql: str, args: Sequence[object] = ()) -> list[tuple[object, ...]]:
        database = open_database(f"sqlite:///{self.folder}/centre.db")
        try:
            return database.execute(sql, args)
        finally:
            database.close()
