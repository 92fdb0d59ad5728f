"""A responsible person's card at any reader, while something waits for an answer: they are on the way.

Asked    only while something waits, or just after: otherwise the tap is what it always was, at no cost.
What     lamps show, so that whoever taps may know of it; of what they do not show (a child's report of bullying) only
         what this very person was told: nobody else's call is answered unawares.
Held     a card that lies on the reader is read again: within HELD_NS it is the same answer, no canteen's gesture.
Memory   the fact `answered/{reader}`: which card, and when by the monotonic clock of which boot
"""

from __future__ import annotations

import msgspec

from agent.book import HolderKind
from agent.incidents import rows, steps
from agent.incidents.kinds import MANNERS, URGENCY
from agent.incidents.life import Input, State
from agent.incidents.rows import Incident
from agent.incidents.steps import By, Effects, Scene
from agent.outbox.group import Transaction
from agent.school.tapped import Tapped
from drivers.readings import Light

HELD_NS = 1_500_000_000
ANSWERS = "incidents"  # of a member of staff: what they may


class Held(msgspec.Struct, frozen=True):
    """The last card that answered at a reader."""

    card: str
    boot: str
    seen_ns: int


def answer_by_card(transaction: Transaction, scene: Scene, tap: Tapped, place: str) -> tuple[Light, Effects] | None:
    """Acknowledge the most urgent incident, of the reader's place before others. None: this tap is no answer."""
    holder = scene.book.who(tap.card)
    if holder is None or holder.blocked or holder.kind is not HolderKind.STAFF or ANSWERS not in holder.may:
        return None
    if _is_held(transaction, tap):
        _remember(transaction, tap)
        return Light.ACCEPTED, Effects()
    found = waiting(transaction, place, holder.key)
    if found is None:
        return None
    _remember(transaction, tap)
    by = By(channel="card", staff=holder.key)
    return Light.ACCEPTED, steps.answer(transaction, scene, found.id, Input.ACKNOWLEDGE, by)


def answer_by_button(transaction: Transaction, scene: Scene, place: str) -> Effects | None:
    """The same by a button that means `answer`: nobody knows who pressed it."""
    found = waiting(transaction, place)
    if found is None:
        return None
    return steps.answer(transaction, scene, found.id, Input.ACKNOWLEDGE, By(channel="button"))


def waiting(transaction: Transaction, place: str, staff: str = "") -> Incident | None:
    """Which incident is answered first by this person."""
    told = [one for one in rows.live(transaction) if one.state is State.TOLD and _is_for(one, staff)]
    return min(told, key=lambda one: (not place or one.place != place, one.drill, URGENCY[one.kind]), default=None)


def _is_for(one: Incident, staff: str) -> bool:
    return MANNERS[one.kind].lights or (staff != "" and any(to.staff == staff for to in one.reached))


def _is_held(transaction: Transaction, tap: Tapped) -> bool:
    found = transaction.recall(_fact(tap))
    if found is None:
        return False
    held = msgspec.json.decode(found, type=Held)
    return (held.card, held.boot) == (tap.card, tap.boot) and 0 <= tap.at.monotonic_ns - held.seen_ns < HELD_NS


def _remember(transaction: Transaction, tap: Tapped) -> None:
    transaction.remember(_fact(tap), msgspec.json.encode(Held(tap.card, tap.boot, tap.at.monotonic_ns)))


def _fact(tap: Tapped) -> str:
    return f"answered/{tap.reader}"
