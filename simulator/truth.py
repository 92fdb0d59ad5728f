"""What truly happened, and whether the centre knows exactly that: the reconciliation at the end of a day.

Cards     each tap uses a card of its own. Green, red or not known, as the rules say: the centre holds it exactly once,
          under the pupil's key or the card's hash. No light: at most once. A card that was never shown: none.
Alarms    each fire and each smoke is told, none is told in a zone that had none, and the last told state of a zone is
          the true one.
Others    each time a contact, a loop or a picture was odd it was told, and the last told state is the usual one; each
          person who pressed the button was heard.
Pictures  each one that an alarm names can be opened with the police's key and is the one that was sealed, or its
          loss is told.
Lanes     simulator/lanes.py: whole, without gaps, the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from simulator import lanes
from simulator.incident_truth import Incidents

CARD = "kz.mektep.card.seen.v1"
DECISIONS = {  # of a reader, about a tap
    CARD,
    *("kz.mektep.meal.granted.v1", "kz.mektep.meal.refused.v1", "kz.mektep.attendance.passed.v1"),
    *("kz.mektep.club.entered.v1", "kz.mektep.club.refused.v1"),
}
DECIDED = {"G": "green", "R": "red", "U": "not known"}
NO_KEYS: Mapping[str, str] = MappingProxyType({})
ZONE = "kz.mektep.fire.zone.v1"
CONTACT = "kz.mektep.contact.changed.v1"
PICTURE = "kz.mektep.camera.picture.v1"
NOTICED = "kz.mektep.camera.noticed.v1"
SEALED = "kz.mektep.evidence.sealed.v1"
EVIDENCE_LOST = "kz.mektep.evidence.lost.v1"
REPORT = "kz.mektep.report.pressed.v1"
BUTTON = "button"  # the one that anybody may press; the other one is for help
USUAL = {"idle", "clear"}
FLAPPING = "kz.mektep.source.flapping.v1"
Zone = tuple[str, int]  # sensor and number


class Shown:
    """One card shown to one reader."""

    def __init__(self, reader: str, card: str, light: str, *, pupil: str = "", expected: str = "G") -> None:
        self.reader = reader
        self.card = card  # what the agent hashes: form and number, "em4100:6F00000001"
        self.light = light
        self.pupil = pupil  # whose it is, by the number of the school's office; empty: nobody's that the box knows
        self.expected = expected  # the light, if one comes that decides


class Fire:
    """One fire in one zone of a panel, or smoke at a detector: from when to when, seconds of the wall clock."""

    def __init__(self, zone: int, from_s: float, sensor: str = "fire-panel") -> None:
        self.sensor = sensor
        self.zone = zone
        self.from_s = from_s
        self.to_s = float("inf")


class Odd(NamedTuple):
    """Something was as it should not be, for a while: a contact, a loop, a camera's picture."""

    type: str
    source: str
    state: str


class Truth:
    """Filled while the day goes on."""

    def __init__(self) -> None:
        self.odd: list[Odd] = []
        self.incidents = Incidents()
        self.presses = 0  # of the report button
        self.reports = 0  # of persons who pressed it until they were heard
        self.shown: list[Shown] = []
        self.fires: list[Fire] = []
        self.defects: list[str] = []  # what must not happen whatever breaks

    def green(self) -> int:
        return sum(tap.light == "G" for tap in self.shown)


def reconcile(
    truth: Truth,
    events: list[str],
    centre: dict[str, Any],
    status: dict[str, Any],
    kept: dict[tuple[str, int, int], str],
    key: bytes,
    pictures: dict[str, str],
    keys: Mapping[str, str] = NO_KEYS,
) -> dict[str, Any]:
    """Numbers, and `wrong`: what does not agree, in words; empty if all is well."""
    decoded = [json.loads(event) for event in events]
    wrong = (
        truth.defects
        + _cards(truth, decoded, key, keys)
        + _alarms(truth, decoded)
        + _odds(truth, decoded)
        + _reports(truth, decoded)
        + _pictures(decoded, pictures)
        + lanes.wrong(events, centre, status, kept)
    )
    return {
        "taps": len(truth.shown),
        "green": truth.green(),
        "refused": sum(tap.light == "R" for tap in truth.shown),
        "not_known": sum(tap.light == "U" for tap in truth.shown),
        "cards_stored": sum(event["type"] in DECISIONS for event in decoded),
        "fires": len(truth.fires),
        "smokes": sum(fire.sensor != "fire-panel" for fire in truth.fires),
        "oddities": len(truth.odd),
        "reports": truth.reports,
        "pictures": len(pictures),
        "fires_told": sum(_is_fire(event) for event in decoded),
        "events_stored": len(events),
        "epochs": len(centre.get("epochs", {})),
        "compared_bytes_of_events": len(kept),
        "wrong": wrong,
    }


