"""mektep sensor test NAME: each zone and contact as it reads now, then the first change: what, and after how long.

Running  the agent reads on, and tells what it read last; what is tried out becomes an alarm as always.
Down     the command opens the sensor itself; nothing becomes of what it sees.
Exit code  0 something changed; 1 nothing did, or the device cannot be used
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from typing import TextIO

import msgspec

from agent.cli import trying
from agent.cli.opened import opened
from agent.cli.trying import Bench, Trial
from agent.config import SourceConfig
from agent.ops.device_asks import PartNow, part_of
from agent.texts import Texts
from agent.texts.measures import seconds
from drivers.driver import Source
from drivers.readings import Pressed, Reading

TRIAL = Trial(kind="sensor", shows="each zone and contact now, then the first change", awaited="a change", seconds=60.0)
FIRST_S = 3.0  # until all parts have spoken, of a sensor that is just opened
SPAN_CHARS = 10  # so far in the first change stands, and what was before it


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`--json`."""

    device: str
    running: bool  # the agent
    parts: list[PartNow]  # at the beginning
    changed: list[PartNow] = []
    pressed: bool = False  # a button was
    after_s: float = 0.0  # from the beginning to the change

    @property
    def is_well(self) -> bool:
        return bool(self.changed) or self.pressed


def arguments(parser: argparse.ArgumentParser) -> None:
    trying.arguments(parser, TRIAL)


def run(args: argparse.Namespace, out: TextIO) -> int:
    tested, bench, code = trying.run(args, out, TRIAL.kind, _by_the_agent, _by_itself)
    after = f"{seconds(bench.say, tested.after_s):>{SPAN_CHARS - 2}}"
    for part in tested.changed:
        bench.tell(f"{after}  {line(part, bench.say)}")
    if tested.pressed:
        bench.tell(f"{after}  {bench.say('event.report_pressed')}")
    if not tested.is_well:
        bench.tell(bench.say("test.no_change"))
    return code


def line(part: PartNow, say: Texts) -> str:
    """One part: where, its state, what was read."""
    name = " ".join(word for word in (say(f"{part.kind}.title"), part.part, part.place) if word)
    state = say.word(f"{part.kind}.", part.state)
    raw = ", ".join(word for word in (" ".join(map(str, part.codes)), part.words) if word)
    return f"{name}: {state}" + (f"  ({raw})" if raw else "")


# --- the agent runs -------------------------------------------------------------------------------------------------


def _by_the_agent(bench: Bench) -> Outcome:
    first = bench.ready()
    _begin(first.parts, bench)
    now, after_s = bench.until(lambda one: one.readings != first.readings or one.parts != first.parts)
    changed = [part for part in now.parts if part not in first.parts]
    pressed = now.readings != first.readings and not changed and not now.parts
    return Outcome(
        device=bench.source.name, running=True, parts=first.parts, changed=changed, pressed=pressed, after_s=after_s
    )


# --- it is down -----------------------------------------------------------------------------------------------------


async def _by_itself(bench: Bench) -> Outcome:
    source = bench.source
    async with opened(bench.found, source) as sensor:
        readings: asyncio.Queue[Reading] = asyncio.Queue()
        reading = asyncio.create_task(_read(sensor, readings))
        try:
            first = await _first(readings, source, reading)
            _begin(first, bench)
            began_s = time.monotonic()
            came = await _next(readings, bench.seconds, reading)
            changed = part_of(came, source.places) if came is not None else None
            return Outcome(
                device=source.name, running=False, parts=first, changed=[changed] if changed else [],
                pressed=isinstance(came, Pressed), after_s=time.monotonic() - began_s,
            )  # fmt: skip
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _read(sensor: Source[Reading], readings: asyncio.Queue[Reading]) -> None:
    async for one in sensor:
        readings.put_nowait(one)


async def _first(readings: asyncio.Queue[Reading], source: SourceConfig, reading: asyncio.Task[None]) -> list[PartNow]:
    """What each part says when it is looked at first."""
    parts: dict[tuple[str, str], PartNow] = {}
    end_s = time.monotonic() + FIRST_S
    while (left_s := end_s - time.monotonic()) > 0 and (one := await _next(readings, left_s, reading)) is not None:
        if (part := part_of(one, source.places)) is not None:
            parts[part.kind, part.part] = part
        if source.places and all(("zone", str(zone)) in parts for zone in source.places):
            break
    return [parts[one] for one in sorted(parts, key=lambda one: (one[0], len(one[1]), one[1]))]


async def _next(readings: asyncio.Queue[Reading], patience_s: float, reading: asyncio.Task[None]) -> Reading | None:
    """None if nothing comes in time. Raises what ended the reading."""
    getting = asyncio.create_task(readings.get())
    done, _ = await asyncio.wait({getting, reading}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
    if getting in done:
        return getting.result()
    getting.cancel()
    if reading in done:
        reading.result()
    return None


def _begin(parts: Sequence[PartNow], bench: Bench) -> None:
    for part in parts:
        bench.tell(f"{'':{SPAN_CHARS}}{line(part, bench.say)}")
    bench.tell(bench.say("test.change_it"))
