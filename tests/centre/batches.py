"""Judged batches of one school for the store's tests, and what the store says of them."""

from __future__ import annotations

from typing import Any

from centre.judge import Judged, judge
from centre.store import Store
from tests.centre.far_box import EPOCH, FarBox, public

BOX = FarBox("school-07")
Verdict = tuple[str, int, int]


def batch(lane: str, first: int, bodies: list[bytes], *, epoch: str = EPOCH, box: FarBox = BOX) -> Judged:
    message = box.batch(lane, first, bodies, epoch=epoch)
    return judge(box.school, lane, message.topic, message.payload, message.properties, public(box.key))


def events(first: int, last: int, lane: str = "record", *, box: FarBox = BOX, **changes: Any) -> Judged:
    epoch = changes.get("epoch", EPOCH)
    return batch(lane, first, box.events(lane, first, last, **changes), epoch=epoch, box=box)


def stored(store: Store, *batches: Judged) -> list[list[Verdict]]:
    return [[(one.verdict, one.first, one.last) for one in parts] for parts in store.store(batches)]


def lane_of(store: Store, lane: str = "record", epoch: str = EPOCH) -> tuple[int, int]:
    (found,) = [one for one in store.stored("school-07", [epoch]) if one.lane == lane]
    return found.through, found.highest
