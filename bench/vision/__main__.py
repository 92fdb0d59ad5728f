"""python -m bench.vision convert|train|alarms|evaluate|innocent DATA: make the shipped networks and heads, and the
table of their false alarms; print what they are worth on some footage; watch hours of innocent video as a box does.

DATA    a folder with a manifest.csv (bench/vision/footage.py says which columns count).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from bench.vision import report
from bench.vision.alarms import alarms
from bench.vision.convert import convert
from bench.vision.footage import footage
from bench.vision.heads import train
from bench.vision.innocent import Chain, lines
from bench.vision.seen import Seen
from simulator.clips import ClipError

WRONG_USE = 2
MAKERS = {"train": train, "alarms": alarms}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.vision", description=__doc__)
    parser.add_argument("order", choices=("convert", "train", "alarms", "evaluate", "innocent"))
    parser.add_argument("data", type=Path, metavar="DATA", help="a folder with a manifest.csv")
    parser.add_argument("--published", type=Path, help="convert: the folder with the networks as they were given out")
    parser.add_argument("--cache", type=Path, help="features and made clips are kept there and not made again")
    parser.add_argument("--pictures", type=Path, help="curves are written there as PNG")
    parser.add_argument("--only", choices=tuple(report.PARTS), action="append", help="evaluate this detector alone")
    parser.add_argument("--hours", type=float, default=1.0, help="innocent: so much video (1)")
    parser.add_argument("--seed", type=int, default=7, help="innocent: of the order of the clips (7)")
    parser.add_argument("--json", action="store_true", help="innocent: one JSON object")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.order == "innocent":
        return _innocent(args)
    rows = footage(args.data)
    if args.order == "convert":
        if args.published is None:
            parser.error("convert needs --published")
        return _tell(convert(args.published, rows))
    seen = Seen(args.cache)
    if args.order in MAKERS:
        return _tell(MAKERS[args.order](rows, seen))
    given = report.Given(args.data, rows, seen, args.cache, args.pictures)
    for name in args.only or report.PARTS:
        _tell(report.PARTS[name](given))
    return 0


def _tell(lines: Iterator[str]) -> int:
    for line in lines:
        print(line, flush=True)
    return 0


def _innocent(args: argparse.Namespace) -> int:
    if args.hours <= 0:
        print("--hours must be above 0", file=sys.stderr)
        return WRONG_USE
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    try:
        with tempfile.TemporaryDirectory() as made, Progress(*columns, console=console) as bar:
            chain = Chain(args.data, args.cache or Path(made), args.seed)
            making = bar.add_task("transcoding", total=None)
            total_s = chain.made(lambda seconds: bar.advance(making, seconds))
            bar.update(making, total=total_s, completed=total_s)
            watching = bar.add_task("watching", total=args.hours * 3600)
            found = chain.run(args.hours, lambda seconds: bar.advance(watching, seconds))
    except ClipError as error:
        print(f"{error.code}  {error.what}\n      {error.do}", file=sys.stderr)
        return WRONG_USE
    for line in [json.dumps(msgspec.to_builtins(found))] if args.json else lines(found):
        print(line)
    return 1 if found.off else 0


if __name__ == "__main__":
    sys.exit(main())
