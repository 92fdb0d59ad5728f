"""Events of a small rush as a centre holds them, made from docs/protocol.md for the tests of the reckoning."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simulator.roll import Roll
from simulator.statements import Sum, line_of, summed

EPOCH = "11111111-1111-1111-1111-111111111111"
Event = dict[str, Any]


class Book:
    """The record lane of one epoch: puts events, numbers their leaves, states them."""

    def __init__(self, roll: Roll, epoch: str = EPOCH) -> None:
        self.roll = roll
        self.epoch = epoch
        self.events: list[Event] = []
        self._leaf = 0
        self._stated = 0  # leaves that a statement covers, and events before it
        self._from = 0
        self.put("epoch.opened", {}, leaf=True)

    def put(self, type_: str, data: Event, *, leaf: bool) -> Event:
        event: Event = {
            "source": f"/schools/school-07/{self.epoch}/record",
            "sequence": f"{len(self.events) + 1:019d}",
            "time": f"2026-11-26T08:{len(self.events) // 60:02d}:{len(self.events) % 60:02d}Z",
            "type": f"kz.mektep.{type_}.v1",
            "data": data,
        }
        if leaf:
            event["leaf"] = f"{self._leaf}"
            self._leaf += 1
        self.events.append(event)
        return event

    def _meal(self, child: str, day: str | None) -> Event:
        programme, tenge = self.roll.due()[child]
        return {
            "pupil": f"key-{child}",
            "day": f"{self.roll.day}" if day is None else day,
            "programme": programme,
            "tenge": tenge,
        }

    def grant(self, child: str, *, day: str | None = None) -> Event:
        return self.put("meal.granted", self._meal(child, day) | {"operator": ""}, leaf=True)

    def forgotten(self) -> Event:
        data = {"pupil": "", "day": f"{self.roll.day}", "programme": "", "tenge": 0, "operator": "cook"}
        return self.put("meal.granted", data, leaf=True)

    def reverse(self, child: str) -> Event:
        return self.put("meal.reversed", self._meal(child, None) | {"operator": "cook"}, leaf=True)

    def date(self, of: Event, *, counted: bool) -> Event:
        data = of["data"] | {"of": f"{self.epoch}/{of['leaf']}", "counted": counted, "day": f"{self.roll.day}"}
        return self.put("meal.dated", data, leaf=True)

    def refuse(self, reason: str) -> Event:
        return self.put("meal.refused", {"reason": reason, "pupil": ""}, leaf=False)

    def state(self) -> Event:
        lines = Counter(line for event in self.events[self._from :] if (line := line_of(event)) is not None)
        data: Event = {
            "day": f"{self.roll.day}",
            "first": self._stated,
            "end": self._leaf,
            "lines": [line._asdict() | {"count": count} for line, count in sorted(lines.items())],
        }
        data |= dict(zip(Sum._fields, summed(lines), strict=True))
        event = self.put("ledger.statement", data, leaf=True)
        self._stated, self._from = self._leaf, len(self.events)
        return event
