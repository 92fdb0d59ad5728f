"""An accepted event as a line for people: when, from which device, what; in the language of the terminal.

A child is shown by the first characters of its key, which says nothing to whoever has no list of keys.
A kind that has no words here is shown by its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from agent.outbox.stored import Kept
from agent.plain import plain
from agent.texts import Texts
from agent.texts.forms import decimal
from agent.texts.measures import day, hour, local, span

KEY_CHARS = 6  # of a pseudonymous key
DEVICE = ("reader", "sensor", "source", "camera")  # the field that names the device
PERSON = ("pupil", "operator", "by", "card")
SHOWN = {  # type -> the fields that are told, in this order
    "card.seen": ("card",),
    "meal.granted": ("meal", "programme", "pupil", "marks"),
    "meal.refused": ("reason", "meal", "pupil", "card"),
    "meal.reversed": ("meal", "programme", "pupil", "operator"),
    "meal.dated": ("day", "meal", "reason", "pupil"),
    "club.entered": ("club", "pupil"),
    "club.refused": ("reason", "club", "pupil", "card"),
    "club.visit": ("club", "minutes", "reason", "pupil"),
    "attendance.passed": ("way", "state", "pupil", "card"),
    "attendance.summary": ("class", "lesson", "present", "enrolled"),
    "suspicion": ("rule", "other", "class", "pupil"),
    "ledger.checkpoint": ("size", "reason"),
    "ledger.statement": ("day", "meals", "meals_tenge", "visits"),
    "fire.zone": ("zone", "place", "state", "words"),
    "contact.changed": ("contact", "state"),
    "camera.picture": ("state",),
    "camera.noticed": ("suspected", "zone"),
    "camera.counts": ("pictures", "people"),
    "camera.viewed": ("what", "by"),
    "incident.opened": ("kind", "place", "certainty"),
    "incident.joined": ("certainty", "signs"),
    "incident.told": ("kind", "place", "why", "answer_by"),
    "incident.answered": ("answer", "channel", "reason"),
    "incident.closed": ("outcome", "channel"),
    "incident.evidence": (),
    "live.view": ("state", "by", "reason"),
    "source.failed": ("code", "what"),
    "source.restored": (),
    "source.flapping": ("type", "count"),
    "loss": ("lane", "first", "last", "reason"),
    "epoch.opened": ("reason",),
    "salvaged": ("kept", "unreadable"),
    "evidence.sealed": ("kind", "bytes"),
    "evidence.lost": ("kind", "reason", "count"),
    "clock.corrected": ("by",),
    "quarantined": ("lane", "first", "last"),
    "refused": ("reason", "count"),
    "config.applied": ("by",),
    "config.undone": ("reason", "lost", "by"),
    "health": ("temperature_c", "uptime_s"),
}
SECTIONS = {  # type and field -> where their words stand; others are looked for under `reason`
    ("fire.zone", "state"): "zone",
    ("contact.changed", "state"): "contact",
    ("camera.picture", "state"): "picture",
    ("incident.opened", "kind"): "incident",
    ("incident.told", "kind"): "incident",
    ("incident.opened", "certainty"): "incident",
    ("incident.joined", "certainty"): "incident",
    ("incident.answered", "answer"): "incident",
    ("incident.closed", "outcome"): "incident",
    ("loss", "lane"): "lane",
    ("refused", "reason"): "refusal",
    ("quarantined", "lane"): "lane",
}
AS_IT_IS = ("meal", "programme", "club", "place", "zone", "class", "code", "what", "words", "contact", "type")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event, for a line or a row."""

    at: str  # local time
    day: str
    lane: str
    device: str  # empty: the agent itself
    words: str
    severity: str


def told(event: Kept, say: Texts) -> Told:
    """In words."""
    found = decoded(event)
    if found is None:
        moment = datetime.fromtimestamp(event.accepted_ns / 1e9).astimezone()
        what, device, severity = say("event.damaged"), "", "ERROR"
    else:
        moment = datetime.fromisoformat(str(found["time"])).astimezone()
        what, device, severity = _words(found, say), device_of(found), str(found.get("severitytext", ""))
    return Told(
        at=hour(moment), day=day(say, moment.date()), lane=say(f"lane.{event.lane.word}"), device=device,
        words=what, severity=severity,
    )  # fmt: skip


def decoded(event: Kept) -> dict[str, Any] | None:
    """The event's object; None if the disk has damaged it."""
    try:
        found = msgspec.json.decode(event.body, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return found if isinstance(found.get("data"), dict) and "type" in found and "time" in found else None


def device_of(found: Mapping[str, Any]) -> str:
    """The device that an event is of; empty if it is the agent's own."""
    data = found["data"]
    sign = data.get("sign")
    where = sign if isinstance(sign, dict) else data
    return plain(str(next((where[name] for name in DEVICE if where.get(name)), "")))


def _words(found: Mapping[str, Any], say: Texts) -> str:
    kind = str(found["type"]).removeprefix("kz.mektep.").removesuffix(".v1")
    key = f"event.{kind.replace('.', '_')}"
    name = say(key)
    data = found["data"]
    if code := data.get("code"):  # only then are facts needed
        data = data | {"what": say.fact(str(code), str(data.get("what", "")))}
    shown = [_value(kind, field, data.get(field), say) for field in SHOWN.get(kind, ())]
    details = ", ".join(word for word in shown if word)
    return plain(f"{kind if name == key else name}{': ' if details else ''}{details}")


def _value(kind: str, field: str, value: Any, say: Texts) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, list):
        return ", ".join(_value(kind, field, one, say) for one in value)
    text = str(value)
    if field in PERSON and len(text) >= 16:  # a key; an account's name is shorter, and no child's
        return f"{say(f'event.{field}')} {text[:KEY_CHARS]}…"
    if field in AS_IT_IS:
        return f"{say('zone.title')} {text}" if field == "zone" and kind == "fire.zone" else text
    if field == "answer_by":
        return f"{say('incident.until')} {hour(local(text))}"
    if isinstance(value, (int, float)):
        shown = span(say, value) if field.endswith("_s") else decimal(say.language, text)
        return say(f"event.{field}", n=shown)
    return say.word(f"{SECTIONS.get((kind, field), 'reason')}.", text)
