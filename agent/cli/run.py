"""mektep run FILE: the daemon, in the foreground, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TextIO

from agent import config, daemon
from agent.cli.main import DEFAULT_CONFIG
from agent.kept_in_memory import leave_no_dump
from agent.ops.systemd import Notifier
from agent.restart import RestartWanted
from agent.trial_kinds import trial_kinds
from agent.trials.start import at_start, state_directory
from agent.trials.trial import TrialFile

AGAIN = -1  # not an exit code: the agent is started again
FOR_CHILDREN = (
    "MEKTEP_CELLS",
    "PATH",
    "PYTHONPATH",
    "LANG",
    "LC_",
    "TZ",
    "LD_",
    "FAKETIME",
    "PCSCLITE_",
    "LIBCAMERA_",
)

log = logging.getLogger("agent")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--verbose", action="store_true", help="log each step of the link as well")


def run(args: argparse.Namespace, out: TextIO) -> int:  # noqa: ARG001 - the daemon logs to stderr only
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",  # journald adds the time
    )
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it logs each timeout; the driver reports trouble once
    os.umask(0o077)
    leave_no_dump()
    _mind_the_trial(args.file)
    found = config.load(args.file)
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET", ""))
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")  # systemd.exec(5), LoadCredential=
    work = daemon.run(found, notifier, _for_children(), Path(credentials) if credentials else None)
    code = asyncio.run(_until_told(work))
    if code == AGAIN and not _kept_by_systemd():
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - itself, as it was started
    return 0 if code == AGAIN else code


def _mind_the_trial(file: Path) -> None:
    """Before the configuration is parsed: it may be what is on trial."""
    state = state_directory(file, os.environ.get("STATE_DIRECTORY", ""), config.StatePlaces().directory)
    at_start(TrialFile(state / "config"), trial_kinds(state), os.environ.get("INVOCATION_ID", ""))


def _kept_by_systemd() -> bool:
    """Whether who started the agent starts it again: Restart=always of the unit, which has READY from it."""
    return "NOTIFY_SOCKET" in os.environ


def _for_children() -> dict[str, str]:
    """Of the environment only what a driver's library may need: never where systemd put our secrets."""
    return {name: value for name, value in os.environ.items() if name.startswith(FOR_CHILDREN)}


async def _until_told(run: Coroutine[None, None, None]) -> int:
    work = asyncio.ensure_future(run)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return 0
    except BaseExceptionGroup as group:
        if group.subgroup(RestartWanted) and len(group.exceptions) == 1:
            return AGAIN
        for error in group.exceptions:
            log.critical("the agent ends: %s: %s", type(error).__name__, error, exc_info=error)
    return 1
