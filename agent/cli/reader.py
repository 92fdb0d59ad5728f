"""mektep reader test NAME: the reader's lights in turn, then a card: whether it came, and in which form.

Running  the agent shows the lights (a tap goes first) and decides about the card as always; the command sees its form.
Down     the command opens the reader itself; of the number only the last digits are shown, unless --show is given.
Exit code  0 lights and card came; 1 one of them did not, or the reader is busy or does not work
"""

from __future__ import annotations

import argparse
import asyncio
import time
from functools import partial
from typing import TextIO

import msgspec

from agent.cli import trying
from agent.cli.asking import ask
from agent.cli.opened import opened
from agent.cli.trying import Bench, Trial
from agent.errors import AgentError
from agent.texts import Texts
from agent.texts.measures import seconds
from drivers.driver import Source
from drivers.errors import DeviceError
from drivers.readings import Light, Reading, Tap

TRIAL = Trial(kind="reader", shows="its lights in turn, then a card", awaited="a card", seconds=30.0)
LIGHTS = (Light.ACCEPTED, Light.REFUSED, Light.WAIT)
SHOWN_S = 1.0
OPEN_DIGITS = 2  # of a number: enough to tell two cards apart, no more
NOT_KNOWN = "U-122"  # what the agent says to what it does not understand


class LightShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the device said of one light."""

    light: str
    code: str = ""  # empty: it was taken
    what: str = ""


class Lights(msgspec.Struct, frozen=True, kw_only=True):
    """What the running agent says of its test."""

    lights: list[LightShown]
    interrupted: bool = False  # somebody showed a card


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`--json`."""

    device: str
    running: bool  # the agent
    lights: list[LightShown]
    form: str = ""  # of the card; empty: none came
    card: str = ""  # hidden but for its last digits; empty while the agent runs: nobody is told it
    after_s: float = 0.0  # that the card was waited for

    @property
    def is_well(self) -> bool:
        return bool(self.form) and not any(one.code for one in self.lights)


def arguments(parser: argparse.ArgumentParser) -> None:
    test = trying.arguments(parser, TRIAL)
    test.add_argument("--show", action="store_true", help="the card's whole number; only while the agent is down")


def run(args: argparse.Namespace, out: TextIO) -> int:
    tested, bench, code = trying.run(args, out, TRIAL.kind, _by_the_agent, partial(_by_itself, show=args.show))
    if tested.form:
        number = f" {tested.card}" if tested.card else ""
        bench.tell(f"{bench.say('test.card')} {tested.form}{number}, {seconds(bench.say, tested.after_s)}")
    else:
        bench.tell(bench.say("test.no_card"))
    return code


def hidden(card: str) -> str:
    """A number that says how long it is, and not whose."""
    return "•" * max(len(card) - OPEN_DIGITS, 0) + card[-OPEN_DIGITS:]


def _line(one: LightShown, say: Texts) -> str:
    failed = f"  {one.code} {say.fact(one.code, one.what)}" if one.code else ""
    return f"  {say(f'light.{one.light}')}{failed}"


# --- the agent runs -------------------------------------------------------------------------------------------------


def _by_the_agent(bench: Bench) -> Outcome:
    before, say = bench.ready(), bench.say
    bench.tell(say("test.lights"))
    tried = _lights(bench)
    for one in tried.lights:
        bench.tell(_line(one, say))
    if tried.interrupted or not tried.lights:
        bench.tell(f"  {say('test.interrupted' if tried.interrupted else 'test.no_lights')}")
    bench.tell(say("test.show_card"))
    now, after_s = bench.until(lambda one: one.readings != before.readings)
    form = now.last_form if now.readings != before.readings else ""
    return Outcome(device=bench.source.name, running=True, lights=tried.lights, form=form, after_s=after_s)


def _lights(bench: Bench) -> Lights:
    """None of an agent that cannot show them."""
    try:
        return ask(bench.found.state.control, "reader-test", Lights, device=bench.source.name)
    except AgentError as error:
        if error.code != NOT_KNOWN:
            raise
        return Lights(lights=[])


# --- it is down -----------------------------------------------------------------------------------------------------


async def _by_itself(bench: Bench, *, show: bool) -> Outcome:
    async with opened(bench.found, bench.source) as reader:
        bench.tell(bench.say("test.lights"))
        lights = []
        for light in LIGHTS:
            lights.append(await _light(reader, light))
            bench.tell(_line(lights[-1], bench.say))
            await asyncio.sleep(SHOWN_S)
        bench.tell(bench.say("test.show_card"))
        began_s = time.monotonic()
        tap = await _card(reader, bench.seconds)
        card = "" if tap is None else tap.card if show else hidden(tap.card)
        return Outcome(
            device=bench.source.name, running=False, lights=lights, form=tap.form.value if tap else "", card=card,
            after_s=time.monotonic() - began_s,
        )  # fmt: skip


async def _light(reader: Source[Reading], light: Light) -> LightShown:
    try:
        await reader.show(light)
    except DeviceError as error:
        return LightShown(light=light.value, code=error.code, what=error.what)
    return LightShown(light=light.value)


async def _card(reader: Source[Reading], patience_s: float) -> Tap | None:
    try:
        async with asyncio.timeout(patience_s):
            async for reading in reader:
                if isinstance(reading, Tap):
                    return reading
    except TimeoutError:
        return None
    return None