def _cards(truth: Truth, events: list[dict[str, Any]], key: bytes, keys: Mapping[str, str]) -> list[str]:
    """keys: of pupils, by the numbers of the school's office."""
    stored = Counter(whose for event in events if (whose := _whose(event)))
    wrong = []
    for tap in truth.shown:
        count = stored.pop(keys[tap.pupil] if tap.pupil else _hash(key, tap.card), 0)
        where = f"card {tap.card} at {tap.reader}"
        if tap.light in DECIDED and tap.light != tap.expected:
            wrong.append(f"{where} got {tap.light} in place of {tap.expected}")
        if tap.light in DECIDED and count != 1:
            wrong.append(f"{where} was {DECIDED[tap.light]} and is stored {count} times")
        elif count > 1:
            wrong.append(f"{where} is stored {count} times")
    wrong += [f"a card that nobody showed is stored {count} times" for count in stored.values()]
    return wrong


def _whose(event: dict[str, Any]) -> str:
    """By what the decision about a tap tells whose card it was; empty for other events."""
    if event["type"] not in DECISIONS:
        return ""
    return str(event["data"].get("pupil") or event["data"]["card"])


def _hash(key: bytes, card: str) -> str:
    return hmac.new(key, card.encode(), hashlib.sha256).digest()[:16].hex()


def _is_fire(event: dict[str, Any]) -> bool:
    return bool(event["type"] == ZONE and event["data"]["state"] == "fire")


def _alarms(truth: Truth, events: list[dict[str, Any]]) -> list[str]:
    burned: dict[Zone, list[Fire]] = {}
    for fire in truth.fires:
        burned.setdefault((fire.sensor, fire.zone), []).append(fire)
    told, gathered = _told(events)
    wrong = [
        f"a fire was told in zone {zone} of {sensor}, which never burned"
        for (sensor, zone), states in told.items()
        if "fire" in states and (sensor, zone) not in burned
    ]
    for (sensor, zone), fires in burned.items():
        states = told.get((sensor, zone), [])
        happened = 1 if (sensor, zone) in gathered else len(fires)
        if states.count("fire") < happened:  # more is right: a restarted agent tells the zones as they are
            wrong.append(f"zone {zone} of {sensor} burned {len(fires)} times and was told {states.count('fire')} times")
        burning = fires[-1].to_s == float("inf")
        if states and (states[-1] == "fire") != burning:
            wrong.append(f"zone {zone} of {sensor} ends as {states[-1]}")
    return wrong


def _told(events: list[dict[str, Any]]) -> tuple[dict[Zone, list[str]], set[Zone]]:
    """The states told of each zone, in order; and the zones that chattered, of which some states were gathered."""
    told: dict[Zone, list[str]] = {}
    gathered = set()
    for event in events:
        data = event["data"]
        if event["type"] == FLAPPING and data["type"] == ZONE:
            data = data["latest"]
            gathered.add((data["sensor"], data["zone"]))
        elif event["type"] != ZONE:
            continue
        told.setdefault((data["sensor"], data["zone"]), []).append(data["state"])
    return told, gathered


def _odds(truth: Truth, events: list[dict[str, Any]]) -> list[str]:
    """Each contact and each picture: told as often as it was odd, and told as it is now."""
    wrong = []
    for type_, source in dict.fromkeys((odd.type, odd.source) for odd in truth.odd):
        told, gathered = _states(events, type_, source)
        for state in {odd.state for odd in truth.odd if (odd.type, odd.source) == (type_, source)}:
            happened = 1 if gathered else sum(odd == (type_, source, state) for odd in truth.odd)
            if told.count(state) < happened:
                wrong.append(f"{source} was {state} {happened} times and was told {told.count(state)} times")
        if told and told[-1] not in USUAL:
            wrong.append(f"{source} ends as {told[-1]}")
    return wrong


def _states(events: list[dict[str, Any]], type_: str, source: str) -> tuple[list[str], bool]:
    """The states told of a device, in order, and whether some were gathered."""
    told, gathered = [], False
    for event in events:
        data = event["data"]
        if event["type"] == FLAPPING and data["type"] == type_:
            data = data["latest"]
            gathered |= source in (data.get("source"), data.get("camera"))
        elif event["type"] != type_:
            continue
        if source in (data.get("source"), data.get("camera")):
            told.append(data["state"])
    return told, gathered


def _reports(truth: Truth, events: list[dict[str, Any]]) -> list[str]:
    """Each person who pressed was heard, and nobody was heard who did not press. Quick ones may be gathered."""
    stored = sum(event["type"] == REPORT and event["data"]["source"] == BUTTON for event in events)
    gathered = any(event["type"] == FLAPPING and event["data"]["type"] == REPORT for event in events)
    if stored > truth.presses:
        return [f"the button was pressed {truth.presses} times and is stored {stored} times"]
    if stored < truth.reports and not gathered:
        return [f"{truth.reports} persons pressed the button and {stored} reports are stored"]
    return []


def _pictures(events: list[dict[str, Any]], pictures: dict[str, str]) -> list[str]:
    """Each picture that an alarm names can be opened and is the one that was sealed, or its loss is told."""
    sealed = {one["data"]["evidence"]: one["data"]["plain_sha256"] for one in events if one["type"] == SEALED}
    lost = {one["data"]["evidence"] for one in events if one["type"] == EVIDENCE_LOST}
    wrong = []
    for evidence, digest in pictures.items():
        if evidence in lost:
            continue
        if not digest or sealed.get(evidence) != digest:
            wrong.append(f"the picture {evidence[:8]} {'is another' if digest else 'cannot be opened'} at the centre")
    return wrong
