"""What `mektep reader test` and `mektep sensor test` ask of the running agent: one device now, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent.errors import AgentError
from agent.event_words import Name
from agent.ops.control import Handler, args_of
from agent.school.told import Told
from agent.sources import Station
from drivers.readings import ContactChange, Reading, ZoneChange


class DeviceArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: Name


class PartNow(msgspec.Struct, frozen=True, kw_only=True):
    """A zone or a contact, as it was told last."""

    kind: str  # zone, contact
    part: str  # the zone's number, the contact's name; empty for a device that is one part
    place: str
    state: str
    codes: list[int] = []  # as read, of a zone
    words: str = ""  # of the panel's own


class DeviceNow(msgspec.Struct, frozen=True, kw_only=True):
    device: str
    kind: str
    driver: str
    state: str  # of agent/sources.py
    code: str
    what: str
    do: str
    readings: int  # since the agent's start
    last_form: str  # in which form the last card's number came; empty: none did
    parts: list[PartNow]


def device_asks(stations: Sequence[Station], told: Told) -> dict[str, Handler]:
    """Word to what answers it."""
    known = {station.config.name: station for station in stations}

    async def now(args: dict[str, Any], _account: str) -> object:
        name = args_of(args, DeviceArgs).device
        if name not in known:
            do = "Take a name that `mektep status` shows; restart the agent after a change of its configuration."
            raise AgentError("X-205", f"{name} is no device of the running agent", do=do)
        return _now(known[name], told)

    return {"device-now": now}


def _now(station: Station, told: Told) -> DeviceNow:
    config, trouble = station.config, station.trouble
    parts = [part_of(change, config.places) for change in told.latest(config.name)]
    return DeviceNow(
        device=config.name,
        kind=config.kind,
        driver=config.driver,
        state=station.state.value,
        code=trouble.code if trouble else "",
        what=trouble.what if trouble else "",
        do=trouble.do if trouble else "",
        readings=station.readings,
        last_form=station.last_form,
        parts=[part for part in parts if part is not None],
    )


def part_of(reading: Reading | object, places: dict[int, str]) -> PartNow | None:
    """None for what is neither a zone nor a contact."""
    match reading:
        case ZoneChange():
            return PartNow(
                kind="zone", part=str(reading.zone), place=places.get(reading.zone, ""), state=reading.state.value,
                codes=list(reading.codes), words=reading.words,
            )  # fmt: skip
        case ContactChange():
            return PartNow(kind="contact", part=reading.contact, place="", state=reading.state.value)
    return None
