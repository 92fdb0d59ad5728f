"""The reconciliation of incidents: a day on which all is well, and each way in which one can be lost, doubled, told to
the wrong person, answered by nobody, or without what shows it. Nothing of that may pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.incident_truth import Act, Case, Centre, Incidents, View, summary, wrong

ID, OTHER, FILE, SESSION = "11111111-a", "22222222-b", "f1111111-x", "s1"
STAFF = {"k1": "guard", "k2": "deputy-head"}
Event = dict[str, Any]


def event(word: str, **data: Any) -> Event:
    type_ = word if "." in word else f"incident.{word}"
    return {"type": f"kz.mektep.{type_}.v1", "data": ({} if "." in word else {"incident": ID}) | data}


def sign(source: str) -> Event:
    return {"source": source, "what": "fire", "certain": True, "at": ""}


def telling(step: int, why: str, *to: tuple[str, str]) -> Event:
    return event("told", step=step, why=why, to=[{"role": role, "staff": staff} for role, staff in to])


class Day:
    """What is compared; a test spoils one thing."""

    def __init__(self) -> None:
        self.truth = Incidents()
        case = Case("a fire", "fire", "kitchen", ("guard", "city"), gone_over_to="deputy-head")
        case.incident, case.signs = ID, {"panel/2"}
        self.truth.cases = [case]
        view = View("gate")
        view.session, view.pictures = SESSION, 5
        self.truth.views = [view]
        self.truth.acts = [
            Act(ID, "acknowledged", "card", "deputy-head"),
            Act(ID, "confirmed", "centre"),
            Act(ID, "closed", "centre"),
        ]
        self.events = [
            event("opened", kind="fire", place="kitchen", drill=False, sign=sign("kitchen")),
            telling(0, "first", ("duty", "k1"), ("city", "")),
            event("joined", sign=sign("panel/2")),
            telling(1, "unanswered", ("deputy", "k2")),
            telling(1, "reminder", ("deputy", "k2")),
            telling(1, "reminder", ("deputy", "k2")),
            event("evidence", snapshot=FILE, blurred="", clip=""),
            event("answered", answer="acknowledged", by="k2", channel="card"),
            event("answered", answer="confirmed", by="", role="city", channel="centre"),
            event("closed", outcome="confirmed", by="", channel="centre"),
            event("live.view", session=SESSION, state="started"),
            event("live.view", session=SESSION, state="ended"),
        ]
        self.states = {ID: "closed"}
        self.notified = [
            (ID, 0, "first", "duty", "k1"),
            (ID, 0, "first", "city", ""),
            (ID, 1, "unanswered", "deputy", "k2"),
            (ID, 1, "reminder", "deputy", "k2"),
        ]
        self.files = {FILE: (ID, "snapshot", True)}
        self.looks = {FILE}
        self.custody_holds = True

    def centre(self) -> Centre:
        return Centre(STAFF, self.states, self.notified, self.files, self.looks, self.custody_holds)

    def wrong(self) -> list[str]:
        return wrong(self.truth, self.events, self.centre(), {FILE: "digest"})


def test_a_day_on_which_all_is_well() -> None:
    day = Day()
    assert day.wrong() == []
    found = summary(day.truth, day.events, day.centre())
    (case,) = found["cases"]
    assert case["told"][:2] == [["city", "guard"], ["deputy-head"]]
    assert case["said"] == ["acknowledged: deputy-head (card)", "confirmed: city (centre)", "closed (centre)"]
    assert (case["files"], case["state"]) == ({"snapshot whole": 1}, "closed")


def lost(day: Day) -> None:
    day.events = day.events[-2:]
    day.truth.acts, day.notified, day.looks = [], [], {FILE}


def twice(day: Day) -> None:
    day.events.insert(1, day.events[0])


def two(day: Day) -> None:
    day.events += [one | {"data": one["data"] | {"incident": OTHER}} for one in day.events[:2]]
    day.states[OTHER] = "told"
    day.notified += [(OTHER, 0, "first", "duty", "k1"), (OTHER, 0, "first", "city", "")]


def nobody(day: Day) -> None:
    day.events = [one for one in day.events if not one["type"].endswith("told.v1")]
    day.notified = []


def told_twice(day: Day) -> None:
    day.events.insert(2, day.events[1])


def back(day: Day) -> None:
    day.events.append(telling(0, "certain", ("duty", "k1")))
    day.notified.append((ID, 0, "certain", "duty", "k1"))


def somebody_else(day: Day) -> None:
    day.events[1] = telling(0, "first", ("duty", "k2"), ("city", ""))
    day.notified[0] = (ID, 0, "first", "duty", "k2")


def not_gone_over(day: Day) -> None:
    del day.events[3]
    del day.notified[2]


def foreign_answer(day: Day) -> None:
    day.events[7]["data"]["by"] = "k1"


def unheard(day: Day) -> None:
    del day.events[9]
    day.states[ID] = "confirmed"


def stale(day: Day) -> None:
    day.states[ID] = "told"


def unlisted(day: Day) -> None:
    day.notified.pop()


def invented(day: Day) -> None:
    day.notified.append((ID, 0, "first", "police", ""))


def alone(day: Day) -> None:
    del day.events[2]


def half(day: Day) -> None:
    day.files[FILE] = (ID, "snapshot", False)


def unknown(day: Day) -> None:
    day.files.clear()


def unseen(day: Day) -> None:
    day.looks.clear()


def rewritten(day: Day) -> None:
    day.custody_holds = False


def endless(day: Day) -> None:
    del day.events[-1]


def dark(day: Day) -> None:
    day.truth.views[0].pictures = 0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lost, "a fire: no incident came of it"),
        (twice, "was opened 2 times"),
        (two, "a fire: it is 2 incidents"),
        (nobody, "has no owner: nobody was told"),
        (told_twice, "was told 2 times"),
        (back, "in the order of the steps"),
        (somebody_else, "told first to city, deputy-head in place of city, guard"),
        (not_gone_over, "it was not gone over to deputy-head"),
        (foreign_answer, "holds an answer that nobody gave: acknowledged by guard, card"),
        (unheard, "does not hold the answer closed"),
        (stale, "is closed, and the centre shows it as told"),
        (unlisted, "step 1, reminder: deputy-head is not in the centre's list"),
        (invented, "police is in the centre's list, and no box has said so"),
        (alone, "panel/2 did not join it"),
        (half, "is neither whole at the centre nor told as lost"),
        (unknown, "the centre does not know that f1111111 shows it"),
        (unseen, "the custody log does not say so"),
        (rewritten, "the chain of the custody log is broken"),
        (endless, "the live view of gate is told as ['started']"),
        (dark, "the live view of gate brought no picture"),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_what_is_wrong_is_said(spoil: Callable[[Day], None], words: str) -> None:
    day = Day()
    spoil(day)
    assert any(words in one for one in day.wrong()), day.wrong()


def test_a_loss_that_was_told_is_explained() -> None:
    day = Day()
    half(day)
    day.events.append(event("evidence.lost", evidence=FILE, reason="quota"))
    assert day.wrong() == []


def test_what_was_left_out_is_not_missed() -> None:
    day = Day()
    lost(day)
    day.truth.cases[0].left_out = "the day was too short for it"
    assert day.wrong() == []
