"""mektep demo: a simulated school day on the real agent. Hands over to the simulator of the source tree."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TextIO

from agent.errors import AgentError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=int, metavar="N", help="run unattended for N seconds, print the result, exit 0 if whole"
    )
    parser.add_argument(
        "more", nargs=argparse.REMAINDER, help="further options go to the simulator: `python -m simulator -h`"
    )


def run(args: argparse.Namespace, out: TextIO) -> int:
    found = importlib.util.find_spec("simulator")
    if found is None or found.origin is None:
        raise AgentError(
            "X-001",
            "the simulator is not installed on this box",
            do="Run `make demo` in a source tree; a school's box has none.",
        )
    command = [sys.executable, "-m", "simulator"]
    if args.seconds is not None:
        command += ["--seconds", str(args.seconds)]
    command += [word for word in args.more if word != "--"]
    out.flush()
    return subprocess.run(command, cwd=Path(found.origin).parents[1], check=False).returncode
