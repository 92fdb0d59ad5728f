"""What an operator's card makes of the taps at one reader: a table of stages and steps.

An operator's card, then a pupil's: that pupil's meal is taken back. An operator's card twice: a meal for a forgotten
card. A reader reports a card again that is held to it; such a tap is no step of its own.

Memory  the fact `armed/{reader}`: the last stage, who, and when by the monotonic clock of which boot
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent.book import Holder, HolderKind
from agent.outbox.group import Transaction
from agent.school.tapped import Tapped
from drivers.readings import Light

ARMED_NS = 15_000_000_000  # for so long a reader waits for the next card
HELD_NS = 1_500_000_000  # sooner than that it is the same card, held to the reader
OPERATES = "meals"  # of a member of staff: what they may


class Stage(StrEnum):
    IDLE = "idle"
    ARMED = "armed"  # an operator's card was shown
    DONE = "done"  # the gesture is complete; the last card may still lie on the reader


class Step(StrEnum):
    OPERATOR = "operator"
    HELD = "held"  # the same card again, too soon to be meant
    PUPIL = "pupil"
    OTHER = "other"  # not known, blocked, staff without the right


class Act(StrEnum):
    """What the tap is."""

    SERVE = "serve"  # an ordinary tap
    READY = "ready"  # wait for the next card
    FORGOTTEN = "forgotten"  # a meal for a forgotten card
    REVERSE = "reverse"
    SAME = "same"  # nothing new: show the light of before


NEXT: dict[tuple[Stage, Step], tuple[Stage, Act]] = {
    (Stage.IDLE, Step.OPERATOR): (Stage.ARMED, Act.READY),
    (Stage.IDLE, Step.HELD): (Stage.IDLE, Act.SERVE),
    (Stage.IDLE, Step.PUPIL): (Stage.IDLE, Act.SERVE),
    (Stage.IDLE, Step.OTHER): (Stage.IDLE, Act.SERVE),
    (Stage.ARMED, Step.OPERATOR): (Stage.DONE, Act.FORGOTTEN),
    (Stage.ARMED, Step.HELD): (Stage.ARMED, Act.READY),
    (Stage.ARMED, Step.PUPIL): (Stage.DONE, Act.REVERSE),
    (Stage.ARMED, Step.OTHER): (Stage.IDLE, Act.SERVE),
    (Stage.DONE, Step.OPERATOR): (Stage.ARMED, Act.READY),
    (Stage.DONE, Step.HELD): (Stage.DONE, Act.SAME),
    (Stage.DONE, Step.PUPIL): (Stage.IDLE, Act.SERVE),
    (Stage.DONE, Step.OTHER): (Stage.IDLE, Act.SERVE),
}


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """What the last cards at a reader were."""

    stage: Stage = Stage.IDLE
    operator: str = ""  # who armed it
    card: str = ""  # the last card
    boot: str = ""
    seen_ns: int = 0  # when that was seen last, monotonic
    light: Light = Light.READY  # what was shown for it


def step_of(hand: Hand, tap: Tapped, holder: Holder | None) -> Step:
    """What a tap is to a reader in this state."""
    if tap.card == hand.card and abs(tap.at.monotonic_ns - hand.seen_ns) < HELD_NS:
        return Step.HELD
    if holder is None or holder.blocked:
        return Step.OTHER
    if holder.kind is HolderKind.PUPIL:
        return Step.PUPIL
    return Step.OPERATOR if OPERATES in holder.may else Step.OTHER


def step(hand: Hand, tap: Tapped, holder: Holder | None) -> tuple[Hand, Act]:
    """The next state, and what the tap is."""
    if hand.boot != tap.boot or abs(tap.at.monotonic_ns - hand.seen_ns) > ARMED_NS:
        hand = Hand()
    taken = step_of(hand, tap, holder)
    stage, act = NEXT[hand.stage, taken]
    if act is Act.FORGOTTEN and holder is not None and holder.key != hand.operator:
        stage, act = Stage.ARMED, Act.READY  # another operator begins anew
    operator = holder.key if act is Act.READY and holder is not None else hand.operator
    seen_ns = tap.at.monotonic_ns
    return Hand(stage=stage, operator=operator, card=tap.card, boot=tap.boot, seen_ns=seen_ns, light=hand.light), act


def recall(transaction: Transaction, reader: str) -> Hand:
    """What the reader's last cards were."""
    found = transaction.recall(_fact(reader))
    return _decode(found) if found else Hand()


def remember(transaction: Transaction, reader: str, before: Hand, hand: Hand, light: Light) -> None:
    """Keep it, with what was shown; an ordinary tap at an idle reader writes nothing."""
    if before.stage is not Stage.IDLE or hand.stage is not Stage.IDLE:
        transaction.remember(_fact(reader), _encode(msgspec.structs.replace(hand, light=light)))


def _fact(reader: str) -> str:
    return f"armed/{reader}"


_decode = msgspec.json.Decoder(Hand).decode
_encode = msgspec.json.Encoder().encode
