"""The end of a run: wait until the box owes nothing, then compare the truth with what the centre holds."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sqlite3
import time
from typing import Any

from simulator import desk_day, incident_truth
from simulator.school import SCHOOL, School
from simulator.stage import Stage
from simulator.stage_report import seen
from simulator.truth import EVIDENCE_LOST, NOTICED, PICTURE, SEALED, Truth, reconcile

LANES = ("alarm", "record", "telemetry", "evidence")  # by the numbers of the box's database
Place = tuple[str, int, int]  # epoch, lane, sequence
PICTURES = 3  # in a row: one alone may be of the moment before the next event
LOOK_S = 0.2
OPENED_AT_ONCE = 2
JPEG = b"\xff\xd8"
VIDEO = b"ftyp"  # from the fifth byte on


async def until_stored(school: School, patience_s: float) -> bool:
    """Until pictures in a row owe nothing. False if that does not come: the reconciliation says why."""
    deadline = time.monotonic() + patience_s
    calm: set[str] = set()
    while time.monotonic() < deadline and len(calm) < PICTURES:
        status = school.status()
        lanes = status.get("lanes", {}).values()
        owes = any(lane["last"] != lane["settled"] for lane in lanes) or status.get("owes")
        owes = owes or status.get("evidence", {}).get("owed_bytes") or _being_made(school)
        calm = set() if owes or not lanes or status.get("alarms_waiting") else calm | {status["at"]}
        await asyncio.sleep(LOOK_S)
    return len(calm) == PICTURES


async def reckon(school: School, truth: Truth, stage: Stage | None = None) -> dict[str, Any]:
    """Stop the box, and reconcile: simulator/truth.py; with a stage, what its cameras were noticed for, too."""
    status = school.status()
    await school.agent.stop()
    for lane, last in school.numbered().items():
        status.get("lanes", {}).get(lane, {})["at_stop"] = last
    events = await school.centre_events()
    if stage:
        stage.complete(events)
    pictures = await _pictures(school, _taken(status, events))
    result = reconcile(
        truth,
        events,
        await school.centre_status(),
        status,
        _before(status, school.kept_events()),
        school.card_key(),
        pictures,
        {pupil: key for key, pupil in school.city.people(SCHOOL).items()},
    )
    decoded = [json.loads(event) for event in events]
    centre = await _incidents(school)
    result["wrong"] += incident_truth.wrong(truth.incidents, decoded, centre, pictures)
    result["incidents"] = incident_truth.summary(truth.incidents, decoded, centre)
    if school.desk:
        visit = await desk_day.visit(school.desk, SCHOOL, incident_truth.lives(decoded), centre)
        holds = await school.city.custody_holds()
        result["wrong"] += visit.wrong + ([] if holds else ["the custody log does not hold after the desk's looks"])
        result["desk"] = visit.told
    return result | ({"eyes": seen(stage, pictures)} if stage else {})


def _being_made(school: School) -> bool:
    """Whether a video of an incident is not sealed yet, nor given up."""
    with contextlib.suppress(sqlite3.Error):
        shown, *done = (
            {json.loads(event)["data"].get(name) for event in school.told(type_)}
            for type_, name in ((incident_truth.SHOWN, "clip"), (SEALED, "evidence"), (EVIDENCE_LOST, "evidence"))
        )
        return bool(shown - set().union(*done) - {"", None})
    return False


async def _incidents(school: School) -> incident_truth.Centre:
    """What the centre holds of them."""
    city = school.city
    return incident_truth.Centre(
        staff=city.people(SCHOOL, "staff"),
        states=city.states(SCHOOL),
        notified=city.notified(SCHOOL),
        files=city.files(SCHOOL),
        looks=city.looks(SCHOOL),
        custody_holds=await city.custody_holds(),
    )


def _before(status: dict[str, Any], kept: dict[Place, str]) -> dict[Place, str]:
    """Without what the box noted when it was stopped, such as a checkpoint: that waits for its start."""
    lasts = {LANES.index(name): lane["last"] for name, lane in status.get("lanes", {}).items()}
    return {
        place: text
        for place, text in kept.items()
        if place[0] != status.get("epoch") or place[2] <= lasts.get(place[1], 0)
    }


def _taken(status: dict[str, Any], events: list[str]) -> list[str]:
    """Without what the box took while it was being stopped: whose picture may be on its way."""
    lasts = {lane: one["last"] for lane, one in status.get("lanes", {}).items()}
    found = []
    for text in events:
        epoch, lane = json.loads(text)["source"].split("/")[-2:]
        if epoch != status.get("epoch") or int(json.loads(text)["sequence"]) <= lasts.get(lane, 0):
            found.append(text)
    return found


async def _pictures(school: School, events: list[str]) -> dict[str, str]:
    """The SHA-256 of each picture that an alarm names, and of each video of an incident, as who may see it can open
    it; empty if they cannot.
    """
    keys = {"evidence": school.city.police_key, "blurred": school.city.desk_key}
    alarms = [event["data"] for event in map(json.loads, events) if event["type"] in (PICTURE, NOTICED)]
    named = {data[name]: key for data in alarms for name, key in keys.items() if data.get(name)}
    videos = [event["data"]["clip"] for event in map(json.loads, events) if event["type"] == incident_truth.SHOWN]
    named |= {video: school.city.police_key for video in videos if video}
    at_once = asyncio.Semaphore(OPENED_AT_ONCE)

    async def opened(evidence: str) -> str:
        async with at_once:
            picture = await school.city.picture(SCHOOL, evidence, named[evidence])
        seen = picture.startswith(JPEG) or picture[4:8] == VIDEO
        return hashlib.sha256(picture).hexdigest() if seen else ""

    return dict(zip(named, await asyncio.gather(*map(opened, named)), strict=True))
