"""A box's answer to an order, as the centre has read it."""

from __future__ import annotations

from centre.wire import Answer
from tests.centre.far_box import EPOCH


def answered(order: str, outcome: str = "done", reason: str = "", *, number: int = 1, **result: object) -> Answer:
    return Answer(
        order=order, school="school-07", epoch=EPOCH, number=number, outcome=outcome, reason=reason, result=result,
        time="",
    )  # fmt: skip
