"""What becomes of a reading: a tap goes through the tap path to its light, a zone's change through the alarm path.

The rules themselves are pure and live in agent/school.
"""

from __future__ import annotations

from agent.alarm_path import AlarmPath
from agent.clock import Clock
from agent.events import SourceState as SourceStateEvent
from agent.events import draft
from agent.school import cards, zones
from agent.sources import Station
from agent.tap_path import TapPath
from drivers.driver import Source
from drivers.readings import Reading, Tap


class Rules:
    """Given to every source's supervisor; `zones` is what was told of each zone."""

    def __init__(self, alarms: AlarmPath, taps: TapPath, card_key: bytes, clock: Clock) -> None:
        self._alarms = alarms
        self._taps = taps
        self._card_key = card_key
        self._clock = clock
        self.zones = zones.ZoneMemory()

    async def on_reading(self, station: Station, source: Source[Reading], reading: Reading) -> None:
        name, synced = station.config.name, self._clock.synced()
        if isinstance(reading, Tap):
            light = await self._taps.take(cards.seen(reading, name, self._card_key, synced=synced))
            await source.show(light)
        elif (change := self.zones.news(reading, name)) is not None:
            await self._alarms.raise_alarm(zones.changed(change, name, station.config.places, synced=synced))

    async def on_change(self, station: Station) -> None:
        """A device stopped working, or works again. A device that works from the start is no news."""
        trouble = station.trouble
        if trouble is None and not station.reported_failed:
            return
        station.reported_failed = trouble is not None
        kind = "failed" if trouble else "restored"
        name = station.config.name
        data = SourceStateEvent(
            source=name,
            code=trouble.code if trouble else "",
            what=trouble.what if trouble else "works again",
            do=trouble.do if trouble else "",
        )
        await self._alarms.raise_alarm(
            draft(data, self._clock.now(), type=f"kz.mektep.source.{kind}.v1", source=f"{name}/state")
        )
