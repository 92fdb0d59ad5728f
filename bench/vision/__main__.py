"""python -m bench.vision train|alarms|evaluate DATA: make the shipped heads, and the table of their false alarms, from
footage; print what they are worth on some.

DATA    a folder with a manifest.csv (bench/vision/footage.py says which columns count).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

from bench.vision import report
from bench.vision.alarms import alarms
from bench.vision.footage import footage
from bench.vision.heads import train
from bench.vision.seen import Seen

MAKERS = {"train": train, "alarms": alarms}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.vision", description=__doc__)
    parser.add_argument("order", choices=("train", "alarms", "evaluate"))
    parser.add_argument("data", type=Path, metavar="DATA", help="a folder with a manifest.csv")
    parser.add_argument("--cache", type=Path, help="features and made clips are kept there and not made again")
    parser.add_argument("--pictures", type=Path, help="curves are written there as PNG")
    parser.add_argument("--only", choices=tuple(report.PARTS), action="append", help="evaluate this detector alone")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    seen = Seen(args.cache)
    rows = footage(args.data)
    if args.order in MAKERS:
        for line in MAKERS[args.order](rows, seen):
            print(line, flush=True)
        return 0
    given = report.Given(args.data, rows, seen, args.cache, args.pictures)
    for name in args.only or report.PARTS:
        for line in report.PARTS[name](given):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
