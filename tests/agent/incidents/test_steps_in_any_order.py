"""Whatever is seen, said, missed or cut off, in whatever order: an open incident has somebody to answer for it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.book import Book
from agent.incidents import by_card
from agent.incidents.due import is_due
from agent.incidents.kinds import Kind
from agent.incidents.life import Input, State
from agent.incidents.signs import Family, forged
from tests.agent.incidents.house import GUARD, MAIN, SPARE, House, book_of
from tests.agent.incidents.stories import check_story

KINDS = st.sampled_from([Kind.FIRE, Kind.FIGHT, Kind.TAMPER, Kind.BULLYING])
PLACES = st.sampled_from(["", "hall", "yard"])
BOOKS = [book_of(), Book({})]


class Days(RuleBasedStateMachine):
    """One school, its signs, its people, its power."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self.at_rest = True  # nothing is due

    # --- what happens ------------------------------------------------------------------------------------------------

    @rule(
        kind=KINDS,
        place=PLACES,
        certain=st.booleans(),
        drill=st.sampled_from([False, False, True]),
        nth=st.integers(1, 2),
    )
    def sensor(self, kind: Kind, place: str, *, certain: bool, drill: bool, nth: int) -> None:
        self.house.saw(self.house.sign(kind, place, source=f"sensor-{nth}", certain=certain, drill=drill))

    @rule(kind=KINDS, place=PLACES, nth=st.integers(1, 2), standing=st.booleans())
    def camera(self, kind: Kind, place: str, nth: int, *, standing: bool) -> None:
        self.house.saw(self.house.camera(kind, place, name=f"cam-{nth}", standing=standing))

    @rule(number=st.integers(0, 3), kind=KINDS)
    def report(self, number: int, kind: Kind) -> None:
        """The same number is the same report again."""
        self.house.saw(
            self.house.sign(kind, "yard", source="centre", what="report", family=Family.PERSON, incident=f"r-{number}")
        )

    @rule()
    def forged(self) -> None:
        self.house.saw(forged("bad_signature", self.house.now))

    @precondition(lambda self: self.house.events("opened"))
    @rule(
        nth=st.integers(0, 9), given=st.sampled_from([Input.ACKNOWLEDGE, Input.CONFIRM, Input.DISMISS, Input.CLOSE]),
        staff=st.sampled_from([MAIN, SPARE, GUARD, ""]),
    )  # fmt: skip
    def answer(self, nth: int, given: Input, staff: str) -> None:
        opened = self.house.events("opened")
        self.house.say(opened[-1 - nth % len(opened)]["incident"], given, staff)

    @rule()
    def button(self) -> None:
        by_card.answer_by_button(self.house.transaction, self.house.scene, "hall")

    @rule(seconds=st.sampled_from([1, 30, 61, 120, 900, 4_000, 90_000]))
    def wait(self, seconds: int) -> None:
        self.house.wait(seconds)
        self.at_rest = False

    @rule()
    def deadlines(self) -> None:
        self.house.deadlines()
        self.at_rest = True

    @rule(away_s=st.sampled_from([5, 600, 200_000]), synced=st.booleans())
    def restart(self, away_s: int, *, synced: bool) -> None:
        self.house.restart(away_s=away_s, synced=synced)
        self.at_rest = False

    @rule(book=st.sampled_from(BOOKS))
    def publish(self, book: Book) -> None:
        self.house.book = book

    # --- what is always so -------------------------------------------------------------------------------------------

    @invariant()
    def who_is_to_answer(self) -> None:
        for one in self.house.live():
            assert one.state is not State.OPENED
            assert one.due is not None
            assert one.latest_told
            assert one.told >= 1

    @invariant()
    def nothing_is_overdue_once_deadlines_were_met(self) -> None:
        if self.at_rest:
            assert not [one for one in self.house.live() if one.due and is_due(one.due, self.house.scene.stamp)]

    @invariant()
    def the_story_of_each_is_whole(self) -> None:
        stories: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in self.house.events():
            stories[event["incident"]].append(event)
        live = {one.id: one for one in self.house.live()}
        closed = {id_ for id_, story in stories.items() if story[-1]["type"] == "closed"}
        assert live.keys() | closed == stories.keys()
        assert not live.keys() & closed
        for id_, story in stories.items():
            check_story(story)
            if id_ in live:
                assert live[id_].told == len([one for one in story if one["type"] == "told"])
                assert live[id_].step == max(one["step"] for one in story if one["type"] == "told")

    @invariant()
    def of_forged_orders_one_is_open_at_most(self) -> None:
        linked = [one for one in self.house.live() if any(sign.family == Family.LINK for sign in one.signs)]
        assert len(linked) <= 1


TestDays = pytest.mark.timeout(120)(Days.TestCase)
TestDays.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
