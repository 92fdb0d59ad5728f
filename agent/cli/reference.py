"""mektep reference: the centre's data on this box: version, age, counts, what follows where they are old or missing.

Works when the daemon is dead: then the files are read.
Exit code  1 if data are older than two weeks, end before today, or came and could not be used
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import become_owner
from agent.cli.reference_screen import draw
from agent.clock import SystemClock
from agent.errors import AgentError
from agent.ops import status
from agent.ops.reference_view import views_on_disk
from agent.ops.status import DatasetView, TroubleView
from agent.wall_time import rfc3339

REFERENCE_TROUBLES = ("E-104", "M-101", "M-102")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the command tells; `--json` prints it."""

    school: str
    at: str
    datasets: dict[str, DatasetView]
    troubles: list[TroubleView]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    shown = look(config.load(args.file))
    if args.json:
        print(msgspec.json.encode(shown).decode(), file=out)
    else:
        draw(shown.school, shown.at, shown.datasets, shown.troubles, out)
    well = not shown.troubles and not any(one.stale or one.ended for one in shown.datasets.values())
    return WELL if well else ATTENTION


def look(found: config.Config) -> Shown:
    """From the living daemon, else from the files. Raises AgentError if this user may not look."""
    try:
        last = status.read(found.state.live)
        if last and status.is_alive(last):
            troubles = [one for one in last.troubles if one.code in REFERENCE_TROUBLES]
            return Shown(school=found.school, at=last.at, datasets=last.reference, troubles=troubles)
        return _on_disk(found)
    except PermissionError as error:
        do = "Run it as root: sudo mektep reference"
        raise AgentError("X-002", f"{error.filename} cannot be read by this user", do=do) from error


def _on_disk(found: config.Config) -> Shown:
    clock = SystemClock()
    become_owner(Path(found.state.directory), found.file)
    datasets = views_on_disk(found.state.reference, clock)
    return Shown(school=found.school, at=rfc3339(clock.utc_ns()), datasets=datasets, troubles=[])
