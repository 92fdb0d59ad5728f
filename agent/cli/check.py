"""mektep check FILE: every mistake in a configuration, with file, key, value and what to write instead."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli import screen
from agent.cli.exit_codes import WELL, WRONG_USE
from agent.cli.footage_lines import footage_lines
from agent.cli.problems import report_all
from agent.pipelines.measured import curves
from agent.strict import Problem
from agent.texts import load_texts


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the TOML file to check")
    parser.add_argument("--json", action="store_true", help="print the mistakes as a JSON array")


def run(args: argparse.Namespace, out: TextIO) -> int:
    problems: list[Problem] = []
    try:
        found = config.load(args.file)
    except config.ConfigError as error:
        problems = error.problems
    if args.json:
        print(msgspec.json.encode(problems).decode(), file=out)
    elif problems:
        report_all(problems, out, load_texts())
    else:
        _well(args.file, found, out)
    return WRONG_USE if problems else WELL


def _well(file: Path, found: config.Config, out: TextIO) -> None:
    say, names = load_texts(), [source.name for source in found.sources]
    places = {"file": file, "school": found.school, "count": len(names), "devices": ", ".join(names)}
    screen.write(out, say("checked.in_order" if names else "checked.no_devices", **places), rest="  ")
    watches = {source.name: source.watch for source in found.sources if source.watch.sees}
    for line in footage_lines(watches, curves(), say) if watches else ():
        screen.write(out, line, rest="  ")
