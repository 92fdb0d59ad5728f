"""Alarms sent ahead: for which persons they are, and that nothing else is for anybody."""

from __future__ import annotations

import json

import pytest

from centre.ahead import Meaning, meaning

FIRE, CAMERA = "kz.mektep.fire.zone.v1", "kz.mektep.camera.noticed.v1"
PRESSED, CONTACT = "kz.mektep.report.pressed.v1", "kz.mektep.contact.changed.v1"
CASES = [
    (FIRE, {"state": "fire", "place": "gym", "sensor": "panel", "zone": 3}, ("fire", "gym", "certain")),
    (FIRE, {"state": "extinguishing", "sensor": "panel"}, ("fire", "panel", "certain")),
    (FIRE, {"state": "attention", "place": "gym"}, ("fire", "gym", "suspected")),
    (FIRE, {"state": "fire", "place": "gym", "indicative": True}, ("fire", "gym", "suspected")),
    (FIRE, {"state": "normal", "sensor": "panel"}, None),
    (FIRE, {"state": "fault", "sensor": "panel"}, None),
    (CAMERA, {"suspected": "fight", "camera": "hall"}, ("fight", "hall", "suspected")),
    (CAMERA, {"suspected": "presence", "camera": "hall"}, ("intrusion", "hall", "suspected")),
    (CAMERA, {"suspected": "covered", "camera": "hall"}, None),
    (PRESSED, {"source": "button-1"}, ("other", "button-1", "certain")),
    (PRESSED, {"source": "button-1", "means": "medical", "place": "gym"}, ("medical", "gym", "certain")),
    (PRESSED, {"source": "button-1", "means": "answer"}, None),
    (CONTACT, {"source": "relay", "contact": "", "state": "active", "means": "fire"}, ("fire", "relay", "certain")),
    (CONTACT, {"source": "relay", "contact": "", "state": "idle", "means": "fire"}, None),
    (CONTACT, {"source": "relay", "contact": "tamper", "state": "active"}, None),
    (CONTACT, {"source": "door", "contact": "", "state": "active", "means": ""}, None),
    (CONTACT, {"source": "door", "contact": "", "state": "active", "means": "dancing"}, None),
    ("kz.mektep.card.seen.v1", {}, None),
]


@pytest.mark.parametrize(("type_", "data", "expected"), CASES)
def test_what_it_means(type_: str, data: dict[str, object], expected: tuple[str, str, str] | None) -> None:
    found = meaning(json.dumps({"type": type_, "data": data}))
    wanted = Meaning(kind=expected[0], place=expected[1], certainty=expected[2]) if expected else None
    assert found == wanted


@pytest.mark.parametrize("body", ["", "{}", "[1]", '{"type":7,"data":{}}', '{"type":"x","data":7}', "[" * 5_000])
def test_what_cannot_be_read_is_for_nobody(body: str) -> None:
    assert meaning(body) is None
