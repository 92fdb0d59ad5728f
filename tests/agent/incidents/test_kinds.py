"""The table of kinds: the words of the events, times that make sense together."""

from __future__ import annotations

import re
import typing

import pytest
from msgspec import Meta

from agent import incident_events
from agent.incidents.kinds import MANNERS, URGENCY, Certainty, Kind, Manner, Means, Role


def pattern(hint: object) -> str:
    (meta,) = (one for one in typing.get_args(hint) if isinstance(one, Meta))
    assert meta.pattern is not None
    return meta.pattern


@pytest.mark.parametrize(
    ("words", "hint"),
    [(Kind, incident_events.Kind), (Role, incident_events.Role), (Certainty, incident_events.Certainty)],
)
def test_the_words_are_those_of_the_events(words: type[Kind], hint: object) -> None:
    assert sorted(re.findall("[a-z]+", pattern(hint))) == sorted(words)


def test_every_kind_has_its_manner_and_its_urgency() -> None:
    assert set(MANNERS) == set(URGENCY) == set(Kind)
    assert set(Means) == {*Kind, Means.ANSWER}
    assert [kind for kind in Kind if MANNERS[kind].last is Role.POLICE] == [Kind.FIRE, Kind.FIGHT, Kind.INTRUSION]


@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
def test_the_times_of_a_kind_make_sense_together(manner: Manner) -> None:
    assert 0 < manner.answer_s <= manner.decide_s <= manner.end_s
    assert manner.join_s <= manner.close_s, "a dismissed incident counts its signs while it is there"
    assert manner.remind_every_s > 0
