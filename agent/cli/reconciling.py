"""Where the box and the centre differ about what is stored, by name, and what mends it. Pure.

lacks     the box holds events as stored that the centre does not have: `resend` what is still on the disk
gone      the same, and they are not on the disk any more
ahead     the centre has more than this box ever numbered: the box was put back to an older state
unheard   the centre has stored more than the box knows: the next receipts tell it
unasked   the centre says nothing of a lane that is owed
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agent.ops.centre_word import BothWords, BoxLane
from agent.outbox.stored import LaneRow
from agent.sync.topics import StoredLane

WORDS = ("lacks", "gone", "ahead", "unheard", "unasked")
HARMLESS = frozenset({"unheard"})  # heals by itself


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One, of one lane of one epoch."""

    what: str  # of WORDS
    epoch: str
    lane: str
    first: int
    last: int
    order: str = ""  # what the centre is to be asked for; empty: nothing

    @property
    def is_bad(self) -> bool:
        return self.what not in HARMLESS


def differences(both: BothWords, disk: Sequence[LaneRow], school: str) -> list[Difference]:
    """Nothing if both are of one mind."""
    said = {(one.epoch, one.lane): one for one in both.centre}
    kept = {(row.epoch, row.lane.word): row.first_kept for row in disk}
    return [found for lane in both.box for found in _of_lane(lane, said, kept, school)]


def _of_lane(
    lane: BoxLane, said: dict[tuple[str, str], StoredLane], kept: dict[tuple[str, str], int], school: str
) -> Iterator[Difference]:
    key = (lane.epoch, lane.lane)
    centre = said.get(key)
    if centre is None:
        if lane.last > lane.settled:
            yield Difference(what="unasked", epoch=lane.epoch, lane=lane.lane, first=lane.settled + 1, last=lane.last)
        return
    if centre.highest > lane.last:
        yield Difference(what="ahead", epoch=lane.epoch, lane=lane.lane, first=lane.last + 1, last=centre.highest)
    if centre.through > lane.settled and lane.last > lane.settled:
        last = min(centre.through, lane.last)
        yield Difference(what="unheard", epoch=lane.epoch, lane=lane.lane, first=lane.settled + 1, last=last)
    if centre.through < lane.settled:
        yield from _lacking(lane, centre.through + 1, kept.get(key, 0), school)


def _lacking(lane: BoxLane, first: int, kept: int, school: str) -> Iterable[Difference]:
    """`kept`: the first that is on the disk; 0: none is."""
    gone_to = lane.settled if kept == 0 else min(lane.settled, kept - 1)
    if gone_to >= first:
        yield Difference(what="gone", epoch=lane.epoch, lane=lane.lane, first=first, last=gone_to)
    begin = max(first, gone_to + 1)
    if begin <= lane.settled:
        order = resend(school, lane.epoch, lane.lane, begin, lane.settled)
        yield Difference(what="lacks", epoch=lane.epoch, lane=lane.lane, first=begin, last=lane.settled, order=order)


def resend(school: str, epoch: str, lane: str, first: int, last: int) -> str:
    """The command that the centre types."""
    args = json.dumps({"epoch": epoch, "lane": lane, "first": first, "last": last})
    return f"mektep-centre order {school} resend --args '{args}'"
