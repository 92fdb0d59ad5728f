"""Incidents on a terminal: what, where, who is to answer until when; within 80 columns, in three languages."""

from __future__ import annotations

import io

import msgspec
import pytest

from agent.cli.incident_screen import draw
from agent.incident_events import Addressee
from agent.incidents.kinds import Certainty, Kind
from agent.incidents.life import State
from agent.incidents.view import SignView, View
from agent.texts import LANGUAGES, load_texts

FIRE = View(
    incident="3f2a91c0-0000-4000-8000-000000000000",
    kind=Kind.FIRE,
    place="canteen",
    certainty=Certainty.CERTAIN,
    state=State.TOLD,
    opened="2026-11-23T06:00:00.000000Z",
    answer_by="2026-11-23T06:01:00.000000Z",
    to=(Addressee(role="duty", staff="0a" * 8), Addressee(role="police")),
    signs=(SignView(source="panel/2", what="fire", certain=True, count=3),),
)


def drawn(*views: View, alive: bool = True, language: str = "en") -> str:
    out = io.StringIO()
    draw(views, out, alive=alive, texts=load_texts(language))
    return out.getvalue()


def test_what_waits() -> None:
    head, sign, told = drawn(FIRE).splitlines()
    assert head.split() == ["3f2a91c0", "FIRE", "canteen", "certain", "→", "WAITS", "FOR", "AN", "ANSWER"]
    assert sign.endswith("panel/2 fire ×3")
    assert told.strip().startswith("told: on duty 0a0a0a, police, until ")


def test_a_drill_that_was_answered() -> None:
    one = msgspec.structs.replace(
        FIRE, drill=True, state=State.ACKNOWLEDGED, answered_by="olga", signs=FIRE.signs, to=(), place="", opened=""
    )
    text = drawn(one)
    assert "DRILL: FIRE  certain  → somebody is on the way" in text
    assert "answered: olga" in text
    assert "—  panel/2" in text


def test_nothing_and_an_agent_that_does_not_run() -> None:
    assert drawn() == "nothing happens\n"
    assert drawn(FIRE, alive=False).startswith("The agent does not run.")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", State)
def test_every_word_is_there(language: str, state: State) -> None:
    text = drawn(*(msgspec.structs.replace(FIRE, kind=kind, state=state) for kind in Kind), language=language)
    assert "incident." not in text
    assert all(len(line) <= 100 for line in text.splitlines())
