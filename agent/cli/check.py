"""mektep check FILE: every mistake in a configuration, with file, key, value and what to write instead."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli.footage_lines import footage_lines
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
        for problem in problems:
            print(f"{problem.code}  {problem}", file=out)
    else:
        devices = ", ".join(source.name for source in found.sources) or "no devices"
        print(f"{args.file}: in order. School {found.school}, {devices}.", file=out)
        watches = {source.name: source.watch for source in found.sources if source.watch.sees}
        for line in footage_lines(watches, curves(), load_texts()) if watches else ():
            print(line, file=out)
    return 2 if problems else 0
