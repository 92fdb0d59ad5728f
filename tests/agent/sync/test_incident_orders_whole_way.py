"""Orders about incidents over a real broker, and forged ones: what the far centre hears of them in the end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.agent.incidents.house import MAIN
from tests.agent.sync.box import Box, until
from tests.agent.sync.far_centre import FarCentre

ID = "d0a7c6b2-91f4-4a36-8f0e-3b2a7c1d9e10"


@pytest.fixture
async def online(box: Box) -> Box:
    await box.reference.put("duty", 1, json.dumps({"duties": [{"staff": MAIN}], "head": "", "deadlines": []}).encode())
    box.start()
    await until(lambda: box.state == "online")
    return box


async def answered(centre: FarCentre, name: str, number: int, epoch: str, args: dict[str, Any]) -> dict[str, Any]:
    before = len(centre.answers)
    centre.order(name, number, epoch, args=args)
    await until(lambda: len(centre.answers) > before)
    return centre.answers[before]


def story(centre: FarCentre) -> list[str]:
    """The short types of all incident events that have come, in order."""
    kinds = [event["type"].split(".") for batch in centre.batches for event in batch.events]
    return [kind[3] for kind in kinds if kind[2] == "incident"]


async def test_a_report_is_told_answered_and_closed(online: Box, centre: FarCentre) -> None:
    epoch = online.outbox.epoch
    report = {"incident": ID, "kind": "bullying", "place": "yard", "report": "r-1"}
    told = await answered(centre, "incident.report", 1, epoch, report)
    assert (told["outcome"], told["result"]) == ("done", {"state": "told", "to": [{"role": "duty", "staff": MAIN}]})
    again = await answered(centre, "incident.report", 2, epoch, report)
    assert again["result"] == told["result"]
    said = {"incident": ID, "by": MAIN}
    for number, (word, state) in enumerate([("acknowledged",) * 2, ("confirmed",) * 2, ("closed",) * 2], 3):
        answer = await answered(centre, "incident.answer", number, epoch, said | {"answer": word})
        assert answer["result"] == {"state": state}
    late = await answered(centre, "incident.answer", 6, epoch, said | {"answer": "dismissed"})
    assert (late["outcome"], late["reason"]) == ("failed", "already_closed")
    await until(lambda: story(centre)[-1:] == ["closed"])
    assert story(centre) == ["opened", "told", "answered", "answered", "told", "closed"]  # the city, when confirmed


async def test_forged_orders_become_one_incident_of_which_the_city_is_told(online: Box, centre: FarCentre) -> None:
    for number in range(1, 6):
        centre.order("ping", number, online.outbox.epoch, key=Ed25519PrivateKey.generate())
    await until(lambda: len(online.forged) == 5)
    await until(lambda: story(centre) == ["opened", "told"])
    events = [event for batch in centre.batches for event in batch.events]
    (told,) = [event["data"] for event in events if event["type"] == "kz.mektep.incident.told.v1"]
    assert (told["kind"], [to["role"] for to in told["to"]]) == ("tamper", ["duty", "city"])
    assert (await answered(centre, "drill", 9, online.outbox.epoch, {"kind": "fire"}))["outcome"] == "done"
