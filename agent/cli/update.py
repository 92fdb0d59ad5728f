"""mektep update show [FILE]: which version runs, which one is to run, what it waits for, what became of the last one.

Works when the daemon is dead. Exit code  1 if a version is on its way, or the last one did not stay
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TextIO

import msgspec

from agent import __version__, config
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import become_owner
from agent.texts import Texts, load_texts
from agent.updates.staged import ROOTS_FOLDER, Shelf, Staged, Step

VERSIONS = Path("/opt/mektep")
WELL_SAID = ("kept", "running")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the command tells; `--json` prints it."""

    runs: str
    current: str  # where the link leads; empty: not installed from the package
    previous: str
    left: dict[str, str]  # versions that did not stay and are not taken again as they were signed, and why
    staged: Staged | None


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("show",))
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    state = config.load(args.file).state
    become_owner(Path(state.directory), args.file)
    staged = Shelf(state.updates, ROOTS_FOLDER).read()
    shown = Shown(
        runs=__version__, current=_leads(VERSIONS / "current"), previous=_leads(VERSIONS / "previous"),
        left=_left(VERSIONS / "left.json"), staged=staged,
    )  # fmt: skip
    if args.json:
        print(msgspec.json.encode(shown).decode(), file=out)
    else:
        _tell(shown, out)
    is_well = staged is None or (staged.step is Step.OVER and staged.said in WELL_SAID)
    return WELL if is_well else ATTENTION


def _tell(shown: Shown, out: TextIO) -> None:
    say = load_texts()
    print(say("update.runs", version=shown.runs), file=out)
    if shown.previous:
        print(say("update.previous", version=shown.previous), file=out)
    for version, why in shown.left.items():
        print(f"{version}: {say('update.left')} {say(f'update.{WHY[why]}') if why in WHY else why}", file=out)
    if shown.staged is None:
        print(say("update.none"), file=out)
        return
    one = shown.staged
    word = _word(one.said, say)
    print(f"{one.version}: {say(f'update.{one.step.value}')}{f' - {word}' if word else ''}", file=out)


def _word(said: str, say: Texts) -> str:
    """Why it waits, or how it ended: a word, `undone` with its reason and what was lost, or why it cannot be had."""
    if said in WORDS:
        return say(f"update.{said}")
    outcome, _, rest = said.partition(" ")
    if outcome != "undone":
        return say.fact("G-120", said)
    reason, _, lost = rest.partition(" ")
    why = f": {say.word('config.', reason)}" if reason else ""
    return f"{say('config.undone')}{why}{f' ({lost})' if lost else ''}"


WORDS = ("an_incident", "not_before", "school_hours", "clock", "another_trial", "kept", "running")
WHY = {  # as root's scripts write it: scripts/deb/update_version.py
    "it did not come up": "did_not_come_up",
    "the agent found it worse than the one before": "was_worse",
}


def _left(file: Path) -> dict[str, str]:
    """Of root's list of builds: versions; one may have been left in several builds."""
    try:
        builds = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {name.rpartition(".cp")[0] or name: why for name, why in builds.items()}


def _leads(link: Path) -> str:
    return os.readlink(link).rpartition("/")[2] if link.is_symlink() else ""
