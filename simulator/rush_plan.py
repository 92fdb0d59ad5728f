"""Who comes to the canteen when: the children who eat, and among them those with whom something is the matter.

Pure: the same roll and seed give the same plan. Whom a later visit concerns (a second helping, a meal taken back) is
chosen when it is its turn, among those who have eaten by then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from simulator.roll import Child, Roll, strangers


class Visit(StrEnum):
    """What happens before a reader."""

    EATS = "eats"
    TWICE = "eats, and shows the card twice"
    DARK = "eats, and the light cannot be seen"
    BOTH = "shows two cards of one child at both readers at one moment"
    AGAIN = "comes for a second helping"
    STRANGER = "shows a stranger's card"
    BLOCKED = "shows a blocked card"
    NO_RIGHT = "is not entitled"
    FORGOTTEN = "has forgotten the card"
    TAKEN_BACK = "has the meal taken back"
    TAKEN_BACK_BY_MISTAKE = "has the meal taken back, and is given it again"


ODD = {  # of a hundred who eat; at least one of each
    Visit.TWICE: 4.0,
    Visit.DARK: 1.5,
    Visit.AGAIN: 2.5,
    Visit.STRANGER: 2.0,
    Visit.NO_RIGHT: 3.0,
    Visit.FORGOTTEN: 0.6,
    Visit.TAKEN_BACK: 0.5,
    Visit.TAKEN_BACK_BY_MISTAKE: 0.5,
}
LATE = {Visit.AGAIN, Visit.TAKEN_BACK, Visit.TAKEN_BACK_BY_MISTAKE}  # when somebody has eaten
LATE_SHARE = 0.45  # of the rush is over before these begin
MEALS_OF_THEIR_OWN = {Visit.TWICE, Visit.DARK}


class Step(NamedTuple):
    """One visit. child: None where it is chosen at its turn, or nobody's card is shown."""

    at: float  # share of the rush, 0 to 1
    visit: Visit
    child: Child | None = None
    card: bytes = b""


def planned(roll: Roll, *, seed: int, rights_end: bool = True) -> list[Step]:
    """In the order of time. rights_end: among those who are not entitled are some whose right has ended."""
    chance = random.Random(seed)
    eaters = roll.eaters()
    many = {visit: max(1, round(share * len(eaters) / 100)) for visit, share in ODD.items()}
    steps = [Step(chance.random(), visit, child, child.cards[0]) for child, visit in _who_eats(eaters, many, chance)]
    steps += [Step(chance.random(), Visit.BLOCKED, child, child.blocked[0]) for child in eaters if child.blocked]
    foreign = strangers()
    steps += [Step(chance.random(), Visit.STRANGER, None, next(foreign)) for _ in range(many[Visit.STRANGER])]
    hungry = _not_entitled(roll, rights_end, chance)
    for child in hungry[: many[Visit.NO_RIGHT]]:
        steps.append(Step(chance.random(), Visit.NO_RIGHT, child, child.cards[0]))
    steps += [Step(chance.random(), Visit.FORGOTTEN) for _ in range(many[Visit.FORGOTTEN])]
    steps += [Step(chance.uniform(LATE_SHARE, 1), visit) for visit in sorted(LATE) for _ in range(many[visit])]
    return sorted(steps, key=lambda step: step.at)


def _who_eats(eaters: list[Child], many: dict[Visit, int], chance: random.Random) -> Iterator[tuple[Child, Visit]]:
    """Each child once."""
    own = [visit for visit in sorted(MEALS_OF_THEIR_OWN) for _ in range(many[visit])]
    for child in chance.sample(eaters, len(eaters)):
        if len(child.cards) > 1:
            yield child, Visit.BOTH
        else:
            yield child, own.pop() if own else Visit.EATS


def _not_entitled(roll: Roll, rights_end: bool, chance: random.Random) -> list[Child]:
    """By turns: one who never had a right, one whose right has ended."""
    entitled, had = roll.programme_of(), {right.child for right in roll.rights}
    never = [child for child in roll.children if child.id not in had]
    ended = [child for child in roll.children if child.id in had and child.id not in entitled]
    chance.shuffle(never)
    if not rights_end:
        return never
    return [child for pair in zip(never, ended, strict=False) for child in pair]
