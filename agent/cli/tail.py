"""mektep tail: events as they are accepted, one a line, in words, until it is interrupted.

Reads the database beside the daemon and holds nothing of it (agent/outbox/stored.py); works while the daemon is down.
Exit code  0 also when it is interrupted; 2 the database cannot be read
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from agent import config
from agent.cli import screen
from agent.cli.event_line import Told, decoded, device_of, told
from agent.cli.main import DEFAULT_CONFIG
from agent.errors import AgentError
from agent.model import Lane
from agent.outbox.stored import Kept, Stored
from agent.strict import closest
from agent.texts import Texts, load_texts

LOOK_S = 0.25
BENEATH = " " * 10  # of a line that goes on: beneath the lane
LINES = 10
SINCE_MOST = 100_000  # of each lane: more is an export
DEVICE_MOST = 5_000  # of each lane, to find the last ones of a device
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
AGO = re.compile(r"(\d{1,6})([smhd])")
COLOURS = {"WARN": "\x1b[33m", "ERROR": "\x1b[1;31m", "FATAL": "\x1b[1;31m"}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--device", metavar="NAME", help="of this device only")
    parser.add_argument("--lane", choices=[lane.word for lane in Lane], help="of this lane only")
    since = "begin there: 10m, 2h, 1d ago, or a time such as 2026-11-23T08:00"
    parser.add_argument("--since", metavar="WHEN", help=since)
    lines = f"without --since: begin with the last N ({LINES})"
    parser.add_argument("--lines", type=int, default=LINES, metavar="N", help=lines)
    parser.add_argument("--once", action="store_true", help="end after what is there already")
    parser.add_argument("--json", action="store_true", help="each event as it is stored, one JSON object a line")


def run(args: argparse.Namespace, out: TextIO, sleep: Callable[[float], None] = time.sleep) -> int:
    found = config.load(args.file)
    _known(found, args.device)
    lanes = (Lane.named(args.lane),) if args.lane else tuple(Lane)
    say, shows = load_texts(), _Shown(args, out)
    stored = Stored(found.state.database)
    try:
        marks = stored.marks()
        begun = _beginning(stored, args, lanes)
        shows.all((one for one in begun if one.sequence <= marks.get((one.epoch, one.lane), 0)), say)
        while not args.once:
            sleep(LOOK_S)
            if stored.changed():
                shows.all(stored.newer(marks, lanes), say)
    except KeyboardInterrupt:
        return 0
    finally:
        stored.close()
    return 0


def since_ns(text: str, now: datetime) -> int:
    """Nanoseconds since 1970; a time without an offset is the terminal's. Raises AgentError X-204."""
    if match := AGO.fullmatch(text):
        return int((now - timedelta(**{UNITS[match[2]]: int(match[1])})).timestamp() * 1e9)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1e9)
    except (ValueError, OverflowError) as error:
        do = "Write 30s, 10m, 2h or 3d, or a time such as 2026-11-23T08:00."
        raise AgentError("X-204", f"{text} is no moment", do=do) from error


def _beginning(stored: Stored, args: argparse.Namespace, lanes: tuple[Lane, ...]) -> list[Kept]:
    if args.since:
        return stored.latest(SINCE_MOST, lanes, since_ns(args.since, datetime.now().astimezone()))
    if args.lines <= 0:
        return []
    if not args.device:
        return stored.latest(args.lines, lanes)[-args.lines :]
    return [one for one in stored.latest(DEVICE_MOST, lanes) if _is_of(one, args.device)][-args.lines :]


def _known(found: config.Config, device: str | None) -> None:
    """Raises AgentError X-205 for a name that no device has."""
    names = {source.name for source in found.sources}
    if device is not None and device not in names:
        raise AgentError("X-205", f"{device} is no device of this box", do=closest(device, names))


def _is_of(event: Kept, device: str) -> bool:
    whole = decoded(event)
    return whole is not None and device_of(whole) == device


class _Shown:
    """Prints what is wanted of what came."""

    def __init__(self, args: argparse.Namespace, out: TextIO) -> None:
        self._args, self._out = args, out
        self._day = ""
        self._colours = screen.has_colours(out)
        self._width = screen.width_of(out) if out.isatty() else 0  # in a pipe an event is a line

    def all(self, events: Iterable[Kept], say: Texts) -> None:
        for event in events:
            if self._args.device and not _is_of(event, self._args.device):
                continue
            print(event.body.decode() if self._args.json else self._line(told(event, say)), file=self._out)
        self._out.flush()

    def _line(self, one: Told) -> str:
        day = "" if one.day == self._day else f"--- {one.day}\n"
        self._day = one.day
        colour = COLOURS.get(one.severity, "") if self._colours else ""
        end = "\x1b[0m" if colour else ""
        begin = f"{one.at}  {one.lane:<10}  {one.device or '—':<10}  "
        words = one.words
        if self._width:
            words = "\n".join(screen.lines(words, self._width, first=begin, rest=BENEATH))[len(begin) :]
        return f"{day}{begin}{colour}{words}{end}"
