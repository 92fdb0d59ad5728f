"""docs/retention.md names every table and folder of box and centre, and its figures are the code's."""

from __future__ import annotations

import re

import pytest

from agent import db
from agent.config import StatePlaces
from agent.evidence.retention import BUNDLE_NS
from agent.evidence.settings import EvidenceSettings
from agent.evidence.store import CLIPS_AT_ONCE, CLIPS_OF_CAMERA, PICTURES_WAITING
from agent.history import rows as history_rows
from agent.incidents import rows as incident_rows
from agent.outbox import damaged_copies
from agent.outbox.settings import OutboxSettings
from agent.school import forgetting
from agent.sightings import rows as sighting_rows
from agent.sync.identity import FILE as IDENTITY
from agent.trials import history
from centre.database import SCHEMA as CENTRE
from drivers.cameras.camera import FILMS
from drivers.cameras.view import View
from tests.source_tree import ROOT

PAGE = (ROOT / "docs/retention.md").read_text(encoding="utf-8")
TABLE = re.compile(r"^create table (?:if not exists )?(\w+)", re.MULTILINE | re.IGNORECASE)
VIEW, EVIDENCE, OUTBOX = View(), EvidenceSettings(), OutboxSettings()
SIGHTINGS = f"{sighting_rows.KEPT_NS // sighting_rows.DAY_NS} days"
CHILDREN = f"{forgetting.KEEP_NS // forgetting.DAY_NS} days"
FIGURES = [  # section, first cell, what its third cell says
    ("In memory only", "the last seconds of each camera", f"{VIEW.ring_s:.0f} s, at most {VIEW.ring_mb} MB"),
    ("In memory only", "pictures of alarms", f"those of {PICTURES_WAITING} alarms"),
    ("In memory only", "a clip that is being made", f"{CLIPS_OF_CAMERA} of a camera, {CLIPS_AT_ONCE} of a box"),
    ("On the box: the database", "`message`", f"{OUTBOX.keep_days} days more"),
    ("On the box: the database", "`evidence`", f"{EVIDENCE.keep_days} days at most"),
    ("On the box: the database", "`evidence`", f"{EVIDENCE.quota_mb} MB in all"),
    ("On the box: the database", "`evidence`", f"support {BUNDLE_NS // sighting_rows.DAY_NS} days at most"),
    *(("On the box: the database", f"`{name}`", CHILDREN) for name in ("meal", "passage", "visit")),
    *(("On the box: the database", f"`{name}`", SIGHTINGS) for name in ("score", "sighting")),
    ("On the box: files of the state directory", "`config`", f"the latest {history.KEPT}"),
    ("On the box: files of the state directory", "`outbox-damaged-", f"the latest {damaged_copies.KEPT}"),
    (
        "On the box: files of the state directory",
        "`outbox-damaged-",
        f"{damaged_copies.KEPT_NS // sighting_rows.DAY_NS} days",
    ),
    ("On the box: the database", "`history`", f"{history_rows.KEPT_NS // sighting_rows.DAY_NS} days"),
    ("On the box: the database", "`history`", f"{history_rows.ROWS_OF_ONE} rows of each"),
    ("On the box: the database", "`incident`", f"the latest {incident_rows.CLOSED_KEPT:,}"),
]


def section(title: str) -> list[list[str]]:
    """The rows of its table, below the head."""
    text = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    assert rows, f"no table in {title!r}"
    return [row for row in rows[2:] if row]


def named(title: str) -> list[str]:
    return [row[0].strip("`").lstrip("| ").strip("`") for row in section(title)]


def test_every_table_of_the_box_stands_there_once() -> None:
    tables = TABLE.findall((db.SCHEMA / "now.sql").read_text(encoding="utf-8"))
    assert sorted(named("On the box: the database")) == sorted(tables)


def test_every_table_of_the_centre_stands_there_once() -> None:
    assert sorted(named("At the centre")) == sorted(TABLE.findall(CENTRE))


def test_every_file_of_the_state_directory_stands_there_once() -> None:
    state = StatePlaces()
    paths = {getattr(state, name).name for name, kind in vars(StatePlaces).items() if isinstance(kind, property)}
    paths |= {damaged_copies.name_of(state.database, "…")}
    keys = f"{state.reference.name}.agekey`, `{IDENTITY}"
    assert sorted(named("On the box: files of the state directory")) == sorted({*paths, keys})


@pytest.mark.parametrize(("title", "what", "says"), FIGURES, ids=lambda cell: cell[:24])
def test_its_figures_are_the_codes(title: str, what: str, says: str) -> None:
    (row,) = [row for row in section(title) if row[0].lstrip("| ").startswith(what)]
    assert says in row[2], row


def test_every_row_says_how_long_and_what_erases_it() -> None:
    for title in re.findall(r"^## (.*)$", PAGE, re.MULTILINE):
        if "|" in PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]:
            assert [row for row in section(title) if len(row) != 4 or not all(row)] == [], title


def test_a_cell_makes_no_more_clips_at_a_time_than_the_box_orders() -> None:
    assert FILMS == CLIPS_OF_CAMERA
