"""Whether the desk shows of each incident what the centre's database holds: the persons told, the answers, the state,
the files; and whether each look at a file stands in the custody trail of its incident. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simulator.desk_page import Look, Shown
from simulator.incident_truth import CLOSED, Centre, Event, Life
from simulator.responsible import CITY, NAMES, POLICE

IN_WORDS = {CITY: "the city", POLICE: "police"}
ON_BOARD = {"opened": "waiting", "told": "waiting", "acknowledged": "going", "confirmed": "decided"}
ON_BOARD |= {"dismissed": "decided"}


class Looked(NamedTuple):
    """Who opened a file at the desk."""

    incident: str
    file: str
    who: str
    why: str
    seen: bool


class Desk(NamedTuple):
    """What was read there."""

    pages: Mapping[str, Shown | None]  # by incident; None: there is none
    cards: Mapping[str, str]  # the board: the group of each incident
    listed: set[str]  # of the page "earlier"
    looks: Sequence[Looked]
    said: Sequence[str]  # what the browser complained of


def wrong(desk: Desk, found: Mapping[str, Life], centre: Centre) -> list[str]:
    """What does not agree, in words."""
    faults = [f"the browser says at the desk: {one}" for one in desk.said]
    for life in found.values():
        page = desk.pages.get(life.id)
        if page is None:
            faults.append(f"{life.name} is not on the desk")
            continue
        faults += [f"{life.name} on the desk: {one}" for one in _page(page, life, centre)]
        faults += _listed(desk, life, centre.states.get(life.id, ""))
    for look in desk.looks:
        page = desk.pages.get(look.incident)
        if not look.seen:
            faults.append(f"{look.who} cannot see {look.file[:8]} at the desk")
        if page is None or Look(look.who, look.why) not in page.looks:
            faults.append(f"{look.who} looked at {look.file[:8]}, and its incident's custody trail does not say so")
    return faults


def _page(page: Shown, life: Life, centre: Centre) -> list[str]:
    faults = []
    if page.state != centre.states.get(life.id):
        faults.append(f"it is {page.state or 'nothing'} in place of {centre.states.get(life.id)}")
    told = Counter(frozenset(_name(to, centre) for to in one["to"]) for one in life.told)
    if told != Counter(page.told):
        faults.append(f"told are {_lines(page.told)} in place of {_lines(list(told.elements()))}")
    if Counter(one["answer"] for one in life.said) != Counter(one.what for one in page.answers):
        faults.append(f"answers are {[one.what for one in page.answers]}")
    for one in life.said:
        name = NAMES.get(centre.staff.get(one["by"], ""), "")
        if name and not any(name in answer.words for answer in page.answers if answer.what == one["answer"]):
            faults.append(f"it does not say that {name} answered {one['answer']}")
    files = {name: whole for name, (incident, _, whole) in centre.files.items() if incident == life.id}
    if {name: state == "whole" for name, state in page.files.items()} != files:
        faults.append(f"{len(page.files)} files stand there in place of {len(files)}, or not as whole as they are")
    return faults


def _listed(desk: Desk, life: Life, state: str) -> list[str]:
    faults = [] if life.id in desk.listed else [f"{life.name} is not listed at the desk"]
    if desk.cards.get(life.id, "") != ("" if state == CLOSED else ON_BOARD.get(state, "")):
        faults.append(f"{life.name} is {state}, and on the board {desk.cards.get(life.id, 'not there')}")
    return faults


def _name(to: Event, centre: Centre) -> str:
    """As the desk writes it, in English."""
    role = str(to["role"])
    return NAMES.get(centre.staff.get(to["staff"], ""), "") or IN_WORDS.get(role, role)


def _lines(tellings: Sequence[frozenset[str]]) -> str:
    return "; ".join(sorted(", ".join(sorted(one)) for one in tellings)) or "nobody"
