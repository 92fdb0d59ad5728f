"""mektep why NAME: the life of one device, or of the centre's line, the clock, the agent: now, until now, what to try.

Works when the daemon is dead and when its database is locked. Changes nothing.
Exit code  0 nothing is wrong with it now, 1 something is, 2 nothing is called so, 3 the daemon does not run
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.exit_codes import ATTENTION, DEAD, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.why_screen import draw
from agent.config import Config
from agent.errors import AgentError
from agent.history import view
from agent.ops import status
from agent.ops.life_view import Life, life_of, subject_of
from agent.ops.status import TroubleView

UNITS_S = {"m": 60, "h": 3_600, "d": 86_400}
DEAD_DO = "Start it: sudo systemctl start mektep-agent"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a device of the configuration, or centre, clock, agent")
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument(
        "--since", type=seconds, default=seconds("7d"), metavar="TIME", help="how far back: 90m, 12h, 7d"
    )
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def seconds(text: str) -> int:
    """90m, 12h, 7d. Raises ArgumentTypeError."""
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number and m, h or d, such as 12h")
    return int(found[1]) * UNITS_S[found[2]]


def run(args: argparse.Namespace, out: TextIO) -> int:
    found = config.load(args.file)
    life = look(found, args.name, time.time_ns() - args.since * 1_000_000_000)
    if args.json:
        print(msgspec.json.encode(life).decode(), file=out)
    else:
        draw(life, out)
    if not life.running:
        return DEAD
    return ATTENTION if life.troubles else WELL


def look(found: Config, name: str, since_ns: int) -> Life:
    """Raises AgentError: H-191, D-101, or X-002 if this user may not look."""
    subject = subject_of(found, name)
    try:
        picture = status.read(found.state.live)
    except PermissionError as error:
        do = "Run it as root: sudo mektep why"
        raise AgentError("X-002", f"{error.filename} cannot be read by this user", do=do) from error
    running = picture is not None and status.is_alive(picture)
    told = view.read(found.state.database, subject.part, subject.name, since_ns)
    life = life_of(subject, told, picture, time.time_ns(), running=running)
    if running:
        return life
    dead = TroubleView(code="D-001", what="the agent does not run", do=DEAD_DO, since=picture.at if picture else "")
    return msgspec.structs.replace(life, troubles=[dead, *life.troubles])
