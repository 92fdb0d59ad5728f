"""mektep doctor: everything about the box that can be examined, each finding with code, fact and instruction.

Safe while the agent runs, works when it does not and when its database is locked; at most ten seconds.
Exit code  0 well or only things to know, 1 a warning or a fault, 2 wrong use, 3 the daemon does not run
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.doctor_screen import Progress, draw
from agent.cli.exit_codes import ATTENTION, DEAD, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.config import ConfigError, StatePlaces
from agent.doctor.checks import CHECKS, Check
from agent.doctor.examination import examine
from agent.doctor.finding import Finding, Level, worst
from agent.doctor.site import Site, asking
from agent.errors import AgentError
from agent.ops import status
from agent.texts import load_texts

PATIENCE_S = 5.0
PATIENCE_ALONE_S = 3_600.0  # a check that was asked for by its name may read everything


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    school: str
    at_ns: int
    running: bool
    seconds: float
    findings: list[Finding]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this check alone; may be repeated")
    parser.add_argument("--list", action="store_true", help="the checks by their names")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    say = load_texts()
    if args.list:
        for check in CHECKS:
            print(f"{check.name:15} {say(f'check.{check.name}')}", file=out)
        return WELL
    checks = chosen(args.only)
    site = site_of(args.file, alone=bool(args.only))
    began_s = time.monotonic()
    with Progress(sys.stderr, say) as progress:
        findings = examine(site, checks, progress)
    report = Report(
        school=site.config.school if site.config else "", at_ns=site.now_ns, running=site.alive,
        seconds=round(time.monotonic() - began_s, 2), findings=findings,
    )  # fmt: skip
    if args.json:
        words = [msgspec.to_builtins(one) | {"level": one.level.word} for one in findings]
        print(msgspec.json.encode(msgspec.to_builtins(report) | {"findings": words}).decode(), file=out)
    else:
        draw(report.school, report.running, findings, out, say)
    if not site.alive:
        return DEAD
    return ATTENTION if worst(findings) >= Level.WARN else WELL


def chosen(names: list[str]) -> list[Check]:
    """In the order of the table; all of them if none is named. Raises AgentError H-191."""
    known = {check.name for check in CHECKS}
    if strange := next((name for name in names if name not in known), ""):
        raise AgentError("H-191", f"no check is called {strange}", do=f"Take one of these: {', '.join(sorted(known))}.")
    if not names:
        return list(CHECKS)
    return [Check(check.name, check.look, PATIENCE_ALONE_S) for check in CHECKS if check.name in names]


def site_of(file: Path, *, alone: bool) -> Site:
    """The box on which this runs. Raises AgentError X-002 if this user may not see the agent's picture."""
    problems, found = [], None
    try:
        found = config.load(file)
    except ConfigError as error:
        problems = error.problems
    live = found.state.live if found else StatePlaces().live
    try:
        picture = status.read(live)
    except PermissionError as error:
        do = "Run it as root: sudo mektep doctor"
        raise AgentError("X-002", f"{error.filename} cannot be read by this user", do=do) from error
    return Site(
        file=file, config=found, problems=problems, picture=picture, now_ns=time.time_ns(),
        run=asking(os.environ), environment=dict(os.environ),
        alive=picture is not None and status.is_alive(picture),
        patience_s=PATIENCE_ALONE_S if alone else PATIENCE_S,
    )  # fmt: skip
