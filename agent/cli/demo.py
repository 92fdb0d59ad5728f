"""mektep demo: a simulated school day or meal rush on the real agent. Becomes the simulator of the source tree."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path
from typing import NoReturn, TextIO

from agent.errors import AgentError

SWITCHES = ("compress", "keep", "rush", "untrusted", "replaced")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=int, metavar="N", help="run unattended for N seconds, print the result, exit 0 if whole"
    )
    parser.add_argument("--faults", default="all", metavar="NAMES", help="all, none, or names joined by commas")
    parser.add_argument("--clips", metavar="FOLDER", help="real footage: cameras play fights and fires of its manifest")
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite", help="the centre's database")
    parser.add_argument("--compress", action="store_true", help="zstd on the link")
    parser.add_argument("--json", metavar="FILE", help="write the result there too")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and databases")
    parser.add_argument("--rush", action="store_true", help="a meal rush with the line down, in place of a school day")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="in the rush: kill -9 of the agent so often")
    parser.add_argument("--untrusted", action="store_true", help="in the rush: the clock is not trusted until its end")
    parser.add_argument("--replaced", action="store_true", help="in the rush: the box is replaced in the middle")


def run(args: argparse.Namespace, out: TextIO) -> NoReturn:
    found = importlib.util.find_spec("simulator")
    if found is None or found.origin is None:
        raise AgentError(
            "X-001",
            "the simulator is not installed on this box",
            do="Run `make demo` in a source tree; a school's box has none.",
        )
    command = [sys.executable, "-m", "simulator", "--faults", args.faults, "--store", args.store]
    command += ["--seconds", str(args.seconds)] if args.seconds is not None else []
    command += ["--json", str(Path(args.json).absolute())] if args.json else []
    command += ["--clips", str(Path(args.clips).absolute())] if args.clips else []
    command += ["--kills", str(args.kills)] if args.kills else []
    command += [f"--{name}" for name in SWITCHES if getattr(args, name)]
    out.flush()
    os.chdir(Path(found.origin).parents[1])
    os.execv(command[0], command)  # noqa: S606 - Ctrl-C and signals are the simulator's own: it has a school to close
