"""Writes the history: each change of a device at once, the link, the clock and the agent's own life as they are seen.

Sparing  a thing that comes and goes is written once a minute; counts and the last reading once an hour and at the end.
End      an agent that ends in order writes so. If the newest row of the agent says it started, it was killed, or the
         power went: the next start writes which, at the time of the last event that was accepted.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec

from agent import __version__
from agent.clock import Clock
from agent.clock_watch import ClockWatch
from agent.config import SourceConfig
from agent.history import rows
from agent.history.rows import Counts, Part, Stretch
from agent.outbox.group import Transaction
from agent.sources import SourceState, Station, Trouble
from agent.sync.centre_link import LinkSnapshot
from drivers.catalog import claims
from drivers.true_path import true_path

LOOK_S = 1.0
COUNTS_S = 3_600.0
AT_ONCE = 4  # changes of one thing within a minute; beyond that once a minute
CALM_S = 60.0
LINK_STATES = {"online", "offline", "probing"}  # the others last for a moment
DEV = "/dev/"
Key = tuple[str, str]
Transact = Callable[[Callable[[Transaction], Any]], Awaitable[Any]]


class HistoryKeeper:
    """One per box. changed() waits for nothing; run() writes."""

    def __init__(
        self, transact: Transact, clock: Clock, stations: Sequence[Station], link: Callable[[], LinkSnapshot]
    ) -> None:
        self._transact, self._clock, self._link = transact, clock, link
        self._stations = {(Part.DEVICE.value, one.config.name): one for one in stations}
        self._now: dict[Key, Stretch] = {}  # the newest of each, as written or waiting
        self._waiting: list[Stretch] = []
        self._ended: dict[Key, Counts] = {}  # what the written stretch still gets, when the next is written
        self._counted: dict[Key, Counts] = defaultdict(Counts)  # how far a device's counters are accounted for
        self._lately: dict[Key, list[int]] = defaultdict(list)  # when something of it was written, monotonic
        self._watch = ClockWatch(clock.utc_ns(), clock.monotonic_ns())
        self._hour_ns = clock.monotonic_ns()
        self._begun = False

    def changed(self, station: Station) -> None:
        """A device works, or does not."""
        trouble, name = station.trouble, station.config.name
        works = station.state is SourceState.WORKING
        port = port_of(station.config) if works else ""
        new = self._stretch(Part.DEVICE, name, station.state.value, trouble=trouble, port=port)
        if self._is_news(new):
            self._ended.setdefault(new.key, self._counts(new.key))
            self._take(new)

    async def run(self) -> None:
        """Runs for ever."""
        if not self._begun:
            before = await self._transact(self._begin)
            self._now = before | self._now
            self._waiting = [one for one in self._waiting if one.key not in before or not before[one.key].same(one)]
            self._begun = True
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """See what is new, and write it."""
        self._see()
        now_ns = self._clock.monotonic_ns()
        hour = now_ns - self._hour_ns >= COUNTS_S * 1e9
        if hour:
            self._hour_ns = now_ns
        await self._write(self._due(now_ns), counted=hour)

    async def finish(self) -> None:
        """The agent ends in order."""
        if self._begun:
            self._take(self._stretch(Part.AGENT, "", "ended", what=__version__))
            await self._write(self._waiting, counted=True)

    # --- inside -------------------------------------------------------------------------------------------------

    def _begin(self, transaction: Transaction) -> dict[Key, Stretch]:
        """Write what the last life left open, and that this one begins. Returns the newest of each until now."""
        before = {one.key: one for one in rows.newest(transaction.execute)}
        agent = before.get((Part.AGENT.value, ""))
        news = []
        if agent is not None and agent.state == "started":
            sign_ns = max(agent.at_ns, rows.last_sign_ns(transaction.execute))
            state = "killed" if agent.boot == self._clock.boot_id else "power"
            news.append(msgspec.structs.replace(agent, state=state, at_ns=sign_ns, first_ns=sign_ns))
        news.append(self._stretch(Part.AGENT, "", "started", what=__version__))
        rows.add(transaction, news)
        return before

    def _see(self) -> None:
        now, link = self._clock.now(), self._link()
        if link.state in LINK_STATES and (link.state == "online" or link.code):
            trouble = Trouble(link.code, link.what, link.do) if link.code else None
            self._take_news(self._stretch(Part.CENTRE, "", link.state, trouble=trouble))
        if off_ns := self._watch.look(now.utc_ns, now.monotonic_ns):
            self._waiting.append(self._stretch(Part.CLOCK, "", "set", what=f"{off_ns / 1e9:+.1f}"))
        self._take_news(self._stretch(Part.CLOCK, "", "synced" if now.synced else "unsynced"))

    def _stretch(
        self, part: Part, name: str, state: str, *, what: str = "", trouble: Trouble | None = None, port: str = ""
    ) -> Stretch:
        now = self._clock.now()
        code, fact, advice = (trouble.code, trouble.what, trouble.do) if trouble else ("", what, "")
        return Stretch(
            part=part, name=name, state=state, code=code, what=fact, advice=advice, port=port,
            boot=self._clock.boot_id, at_ns=now.utc_ns, first_ns=now.utc_ns, clock_ok=now.synced,
        )  # fmt: skip

    def _is_news(self, new: Stretch) -> bool:
        before = self._now.get(new.key)
        return before is None or not before.same(new)

    def _take_news(self, new: Stretch) -> None:
        if self._is_news(new):
            self._take(new)

    def _take(self, new: Stretch) -> None:
        self._now[new.key] = new
        self._waiting = _with(self._waiting, new)

    def _counts(self, key: Key) -> Counts:
        """What has come of a device since it was last accounted for; it is now."""
        station, before = self._stations[key], self._counted[key]
        now = Counts(station.readings, station.totals().garbled, station.last_reading_ns)
        self._counted[key] = now
        readings, garbled = now.readings - before.readings, now.garbled - before.garbled
        return Counts(readings, garbled, now.last_ns if readings else 0)

    def _due(self, now_ns: int) -> list[Stretch]:
        """What is written now: of what comes and goes a few within a minute, the rest later, folded."""
        for key, times in self._lately.items():
            self._lately[key] = [at_ns for at_ns in times if now_ns - at_ns < CALM_S * 1e9]
        return [one for one in self._waiting if len(self._lately[one.key]) < AT_ONCE]

    async def _write(self, due: Sequence[Stretch], *, counted: bool) -> None:
        keys = {one.key for one in due}
        ended = {key: self._ended.pop(key) for key in keys if key in self._ended}
        self._waiting = [one for one in self._waiting if one.key not in keys]
        for key in keys:
            self._lately[key].append(self._clock.monotonic_ns())
        now = self._clock.now()
        still = [key for key in self._stations if counted and key in self._now and key not in self._ended]
        running = {key: counts for key in still if any(msgspec.structs.astuple(counts := self._counts(key)))}

        def work(transaction: Transaction) -> None:
            for key, counts in ended.items():
                rows.count(transaction, key, counts)
            rows.add(transaction, due)
            for key, counts in running.items():
                rows.count(transaction, key, counts)
            if now.synced:
                rows.forget(transaction, now.utc_ns)

        if due or running:
            await self._transact(work)


def _with(waiting: Iterable[Stretch], new: Stretch) -> list[Stretch]:
    """What waits, with one more: of one thing folded as on the disk, so that it never grows."""
    others = [one for one in waiting if one.key != new.key]
    return others + rows.folded([one for one in waiting if one.key == new.key], new)


def port_of(config: SourceConfig) -> str:
    """The kernel's name of a device's port now, such as ttyUSB1; empty if it has none."""
    for claim in claims(config.settings):
        path = true_path(claim.place)
        if path.startswith(DEV) and os.path.exists(path):
            return path.removeprefix(DEV)
    return ""
