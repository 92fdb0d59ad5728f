"""The parts of the screen, in each language: nothing is wider than the terminal, and each says what it should."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from agent.cli import top_parts
from agent.cli.top_parts import BARS, spark
from agent.ops.status import PartView
from agent.texts import LANGUAGES, load_texts
from tests.agent.cli.looks import box, living, looker, source


def drawn(what: RenderableType | None, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(what)
    return out.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("alive", [True, False])
def test_each_part_in_words(tmp_path: Path, language: str, alive: bool) -> None:
    found, say = box(tmp_path), load_texts(language)
    parts = [PartView(kind="zone", part="3", place="gym", state="fire")]
    sources = {"canteen-1": source(), "gate": source("failed", code="P-101", what="gone", do="x", parts=parts)}
    living(found, sources=sources, **({} if alive else {"pid_start": 1}))
    looking = looker(found, language)
    seen = looking.look(1.0)
    looking.close()
    head = drawn(top_parts.head(seen, say))
    assert head.splitlines()[0].startswith("school-07")
    assert len(head.splitlines()) <= (2 if alive else 3)
    assert "72 °C" in head
    assert (say("top.last_picture") in head) is not alive
    short = drawn(top_parts.what_to_do(seen, say, short=True))
    assert ("D-001 →" in short) is not alive
    assert "D-121 →" in short
    assert "P-101" in drawn(top_parts.what_to_do(seen, say, short=False))
    devices = drawn(top_parts.devices(seen, say))
    assert devices.index("gate") < devices.index("canteen-1"), "what fails stands first"
    assert say("zone.fire") in devices
    lanes = drawn(top_parts.lanes(seen, say))
    assert say("lane.telemetry") in lanes
    assert say("link.title") in lanes
    assert "X-201" in drawn(top_parts.taps(seen, say))
    for text in (head, short, devices, lanes):
        assert "top." not in text
        assert "column." not in text
        assert max(map(len, text.splitlines())) <= 80


def test_a_box_without_trouble_says_nothing(tmp_path: Path) -> None:
    found = box(tmp_path)
    living(found, troubles=[], sources={})
    looking = looker(found)
    assert top_parts.what_to_do(looking.look(1.0), load_texts("en"), short=True) is None
    looking.close()


@pytest.mark.parametrize(
    ("numbers", "bars"), [([], ""), ([0, 0], "▁▁"), ([0, 7, 14], "▁▅█"), ([5], "█"), ([-1, 1], "▁█")]
)
def test_bars(numbers: list[float], bars: str) -> None:
    assert spark(numbers) == bars


@given(st.lists(st.floats(0, 1e9), max_size=90), st.integers(1, 60))
def test_bars_have_room_and_the_highest_is_full(numbers: list[float], width: int) -> None:
    bars = spark(numbers, width)
    assert len(bars) == min(len(numbers), width)
    assert set(bars) <= set(BARS)
    assert ("█" in bars) == any(number > 0 for number in numbers[-width:])
