"""mektep sensor test NAME: each zone and contact as it reads now, then the first change: what, and after how long.

Running  the agent reads on, and tells what it read last; what is tried out becomes an alarm as always.
Down     the command opens the sensor itself; nothing becomes of what it sees.
Exit code  0 something changed; 1 nothing did, or the device cannot be used
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.asking import ask
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.opened import device, is_running, opened
from agent.config import Config, SourceConfig
from agent.errors import AgentError
from agent.ops.device_asks import DeviceNow, PartNow, part_of
from agent.texts import Texts, load_texts
from drivers.driver import Source
from drivers.readings import Pressed, Reading

WELL, ATTENTION = 0, 1
LOOK_S = 0.25
FIRST_S = 3.0  # until all parts have spoken, of a sensor that is just opened
CHANGE_S = 60.0
Tell = Callable[[str], None]


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
    words = "the same as one JSON object"
    parser.add_argument("--json", action="store_true", help=words)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    test = actions.add_parser("test", help="each zone and contact now, then the first change")
    test.add_argument("name", help="of the sensor in the configuration")
    test.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    seconds = f"how long a change is waited for ({CHANGE_S:g})"
    test.add_argument("--seconds", type=float, default=CHANGE_S, metavar="N", help=seconds)
    test.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)


def run(args: argparse.Namespace, out: TextIO) -> int:
    found, say = config.load(args.file), load_texts()
    source = device(found, args.name, "sensor")

    def tell(words: str) -> None:
        if not args.json:
            print(words, file=out, flush=True)

    if is_running(found):
        tested = _by_the_agent(found, source, args.seconds, tell, say)
    else:
        tell(say("test.by_itself"))
        tested = asyncio.run(_by_itself(found, source, args.seconds, tell, say))
    if args.json:
        print(msgspec.json.encode(tested).decode(), file=out)
        return WELL if tested.is_well else ATTENTION
    for part in tested.changed:
        tell(f"{tested.after_s:6.1f} s  {line(part, say)}")
    if tested.pressed:
        tell(f"{tested.after_s:6.1f} s  {say('event.report_pressed')}")
    if not tested.is_well:
        tell(say("test.no_change"))
    return WELL if tested.is_well else ATTENTION


def line(part: PartNow, say: Texts) -> str:
    """One part: where, its state, what was read."""
    name = " ".join(word for word in (say(f"{part.kind}.title"), part.part, part.place) if word)
    key = f"{part.kind}.{part.state}"
    state = part.state if say(key) == key else say(key)
    raw = ", ".join(word for word in (" ".join(map(str, part.codes)), part.words) if word)
    return f"{name}: {state}" + (f"  ({raw})" if raw else "")


# --- the agent runs -------------------------------------------------------------------------------------------------


def _by_the_agent(found: Config, source: SourceConfig, seconds: float, tell: Tell, say: Texts) -> Outcome:
    first = _now(found, source)
    if first.code:
        raise AgentError(first.code, f"{source.name}: {first.what}", do=first.do)
    _begin(first.parts, tell, say)
    began_s = time.monotonic()
    now = first
    while now.readings == first.readings and now.parts == first.parts and time.monotonic() - began_s < seconds:
        time.sleep(LOOK_S)
        now = _now(found, source)
    changed = [part for part in now.parts if part not in first.parts]
    pressed = now.readings != first.readings and not changed and not now.parts
    return Outcome(
        device=source.name, running=True, parts=first.parts, changed=changed, pressed=pressed,
        after_s=time.monotonic() - began_s,
    )  # fmt: skip


def _now(found: Config, source: SourceConfig) -> DeviceNow:
    return ask(found.state.control, "device-now", DeviceNow, device=source.name)


# --- it is down -----------------------------------------------------------------------------------------------------


async def _by_itself(found: Config, source: SourceConfig, seconds: float, tell: Tell, say: Texts) -> Outcome:
    async with opened(found, source) as sensor:
        readings: asyncio.Queue[Reading] = asyncio.Queue()
        reading = asyncio.create_task(_read(sensor, readings))
        try:
            first = await _first(readings, source, reading)
            _begin(first, tell, say)
            began_s = time.monotonic()
            came = await _next(readings, seconds, reading)
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
    return list(parts.values())


async def _next(readings: asyncio.Queue[Reading], seconds: float, reading: asyncio.Task[None]) -> Reading | None:
    """None if nothing comes in time. Raises what ended the reading."""
    getting = asyncio.create_task(readings.get())
    done, _ = await asyncio.wait({getting, reading}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if getting in done:
        return getting.result()
    getting.cancel()
    if reading in done:
        reading.result()
    return None


def _begin(parts: Sequence[PartNow], tell: Tell, say: Texts) -> None:
    for part in parts:
        tell(f"          {line(part, say)}")
    tell(say("test.change_it"))
