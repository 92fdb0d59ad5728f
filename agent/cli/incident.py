"""mektep incident list | acknowledge ID | confirm ID | dismiss ID --reason WORD | close ID: what happens, and answers.

An answer is recorded with the account that gave it. Only the running agent takes one; the list of one that has died is
what it showed last.
Exit code  of list: 1 if something waits for an answer, 3 if the agent does not run; of an answer: 0 taken, 2 refused
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.asking import ask
from agent.cli.exit_codes import ATTENTION, DEAD, WELL
from agent.cli.incident_screen import draw
from agent.cli.main import DEFAULT_CONFIG
from agent.config import Config
from agent.errors import AgentError
from agent.incidents.answers import REASONS
from agent.incidents.view import View
from agent.ops import status
from agent.ops.asks import CLOSED_MOST, Listed
from agent.texts import load_texts

ANSWERS = {  # what is typed -> what is asked
    "acknowledge": ("acknowledged", "I am on my way"),
    "confirm": ("confirmed", "it is so"),
    "dismiss": ("dismissed", "it is not so"),
    "close": ("closed", "nothing more is to be done"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    words = "the same as one JSON object"
    parser.add_argument("--json", action="store_true", help=words)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="what happens now, who was told, until when they are to answer")
    listed.add_argument("--closed", type=int, default=0, metavar="N", help="and the latest N that are over")
    for name, (_, what) in ANSWERS.items():
        answer = actions.add_parser(name, help=what)
        answer.add_argument("id", help="of the incident; its first characters will do")
        if name == "dismiss":
            answer.add_argument("--reason", choices=REASONS, required=True, help="why: docs/incidents.md")
    for action in actions.choices.values():
        action.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)


def run(args: argparse.Namespace, out: TextIO) -> int:
    found = config.load(args.file)
    if args.action == "list":
        return _list(found, args, out)
    word, _ = ANSWERS[args.action]
    reason = getattr(args, "reason", "")
    view = ask(found.state.control, "answer", View, incident=args.id, answer=word, reason=reason)
    if args.json:
        print(msgspec.json.encode(view).decode(), file=out)
    else:
        say = load_texts()
        print(f"{view.incident[:8]}  {say(f'incident.{view.kind}')}  {say(f'incident.{view.state}')}", file=out)
    return WELL


def _list(found: Config, args: argparse.Namespace, out: TextIO) -> int:
    try:
        views = ask(found.state.control, "incidents", Listed, closed=min(args.closed, CLOSED_MOST)).incidents
        alive = True
    except AgentError as error:
        last = status.read(found.state.live) if error.code == "U-121" else None
        if last is None or status.is_alive(last):
            raise
        views, alive = tuple(last.incidents), False
    if args.json:
        print(msgspec.json.encode({"running": alive, "incidents": views}).decode(), file=out)
    else:
        draw(views, out, alive=alive)
    if not alive:
        return DEAD
    return ATTENTION if any(one.waits for one in views) else WELL
