"""mektep reader test NAME: the reader's lights in turn, then a card: whether it came, and in which form.

Running  the agent shows the lights (a tap goes first) and decides about the card as always; the command sees its form.
Down     the command opens the reader itself; of the number only the last digits are shown, unless --show is given.
Exit code  0 lights and card came; 1 one of them did not
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.asking import ask
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.opened import device, is_running, opened
from agent.config import Config, SourceConfig
from agent.errors import AgentError
from agent.ops.device_asks import DeviceNow
from agent.texts import Texts, load_texts
from drivers.driver import Source
from drivers.errors import DeviceError
from drivers.readings import Light, Reading, Tap

WELL, ATTENTION = 0, 1
LIGHTS = (Light.ACCEPTED, Light.REFUSED, Light.WAIT)
SHOWN_S = 1.0
LOOK_S = 0.25
CARD_S = 30.0
OPEN_DIGITS = 2  # of a number: enough to tell two cards apart, no more
NOT_KNOWN = "U-122"  # what the agent says to what it does not understand
Tell = Callable[[str], None]


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
    words = "the same as one JSON object"
    parser.add_argument("--json", action="store_true", help=words)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    test = actions.add_parser("test", help="its lights in turn, then a card")
    test.add_argument("name", help="of the reader in the configuration")
    test.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    seconds = f"how long a card is waited for ({CARD_S:g})"
    test.add_argument("--seconds", type=float, default=CARD_S, metavar="N", help=seconds)
    test.add_argument("--show", action="store_true", help="the card's whole number; only while the agent is down")
    test.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)


def run(args: argparse.Namespace, out: TextIO) -> int:
    found, say = config.load(args.file), load_texts()
    source = device(found, args.name, "reader")

    def tell(words: str) -> None:
        if not args.json:
            print(words, file=out, flush=True)

    if is_running(found):
        tested = _by_the_agent(found, source, args.seconds, tell, say)
    else:
        tell(say("test.by_itself"))
        tested = asyncio.run(_by_itself(found, source, args.seconds, tell, say, show=args.show))
    if args.json:
        print(msgspec.json.encode(tested).decode(), file=out)
    elif tested.form:
        number = f" {tested.card}" if tested.card else ""
        tell(f"{say('test.card')} {tested.form}{number}, {tested.after_s:.1f} s")
    else:
        tell(say("test.no_card"))
    return WELL if tested.is_well else ATTENTION


def hidden(card: str) -> str:
    """A number that says how long it is, and not whose."""
    return "•" * max(len(card) - OPEN_DIGITS, 0) + card[-OPEN_DIGITS:]


# --- the agent runs -------------------------------------------------------------------------------------------------


def _by_the_agent(found: Config, source: SourceConfig, seconds: float, tell: Tell, say: Texts) -> Outcome:
    before = _now(found, source)
    if before.code:
        raise AgentError(before.code, f"{source.name}: {before.what}", do=before.do)
    tell(say("test.lights"))
    lights = _lights(found, source)
    for one in lights.lights:
        tell(_line(one, say))
    if not lights.lights:
        tell(f"  {say('test.no_lights')}")
    tell(say("test.show_card"))
    began_s = time.monotonic()
    while (now := _now(found, source)).readings == before.readings and time.monotonic() - began_s < seconds:
        time.sleep(LOOK_S)
    form = now.last_form if now.readings != before.readings else ""
    return Outcome(
        device=source.name, running=True, lights=lights.lights, form=form, after_s=time.monotonic() - began_s
    )


def _lights(found: Config, source: SourceConfig) -> Lights:
    """None of an agent that cannot show them."""
    try:
        return ask(found.state.control, "reader-test", Lights, device=source.name)
    except AgentError as error:
        if error.code != NOT_KNOWN:
            raise
        return Lights(lights=[])


def _now(found: Config, source: SourceConfig) -> DeviceNow:
    return ask(found.state.control, "device-now", DeviceNow, device=source.name)


# --- it is down -----------------------------------------------------------------------------------------------------


async def _by_itself(
    found: Config, source: SourceConfig, seconds: float, tell: Tell, say: Texts, *, show: bool
) -> Outcome:
    async with opened(found, source) as reader:
        tell(say("test.lights"))
        lights = []
        for light in LIGHTS:
            lights.append(await _light(reader, light))
            tell(_line(lights[-1], say))
            await asyncio.sleep(SHOWN_S)
        tell(say("test.show_card"))
        began_s = time.monotonic()
        tap = await _card(reader, seconds)
        card = "" if tap is None else tap.card if show else hidden(tap.card)
        return Outcome(
            device=source.name, running=False, lights=lights, form=tap.form.value if tap else "", card=card,
            after_s=time.monotonic() - began_s,
        )  # fmt: skip


async def _light(reader: Source[Reading], light: Light) -> LightShown:
    try:
        await reader.show(light)
    except DeviceError as error:
        return LightShown(light=light.value, code=error.code, what=error.what)
    return LightShown(light=light.value)


async def _card(reader: Source[Reading], seconds: float) -> Tap | None:
    try:
        async with asyncio.timeout(seconds):
            async for reading in reader:
                if isinstance(reading, Tap):
                    return reading
    except TimeoutError:
        return None
    return None


def _line(one: LightShown, say: Texts) -> str:
    return f"  {say(f'light.{one.light}')}" + (f"  {one.code} {one.what}" if one.code else "")
