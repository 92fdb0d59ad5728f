"""mektep top: a live screen. Devices, the last taps with decisions, lanes, the line, incidents, a blurred camera.

It works while the agent is down, and over a slow line: at most one drawing a second, and only of what has changed.
Exit code  of the last look, as `mektep status` has it: 0 all is well, 1 something needs attention, 3 the daemon is down
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.top_look import Looker
from agent.errors import AgentError
from agent.texts import load_texts


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument(
        "--every", type=float, default=1.0, metavar="SECONDS", help="between two drawings; at least 1 (1)"
    )
    parser.add_argument("--json", action="store_true", help="one look as one JSON object, and end")


def run(args: argparse.Namespace, out: TextIO) -> int:
    found, say = config.load(args.file), load_texts()
    looker = Looker(found, say)
    try:
        if args.json:
            seen = looker.look(time.monotonic())
            print(msgspec.json.encode(seen).decode(), file=out)
            return seen.code
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            do = "Run it in a terminal (ssh -t); for a script: mektep top --json, or mektep status --json."
            raise AgentError("X-221", "this is no terminal", do=do)
        from agent.cli.top_app import Top  # brings textual

        return Top(found, say, looker, max(args.every, 1.0)).run(mouse=False) or 0
    finally:
        looker.close()
