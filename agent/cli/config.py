"""mektep config show | history | undo | diff [OTHER]: the box's configuration, what it was before, and back to that.

An agent that runs puts the former one onto trial, as it would the centre's; where none runs, the file is put back and
the next start takes it.
Exit code  of diff: 1 if there is a difference; of history: 1 while something is on trial
"""

from __future__ import annotations

import argparse
import difflib
import os
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.asking import ask
from agent.cli.config_screen import draw
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import as_owner
from agent.errors import AgentError
from agent.ops import status
from agent.texts import load_texts
from agent.trials.apply import BY_HAND, Applied, before_that
from agent.trials.config_file import replace
from agent.trials.history import Entry, History
from agent.trials.start import state_directory
from agent.trials.trial import Trial, TrialFile, ended

JSON = "of show and history: the same as one JSON object"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on the disk."""

    entries: list[Entry]
    trial: Trial | None
    before: bytes  # the text of the configuration before the file as it is; empty if there is none
    before_number: int = 0


def arguments(parser: argparse.ArgumentParser) -> None:
    what = "the box's configuration"
    parser.add_argument("--file", type=Path, default=Path(DEFAULT_CONFIG), help=what)
    parser.add_argument("--json", action="store_true", help=JSON)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("show", help="the file as it is, and whether it is on trial")
    actions.add_parser("history", help="every configuration of this box: when, by whom, what became of it")
    actions.add_parser("undo", help="back to the configuration before")
    diff = actions.add_parser("diff", help="from the configuration before to the file; or from the file to OTHER")
    diff.add_argument("other", type=Path, nargs="?", help="a file that might be applied")
    for action in actions.choices.values():
        action.add_argument("named", type=Path, nargs="?", metavar="FILE", help=what)
        action.add_argument("--file", type=Path, default=argparse.SUPPRESS, help=what)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=JSON)


def run(args: argparse.Namespace, out: TextIO) -> int:
    actions = {"show": _show, "history": _history, "undo": _undo, "diff": _diff}
    args.file = args.named or args.file
    return actions[args.action](args, out)


def _show(args: argparse.Namespace, out: TextIO) -> int:
    text, known = _text(args.file).decode(errors="replace"), _known(args.file)
    if args.json:
        print(msgspec.json.encode({"file": str(args.file), "text": text, "trial": known.trial}).decode(), file=out)
    else:
        print(text, end="", file=out)
    return WELL


def _history(args: argparse.Namespace, out: TextIO) -> int:
    known = _known(args.file)
    if args.json:
        print(msgspec.json.encode({"entries": known.entries, "trial": known.trial}).decode(), file=out)
    else:
        draw(known.entries, known.trial, out)
    return ATTENTION if known.trial is not None else WELL


def _diff(args: argparse.Namespace, out: TextIO) -> int:
    here = _text(args.file)
    if args.other is not None:
        old, new, names = here, _text(args.other), (str(args.file), str(args.other))
    else:
        known = _known(args.file)
        old, new, names = known.before, here, (f"{known.before_number:04}.toml", str(args.file))
    before, after = (text.decode(errors="replace").splitlines() for text in (old, new))
    lines = list(difflib.unified_diff(before, after, *names, lineterm=""))
    print("\n".join(lines) if lines else load_texts()("config.same"), file=out)
    return ATTENTION if lines else WELL


def _undo(args: argparse.Namespace, out: TextIO) -> int:
    say = load_texts()
    done = _asked(args.file)
    if done is None:
        _put_back(args.file)
        print(say("config.put_back"), file=out)
    else:
        print(say("config.on_trial" if done.within_s else "config.stopped"), file=out)
    return WELL


def _asked(path: Path) -> Applied | None:
    """What the running agent does about it; None if none runs. Raises AgentError."""
    try:
        found = config.load(path)
    except config.ConfigError:  # the file itself is what is to be undone
        return None
    try:
        return ask(found.state.control, "config-undo", Applied)
    except AgentError as error:
        last = status.read(found.state.live) if error.code == "U-121" else None
        if error.code != "U-121" or (last is not None and status.is_alive(last)):
            raise
        return None


def _put_back(path: Path) -> None:
    """No agent runs. What was before is the owner's to read, the file this user's to write. Raises AgentError."""
    known = _known(path)
    folder = _state(path) / "config"
    try:
        if known.trial is not None and known.trial.what == "config" and not known.trial.outcome:
            over = ended(known.trial, "undone", BY_HAND)
            as_owner(_state(path), path, lambda: _note(folder, over))
        if not known.before:
            raise AgentError(
                "G-102", "there is no configuration before this one", do="`mektep config history` shows them."
            )
        replace(path, known.before)
    except OSError as error:
        do = "Run it with sudo; check the disk."
        raise AgentError("G-101", f"the configuration cannot be put back: {error}", do=do) from error


def _note(folder: Path, trial: Trial) -> bytes:
    TrialFile(folder).note(trial)
    return b"noted"


def _known(path: Path) -> Known:
    """As the owner of the state directory sees it. Raises AgentError."""
    state = _state(path)

    def look() -> bytes:
        history = History(state / "config")
        try:
            before = before_that(path, history)
            text = history.text(before) if before else b""
        except FileNotFoundError:
            before, text = None, b""
        trial = TrialFile(state / "config").read()
        known = Known(entries=history.entries(), trial=trial, before=text, before_number=before.number if before else 0)
        return msgspec.json.encode(known)

    try:
        os.listdir(state)
        return msgspec.json.decode(as_owner(state, path, look), type=Known)
    except FileNotFoundError:
        return Known(entries=[], trial=None, before=b"")
    except PermissionError as error:
        do = "Run it as root: sudo mektep config"
        raise AgentError("X-002", f"{error.filename} cannot be read by this user", do=do) from error


def _state(path: Path) -> Path:
    return state_directory(path, "", config.StatePlaces().directory)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise AgentError("C-001", f"{path}: there is no such file", do="Name the box's file, or copy one.") from error
    except OSError as error:
        raise AgentError("C-002", f"{path} cannot be read: {error.strerror}", do="Run it with sudo.") from error
