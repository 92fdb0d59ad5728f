"""mektep status: one screen. What works, what is owed to the centre, what to do.

Works when the daemon is dead: then it shows the last picture, what is in the database, and how to start the daemon.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.exit_codes import ATTENTION, DEAD, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.errors import AgentError
from agent.ops import status


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    picture, code = look(configured(args.file))
    if args.json:
        print(msgspec.json.encode(picture).decode(), file=out)
    else:
        from agent.cli.status_screen import draw  # brings rich: half of what this command imports

        draw(picture, out)
    return code


def configured(file: Path) -> config.Config:
    """The box's configuration. Raises AgentError, which says what to do on a box that has none yet."""
    try:
        if str(file) == DEFAULT_CONFIG and not file.exists():
            what = "this box is not enrolled: it has no configuration"
            raise AgentError(
                "X-290", what, do="Put the centre's mektep.toml on the card, or run: sudo mektep enrol FILE"
            )
    except PermissionError as error:
        raise unreadable(error) from error
    return config.load(file)


def unreadable(error: PermissionError) -> AgentError:
    return AgentError("X-002", f"{error.filename} cannot be read by this user", do="Run it as root: sudo mektep status")


def look(found: config.Config) -> tuple[status.Status, int]:
    """The picture and the exit code that belongs to it. Raises AgentError if this user may not look."""
    try:
        last = status.read(found.state.live)
        if last and status.is_alive(last):
            well = not last.troubles and not any(source.code for source in last.sources.values()) and not last.link.code
            return last, WELL if well else ATTENTION
        return _dead(found, last), DEAD
    except PermissionError as error:
        raise unreadable(error) from error


def _dead(found: config.Config, last: status.Status | None) -> status.Status:
    """The last picture, corrected by what the database holds, or by why nobody can say it."""
    from agent.outbox.inspect import Unread
    from agent.outbox.inspect import look as look_at_disk  # of a living daemon nobody asks the database

    disk = look_at_disk(found.state.database)
    held = disk if isinstance(disk, Unread) else None
    lanes = {
        lane.word: status.LaneView(last=state.last, settled=state.settled, bytes=state.bytes)
        for lane, state in (() if isinstance(disk, Unread) else disk.items())
    }
    picture = last or status.blank(found.school)
    trouble = status.TroubleView(
        code="D-001", what="the agent does not run", do="Start it: sudo systemctl start mektep-agent", since=picture.at
    )
    mended = ("D-001", held.code) if held else ("D-001",)
    troubles = [trouble, *(one for one in picture.troubles if one.code not in mended)]
    if held:
        troubles.insert(1, status.TroubleView(code=held.code, what=held.what, do=held.do))
    return msgspec.structs.replace(picture, state="dead", lanes=lanes or picture.lanes, troubles=troubles)
