"""The life of an incident: every state by every input is a row or a word; everything that lives can end."""

from __future__ import annotations

from itertools import product

import pytest

from agent.incidents.life import LIVE, NEXT, REFUSED, Act, Input, Refusal, State, step

PAIRS = list(product(State, Input))


@pytest.mark.parametrize(("state", "given"), PAIRS, ids=lambda one: one.value)
def test_every_pair_is_a_row_or_a_refusal_with_a_word(state: State, given: Input) -> None:
    assert ((state, given) in NEXT) != ((state, given) in REFUSED)
    if (state, given) in NEXT:
        assert step(state, given) == NEXT[state, given]
    else:
        with pytest.raises(Refusal, match=f"^{REFUSED[state, given]}$"):
            step(state, given)


def test_nothing_leaves_the_end() -> None:
    assert not [pair for pair in NEXT if pair[0] is State.CLOSED]
    assert {State.OPENED} == {state for (state, given) in NEXT if given is Input.TELL for state in [state]}


def test_every_state_that_lives_has_a_deadline_that_is_met() -> None:
    """Without anybody's doing an incident is told again or closed by rule: it cannot be forgotten."""
    for state in LIVE:
        _, act = NEXT[state, Input.DEADLINE]
        assert act in {Act.TELL, Act.PURSUE, Act.UNDECIDED, Act.UNCLOSED, Act.END}


@pytest.mark.parametrize("state", State)
def test_the_end_can_be_reached_from_everywhere(state: State) -> None:
    reached, fresh = {state}, {state}
    while fresh:
        fresh = {after for (one, _), (after, _) in NEXT.items() if one in fresh} - reached
        reached |= fresh
    assert State.CLOSED in reached


def test_a_person_s_decision_is_never_taken_back() -> None:
    undecided = {State.OPENED, State.TOLD, State.ACKNOWLEDGED}
    for (state, _), (after, _) in NEXT.items():
        assert state in undecided or after not in undecided
