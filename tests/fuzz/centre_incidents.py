"""The centre's half of incidents: whatever a box says, it is read or left, and nothing of it harms who shows it."""

from __future__ import annotations

import json

import msgspec

from centre import ahead, camera_list, incident_words
from centre.incident_life import STATES, fold
from centre.incident_words import CERTAINTIES, KINDS
from tests.centre.incident_box import DATA, said
from tests.fuzz.target import Target, shown_safely

NOW_NS = 1_795_000_000_000_000_000


def step(data: bytes) -> None:
    """A step is the same when it is read again from what is kept, and makes an incident by the contract."""
    body = data.decode("utf-8", errors="replace")
    found = incident_words.step_of(body)
    incident_words.ahead_id(body)
    incident_words.live_of(body)
    if found is None:
        return
    assert incident_words.fact_of(found.what, found.body) == found.fact
    whole = fold([(found.at, found.fact), (found.at, found.fact)])
    assert (whole.state in STATES, whole.kind in KINDS, whole.certainty in CERTAINTIES) == (True, True, True)
    assert 0 <= whole.step < 2**31


def cameras(data: bytes) -> None:
    body = data.decode("utf-8", errors="replace")
    for one in camera_list._of("school-07", NOW_NS, body, NOW_NS):
        assert one.age_s is None or one.age_s >= 0
        shown_safely(f"{one.camera}{one.place}{one.state}")
        msgspec.json.encode(one)


def came_ahead(data: bytes) -> None:
    found = ahead.meaning(data.decode("utf-8", errors="replace"))
    assert found is None or (found.kind in KINDS and len(found.place) <= 64)


_CAMERA = {"camera": "hall", "place": "", "state": "lost", "picture_age_s": None, "clock_off_s": -1e9}
_LIST = {"type": incident_words.CAMERAS, "time": "2026-11-23T08:00:00Z", "clock": "synced"}
TARGETS = {
    "centre, a step of an incident": Target(
        step, [*(said(what, 1) for what in DATA), said("told", 1, step=2**70), said("opened", 1, place="\x1b[2J"), b"["]
    ),
    "centre, a list of cameras": Target(
        cameras,
        [
            json.dumps({**_LIST, "data": {"cameras": [_CAMERA, {**_CAMERA, "picture_age_s": 2**53 - 1}]}}).encode(),
            json.dumps({**_LIST, "time": "9999-12-31T23:59:60Z", "data": {"cameras": [_CAMERA]}}).encode(),
        ],
    ),
    "centre, an alarm that came ahead": Target(
        came_ahead,
        [
            b'{"type":"kz.mektep.fire.zone.v1","data":{"state":"fire","place":"gym"}}',
            b'{"type":"kz.mektep.camera.noticed.v1","data":{"suspected":"fight","camera":"hall"}}',
            b'{"type":"kz.mektep.report.pressed.v1","data":{"source":"button"}}',
        ],
    ),
}
