"""What truly happened, and whether the centre knows exactly that: the reconciliation at the end of a day.

Cards     each tap uses a card of its own. Green: the centre holds it exactly once. No light: at most once. A card
that was never shown: none.
Zones     each fire is told, none is told in a zone that did not burn, and the last told state of a zone is the true
one.
Lanes     the stored prefix of each lane of each epoch is whole, without gaps, and ends where the box's own
numbering ends.
Bytes     what the box still holds and what the centre stores are the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

SLACK_S = 12.0  # a panel that is silent for a while tells a fire that late


class Shown:
    """One card shown to one reader."""

    def __init__(self, reader: str, card: bytes, light: str) -> None:
        self.reader = reader
        self.card = card
        self.light = light


class Fire:
    """One fire in one zone: from when to when, seconds of the wall clock."""

    def __init__(self, zone: int, from_s: float) -> None:
        self.zone = zone
        self.from_s = from_s
        self.to_s = float("inf")


class Truth:
    """Filled while the day goes on."""

    def __init__(self) -> None:
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
) -> dict[str, Any]:
    """Numbers, and `wrong`: what does not agree, in words; empty if all is well."""
    decoded = [json.loads(event) for event in events]
    wrong = (
        truth.defects
        + _cards(truth, decoded, key)
        + _zones(truth, decoded)
        + _lanes(centre, status)
        + _bytes(events, kept)
    )
    return {
        "taps": len(truth.shown),
        "green": truth.green(),
        "cards_stored": sum(event["type"] == "kz.mektep.card.seen.v1" for event in decoded),
        "fires": len(truth.fires),
        "fires_told": sum(_is_fire(event) for event in decoded),
        "events_stored": len(events),
        "epochs": len(centre.get("epochs", {})),
        "compared_bytes_of_events": len(kept),
        "wrong": wrong,
    }


def _cards(truth: Truth, events: list[dict[str, Any]], key: bytes) -> list[str]:
    stored: dict[str, int] = {}
    for event in events:
        if event["type"] == "kz.mektep.card.seen.v1":
            stored[event["data"]["card"]] = stored.get(event["data"]["card"], 0) + 1
    wrong = []
    for tap in truth.shown:
        count = stored.pop(_hash(key, tap.card), 0)
        if tap.light == "G" and count != 1:
            wrong.append(f"card {tap.card.hex()} at {tap.reader} was green and is stored {count} times")
        elif count > 1:
            wrong.append(f"card {tap.card.hex()} at {tap.reader} is stored {count} times")
    wrong += [f"a card that nobody showed is stored {count} times" for count in stored.values()]
    return wrong


def _hash(key: bytes, card: bytes) -> str:
    text = f"em4100:{card.hex().upper()}".encode()
    return hmac.new(key, text, hashlib.sha256).digest()[:16].hex()


def _is_fire(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "kz.mektep.fire.zone.v1" and event["data"]["state"] == "fire")


def _zones(truth: Truth, events: list[dict[str, Any]]) -> list[str]:
    told = [event for event in events if event["type"] == "kz.mektep.fire.zone.v1"]
    wrong = []
    burned = {fire.zone for fire in truth.fires}
    for zone in burned:
        happened = sum(fire.zone == zone for fire in truth.fires)
        stored = sum(_is_fire(event) and event["data"]["zone"] == zone for event in told)
        if stored < happened:  # more is right: a restarted agent tells the zones as they are
            wrong.append(f"zone {zone} burned {happened} times and was told {stored} times")
    for event in told:
        if _is_fire(event) and event["data"]["zone"] not in burned:
            wrong.append(f"a fire was told in zone {event['data']['zone']}, which never burned")
    for zone in burned:
        states = [event["data"]["state"] for event in told if event["data"]["zone"] == zone]
        burning = any(fire.zone == zone and fire.to_s == float("inf") for fire in truth.fires)
        if states and (states[-1] == "fire") != burning:
            wrong.append(f"zone {zone} ends as {states[-1]}")
    return wrong


def _lanes(centre: dict[str, Any], status: dict[str, Any]) -> list[str]:
    wrong = []
    for epoch, lanes in centre.get("epochs", {}).items():
        for name, lane in lanes.items():
            if lane["through"] != lane["highest"] or lane["gaps"]:
                wrong.append(f"lane {name} of {epoch[:8]} is stored through {lane['through']} of {lane['highest']}")
            if lane["conflicts"] or lane["quarantined"]:
                wrong.append(
                    f"lane {name} of {epoch[:8]}: {lane['conflicts']} conflicts, {lane['quarantined']} quarantined"
                )
    now = centre.get("epochs", {}).get(status.get("epoch", ""), {})
    for name, lane in status.get("lanes", {}).items():
        stored = now.get(name, {}).get("through", 0)
        if stored != lane["last"]:
            wrong.append(f"lane {name}: the box numbered to {lane['last']}, the centre stored through {stored}")
    return wrong if centre else ["the centre does not answer"]


def _bytes(events: list[str], kept: dict[tuple[str, int, int], str]) -> list[str]:
    stored = set(events)
    altered = [place for place, text in kept.items() if text not in stored]
    return [f"{epoch[:8]}/{lane}/{sequence} is not stored with the same bytes" for epoch, lane, sequence in altered[:5]]
