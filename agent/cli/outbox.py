"""mektep outbox list | show LANE SEQUENCE | export LANE --out FILE | reconcile: what this box owes to the centre.

It only reads. reconcile asks the running agent, which asks the centre.
Exit code  list: 1 if something is owed; reconcile: 1 if box and centre differ in what does not heal by itself
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.asking import ask
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.outbox_screen import draw_differences, draw_lanes
from agent.cli.reconciling import differences
from agent.config import Config
from agent.errors import AgentError
from agent.model import Lane
from agent.ops.centre_word import BothWords
from agent.outbox.stored import FOREVER, Stored
from agent.texts import load_texts

LANES = [lane.word for lane in Lane]


def arguments(parser: argparse.ArgumentParser) -> None:
    words = "the same as one JSON object"
    parser.add_argument("--json", action="store_true", help=words)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="each lane of each epoch: accepted, stored, owed, since when")
    show = actions.add_parser("show", help="one event, as it is sent")
    show.add_argument("lane", choices=LANES)
    show.add_argument("sequence", type=int)
    export = actions.add_parser("export", help="a range of events into a file, one JSON object a line, byte for byte")
    export.add_argument("lane", choices=LANES)
    export.add_argument("--from", dest="first", type=int, default=1, metavar="N", help="the first sequence")
    export.add_argument("--to", dest="last", type=int, default=FOREVER, metavar="N", help="the last sequence")
    export.add_argument("--owed", action="store_true", help="only what is not stored at the centre yet")
    written = "a file that is not there yet; - is standard output"
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help=written)
    actions.add_parser("reconcile", help="compare with what the centre says it has stored; the agent must run")
    for name, action in actions.choices.items():
        if name in ("show", "export"):
            action.add_argument("--epoch", default="", help="its first characters; the newest if none is given")
        action.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)


def run(args: argparse.Namespace, out: TextIO) -> int:
    found = config.load(args.file)
    stored = Stored(found.state.database)
    try:
        match args.action:
            case "list":
                return _list(stored, args, out)
            case "show":
                return _show(stored, args, out)
            case "export":
                return _export(stored, args, out)
        return _reconcile(found, stored, args, out)
    finally:
        stored.close()


def _list(stored: Stored, args: argparse.Namespace, out: TextIO) -> int:
    rows = stored.lanes()
    if args.json:
        told = [msgspec.to_builtins(row) | {"lane": row.lane.word, "owed": row.owed} for row in rows]
        print(json.dumps({"lanes": told}), file=out)
    else:
        draw_lanes(rows, out, load_texts())
    return ATTENTION if any(row.owed for row in rows) else WELL


def _show(stored: Stored, args: argparse.Namespace, out: TextIO) -> int:
    lane = Lane.named(args.lane)
    found = list(stored.range(args.epoch or stored.newest_epoch(), lane, args.sequence, args.sequence))
    if not found or not found[0].body:
        what = f"{args.lane} {args.sequence} is not on this disk" if not found else "the disk has damaged this event"
        do = "What the centre has stored is removed after `keep_days`; `mektep outbox list` shows what there is."
        raise AgentError("X-206", what, do=do)
    body = found[0].body.decode()
    print(body if args.json else msgspec.json.format(body, indent=2), file=out)
    return WELL


def _export(stored: Stored, args: argparse.Namespace, out: TextIO) -> int:
    epoch, lane = args.epoch or stored.newest_epoch(), Lane.named(args.lane)
    first = args.first
    if args.owed:
        settled = [row.settled for row in stored.lanes() if row.epoch.startswith(epoch) and row.lane is lane]
        first = max(first, *(number + 1 for number in settled)) if settled else first
    lines, told = _lines(stored, epoch, lane, first, args.last), _Exported()
    if str(args.out) == "-":
        for line in told.counted(lines):
            print(line.decode(), file=out)
        return ATTENTION if told.damaged else WELL
    _write(args.out, told.counted(lines))
    if args.json:
        print(json.dumps({"out": str(args.out), "events": told.events, "damaged": told.damaged}), file=out)
    else:
        say = load_texts()
        damaged = f", {say('outbox.damaged', count=told.damaged)}" if told.damaged else ""
        print(f"{args.out}: {say('outbox.events', count=told.events)}{damaged}", file=out)
    return ATTENTION if told.damaged else WELL


class _Exported:
    """How much was written."""

    def __init__(self) -> None:
        self.events = self.damaged = 0

    def counted(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            if line:
                self.events += 1
                yield line
            else:
                self.damaged += 1


def _lines(stored: Stored, epoch: str, lane: Lane, first: int, last: int) -> Iterator[bytes]:
    return (event.body for event in stored.range(epoch, lane, first, last))


def _write(path: Path, lines: Iterator[bytes]) -> None:
    """For its owner alone: it tells of children, by their keys. Raises AgentError X-207."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as out:
            out.writelines(line + b"\n" for line in lines)
    except OSError as error:
        do = "Name a file that is not there yet, in a folder where you may write."
        raise AgentError("X-207", f"{path} cannot be written: {error.strerror}", do=do) from error


def _reconcile(found: Config, stored: Stored, args: argparse.Namespace, out: TextIO) -> int:
    both = ask(found.state.control, "centre-word", BothWords)
    differ = differences(both, stored.lanes(), found.school)
    if args.json:
        told = {"at": both.at, "box": both.box, "centre": both.centre, "differences": differ}
        print(msgspec.json.encode(told).decode(), file=out)
    else:
        draw_differences(both, differ, out, load_texts())
    return ATTENTION if any(one.is_bad for one in differ) else WELL
