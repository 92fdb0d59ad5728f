"""Events of incidents as a box makes them, by the schemas: for the tests of whoever reads them."""

from __future__ import annotations

import json
from typing import Any

from centre.judge import Judged
from tests.centre.batches import BOX, batch
from tests.centre.far_box import EPOCH, event

ONE = "c2a3f0d4-8a41-4b5e-9f3b-0d8f6f5f0b11"
TWO = "d3b4a1e5-9b52-4c6f-8a4c-1e9a7a6a1c22"
PICTURE = "e4c5b2f6-0c63-4d7a-9b5d-2f0b8b7b2d33"
ANNA, BORIS = "0123456789abcdef", "fedcba9876543210"
SIGN = {"source": "hall-camera", "what": "fight", "certain": False, "at": "2026-11-23T08:12:39.000000Z"}
OPENED = {"incident": ONE, "kind": "fight", "place": "hall", "certainty": "suspected", "sign": SIGN}
JOINED = {"incident": ONE, "certainty": "certain", "sign": {**SIGN, "what": "pressed", "certain": True}, "signs": 2}
TOLD = {
    "incident": ONE, "kind": "fight", "place": "hall", "certainty": "suspected", "step": 0, "why": "first",
    "to": [{"role": "duty", "staff": ANNA}, {"role": "police"}], "locally": ["lamp-1"],
    "answer_by": "2026-11-23T08:14:39.000000Z",
}  # fmt: skip
ANSWERED = {
    "incident": ONE, "answer": "acknowledged", "by": ANNA, "role": "duty", "channel": "card", "account": "",
    "reason": "", "after_s": 12.5,
}  # fmt: skip
CLOSED = {
    "incident": ONE,
    "outcome": "confirmed",
    "by": ANNA,
    "channel": "centre",
    "account": "a",
    "signs": 2,
    "told": 1,
}
SHOWN = {"incident": ONE, "camera": "hall-camera", "snapshot": PICTURE, "blurred": "", "clip": ""}
DATA: dict[str, dict[str, Any]] = {
    "opened": OPENED, "joined": JOINED, "told": TOLD, "answered": ANSWERED, "closed": CLOSED, "evidence": SHOWN,
}  # fmt: skip


def said(what: str, sequence: int, /, *, epoch: str = EPOCH, school: str = "school-07", **data: Any) -> bytes:
    """One event of an incident at this place of the alarm lane; data over what the constants have."""
    return event(
        school,
        "alarm",
        sequence,
        epoch=epoch,
        type=f"kz.mektep.incident.{what}.v1",
        time=f"2026-11-23T08:12:{sequence % 60:02d}.000000Z",
        data=DATA[what] | data,
    )


def alarms(first: int, *bodies: bytes, epoch: str = EPOCH) -> Judged:
    return batch("alarm", first, list(bodies), epoch=epoch, box=BOX)


def life(first: int = 1, **data: Any) -> list[bytes]:
    """A whole incident, from the first sign to its end."""
    steps = ("opened", "told", "evidence", "joined", "answered", "closed")
    return [said(what, sequence, **data) for sequence, what in enumerate(steps, first)]


def ahead(what: str, name: str = "ahead-1", school: str = "school-07", **data: Any) -> str:
    """The copy of an event that the box's database has not taken; `time` as `said` gives to sequence 1."""
    body = json.loads(said(what, 1, school=school, **data))
    del body["sequence"]
    return json.dumps(body | {"id": name, "source": f"/schools/{school}/{EPOCH}/ahead"})
