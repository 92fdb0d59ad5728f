"""The story as it is read: folded rows say how often, unsure clocks say so, every driver has something to try."""

from __future__ import annotations

import io

import msgspec
import pytest

from agent.cli.why_screen import MOST, draw
from agent.history.rows import Part
from agent.ops.life_view import ENDS, Entry, Life
from agent.ops.status import TroubleView
from agent.texts import LANGUAGES, load_texts
from drivers.catalog import CATALOG

AT = "2026-11-23T08:00:00Z"
BARE = Entry(part="device", state="working", at=AT, first=AT, times=1, clock_ok=True)
LIFE = Life(name="gate", part="device", driver="serial_ascii", running=True, state="working", since=AT)


def shown(life: Life, language: str = "en") -> str:
    out = io.StringIO()
    draw(life, out, load_texts(language))
    return out.getvalue()


def entry(**words: object) -> Entry:
    return msgspec.structs.replace(BARE, **words)


def test_what_comes_and_goes_says_how_often() -> None:
    text = shown(msgspec.structs.replace(LIFE, timeline=[entry(state="failed", times=25, code="P-104", what="away")]))
    assert "does not work: away, 25 times since" in text


def test_a_clock_that_was_not_right_is_said_at_its_line() -> None:
    text = shown(msgspec.structs.replace(LIFE, timeline=[entry(clock_ok=False), entry(port="ttyUSB1")]))
    assert "~ by a clock that nobody vouched for" in text
    assert sum(line.lstrip().startswith("~") for line in text.splitlines()) == 2
    assert "~" not in shown(msgspec.structs.replace(LIFE, timeline=[entry()]))


def test_what_came_in_between_stands_at_the_line() -> None:
    text = shown(msgspec.structs.replace(LIFE, timeline=[entry(readings=7, last_reading=AT, garbled=3)]))
    assert "7 readings" in text
    assert "3 bad frames" in text


def test_a_long_story_is_cut_at_its_beginning() -> None:
    long = [entry(port=f"ttyUSB{number}") for number in range(MOST + 5)]
    text = shown(msgspec.structs.replace(LIFE, timeline=long))
    assert "5 earlier lines" in text
    assert f"ttyUSB{MOST + 4}" in text
    assert "ttyUSB4\n" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_everything_to_try_has_words(language: str) -> None:
    say = load_texts(language)
    states = ["working", "working_port", "failed", "quarantined", "online", "offline", "probing", "synced", "unsynced"]
    for state in [*states, "set", "started", "ended", *ENDS]:
        assert say(f"story.{state}") != f"story.{state}"
    for name in [*CATALOG, *(part for part in Part if part is not Part.DEVICE)]:
        assert say(f"try.{name}") != f"try.{name}"


def test_an_instruction_is_in_the_readers_language() -> None:
    trouble = TroubleView(code="H-172", what="gate: its wire is cut", do="Look for the break.")
    assert "Ищите обрыв" in shown(msgspec.structs.replace(LIFE, troubles=[trouble]), "ru")
