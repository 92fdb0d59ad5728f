"""The centre's data on a screen: a row a dataset, and what follows where one is missing, old or ended."""

from __future__ import annotations

import io
from datetime import date

import pytest

from agent.cli.reference_screen import age, draw
from agent.datasets import DATASETS
from agent.ops.status import DatasetView, TroubleView
from agent.texts import LANGUAGES, load_texts
from agent.texts.measures import day

AT = "2026-11-26T08:00:00.000000Z"
CARDS = DatasetView(
    version="1795420800", issued="2026-11-26T05:10:00.000000Z", counts={"pupils": 3_000, "numbers": 9_100, "blocked": 0}
)
CALENDAR = DatasetView(version="7", issued="2026-11-01T08:00:00.000000Z", stale=True, ends="2026-11-25", ended=True)


def screen(datasets: dict[str, DatasetView], language: str = "en", troubles: tuple[TroubleView, ...] = ()) -> str:
    out = io.StringIO()
    draw("school-07", AT, datasets, troubles, out, load_texts(language))
    return out.getvalue()


@pytest.mark.parametrize(
    ("issued", "text"),
    [
        ("2026-11-26T07:59:30.000000Z", "30 s"),
        ("2026-11-26T06:01:00.000000Z", "119 min"),
        ("2026-11-26T06:00:00.000000Z", "2 h"),
        ("2026-11-24T08:01:00.000000Z", "47 h"),
        ("2026-11-24T08:00:00.000000Z", "2 days"),
        ("2026-12-24T08:00:00.000000Z", "0 s"),  # the box's clock is behind
        ("", "—"),
    ],
)
def test_age_is_said_in_the_largest_unit(issued: str, text: str) -> None:
    assert age(issued, AT, load_texts("en")) == text


def test_a_dataset_is_a_row() -> None:
    lines = screen({"cards": CARDS}).splitlines()
    assert lines[0] == "school-07"
    (row,) = [line for line in lines if line.startswith("cards ")]
    assert " ".join(row.split()) == "cards 1795420800 2 h 3000 pupils, 9100 card numbers"
    assert "older" not in screen({"cards": CARDS})


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_follows_is_said_in_every_language(language: str) -> None:
    say, text = load_texts(language), " ".join(screen({"cards": CARDS, "calendar": CALENDAR}, language).split())
    for name in DATASETS:
        assert (f"{name}: {say(f'without.{name}')}" in text) == (name not in ("cards", "calendar"))
    assert f"calendar: {say('reference.stale')}" in text
    assert f"calendar: {say('reference.ended')}" in text
    assert f"{say('reference.ends')} {day(say, date(2026, 11, 25))}" in text


def test_what_was_refused_is_said_with_what_to_do() -> None:
    trouble = TroubleView(
        code="M-101", what="reference data meals cannot be used: it is not sealed", do="Tell the centre."
    )
    told = " ".join(screen({}, troubles=(trouble,)).split())
    assert "M-101 reference data meals cannot be used: it is not sealed → Tell the centre." in told
