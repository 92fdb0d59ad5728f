"""mektep firmware show | diff | apply | undo: what the Pi itself needs, with a reason for each line.

`apply` shows the difference, asks, copies what is there onto the boot partition and writes. Nothing holds before the
box is started again. Exit code 1: something is not as it should be (`show`, `diff`), or the box wants a restart.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TextIO

import msgspec

from agent.cli import screen
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.firmware_screen import differences, draw
from agent.clock import SystemClock
from agent.errors import AgentError
from agent.firmware import backup, data_partition, overlay
from agent.firmware.board import board_of
from agent.firmware.places import Places, places_of
from agent.firmware.plan import READ_ONLY_ROOT, Plan, State, options_now, plan_of
from agent.firmware.program import run_program
from agent.firmware.wanted import OPTIONS
from agent.texts import load_texts
from agent.wall_time import rfc3339

YES = ("y", "yes", "д", "да", "и", "иә")


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done; `--json` prints it."""

    files: list[str]
    copy: str = ""  # where what was there lies
    restart: bool = False


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("show", "diff", "apply", "undo"))
    parser.add_argument(
        "--with", dest="options", action="append", default=[], choices=OPTIONS, help="also this; may be repeated"
    )
    parser.add_argument("--without", action="append", default=[], choices=OPTIONS, help="no longer this")
    parser.add_argument("--skip-eeprom", action="store_true", help="leave the boot EEPROM as it is")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--root", type=Path, default=Path("/"), help="another system's root, e.g. of a card")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    places = places_of(args.root)
    if args.action == "undo":
        return _undone(places, args, out)
    run_eeprom = None if args.skip_eeprom or args.root != Path("/") else run_program
    board = board_of(args.root)
    options = options_now(places, board) - frozenset(args.without) | frozenset(args.options)
    plan = plan_of(places, board, options, run_eeprom)
    if args.action == "apply":
        return _applied(plan, places, args, out)
    if args.json:
        print(msgspec.json.encode(plan, enc_hook=str).decode(), file=out)
    elif args.action == "diff":
        differences(plan, out)
    else:
        draw(plan, out)
    return ATTENTION if plan.changes or any(line.state is not State.THERE for line in plan.lines) else WELL


def _applied(plan: Plan, places: Places, args: argparse.Namespace, out: TextIO) -> int:
    say = load_texts()
    moves = READ_ONLY_ROOT in args.options and not data_partition.is_in_place(places)
    if not plan.changes and not moves:
        _tell(Done(files=[]), say("firmware.nothing"), args, out)
        return WELL
    if plan.changes and not args.json:
        differences(plan, out)
    if not args.yes and not _agreed(say("firmware.ask")):
        raise AgentError("F-111", "nothing was changed: nobody agreed", do="Say yes when asked, or give --yes.")
    if READ_ONLY_ROOT not in args.without:
        overlay.refuse(places, [one.path for one in plan.changes])
    with data_partition.moved(places, run_program) if moves else contextlib.nullcontext():
        folder = backup.apply(plan.changes, places, run_program, rfc3339(SystemClock().utc_ns()))
    done = Done(files=[str(one.path) for one in plan.changes], copy=str(folder), restart=True)
    _tell(done, f"{say('firmware.applied')} {folder}. {say('firmware.restart')}", args, out)
    return ATTENTION


def _undone(places: Places, args: argparse.Namespace, out: TextIO) -> int:
    say = load_texts()
    folder, files = backup.undo(places, run_program)
    done = Done(files=files, copy=str(folder), restart=True)
    _tell(done, f"{say('firmware.undone')} {', '.join(files)}. {say('firmware.restart')}", args, out)
    return ATTENTION


def _tell(done: Done, words: str, args: argparse.Namespace, out: TextIO) -> None:
    if args.json:
        print(msgspec.json.encode(done).decode(), file=out)
    else:
        screen.write(out, words)


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    try:
        return input(f"{question} ").strip().lower() in YES
    except EOFError:
        return False
