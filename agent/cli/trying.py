"""What `mektep reader test` and `mektep sensor test` share: how they are typed, who opens the device, what is printed.

Running  the agent keeps the device, and is asked; what is tried out counts as always.
Down     the command opens the device itself.
Exit code  0 what was waited for came; 1 it did not, or the device cannot be used; 2 no such device
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

import msgspec

from agent import config
from agent.cli import screen
from agent.cli.asking import ask
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.opened import device, is_running
from agent.config import Config, SourceConfig
from agent.errors import AgentError
from agent.ops.device_asks import DeviceNow
from agent.texts import Texts, load_texts

LOOK_S = 0.25


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried out, in words of the help."""

    kind: str  # reader, sensor
    shows: str
    awaited: str  # what is waited for
    seconds: float


class Outcome(Protocol):
    """What came of it; `--json` prints it."""

    @property
    def is_well(self) -> bool: ...


Came = TypeVar("Came", bound=Outcome)


class Bench:
    """One device under test, and where to tell of it."""

    def __init__(self, found: Config, source: SourceConfig, args: argparse.Namespace, out: TextIO, say: Texts) -> None:
        self.found, self.source, self.say = found, source, say
        self.seconds: float = args.seconds
        self._out, self._silent = out, args.json

    def tell(self, words: str) -> None:
        if not self._silent:
            indent = len(words) - len(words.lstrip())
            screen.write(self._out, words.lstrip(), first=" " * indent, rest=" " * (indent + 2))

    def ready(self) -> DeviceNow:
        """As the agent has it now. Raises AgentError if it does not work."""
        now = self.now()
        if now.code:
            raise AgentError(now.code, f"{self.source.name}: {now.what}", do=now.do)
        return now

    def now(self) -> DeviceNow:
        return ask(self.found.state.control, "device-now", DeviceNow, device=self.source.name)

    def until(self, differs: Callable[[DeviceNow], bool]) -> tuple[DeviceNow, float]:
        """The agent's word as soon as it differs, or the last in time; and how long that took."""
        began_s = time.monotonic()
        while not differs(now := self.now()) and time.monotonic() - began_s < self.seconds:
            time.sleep(LOOK_S)
        return now, time.monotonic() - began_s


def arguments(parser: argparse.ArgumentParser, trial: Trial) -> argparse.ArgumentParser:
    """Returns the parser of `test`, for what only one of them has."""
    words = "the same as one JSON object"
    parser.add_argument("--json", action="store_true", help=words)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    test = actions.add_parser("test", help=trial.shows)
    test.add_argument("name", help=f"of the {trial.kind} in the configuration")
    test.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    seconds = f"how long {trial.awaited} is waited for ({trial.seconds:g})"
    test.add_argument("--seconds", type=float, default=trial.seconds, metavar="N", help=seconds)
    test.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)
    return test


def run(
    args: argparse.Namespace,
    out: TextIO,
    kind: str,
    by_the_agent: Callable[[Bench], Came],
    by_itself: Callable[[Bench], Coroutine[Any, Any, Came]],
) -> tuple[Came, Bench, int]:
    """Try it out; with the exit code that belongs to what came."""
    found, say = config.load(args.file), load_texts()
    bench = Bench(found, device(found, args.name, kind), args, out, say)
    if is_running(found):
        tried = by_the_agent(bench)
    else:
        bench.tell(say("test.by_itself"))
        tried = asyncio.run(by_itself(bench))
    if args.json:
        print(msgspec.json.encode(tried).decode(), file=out)
    return tried, bench, WELL if tried.is_well else ATTENTION
