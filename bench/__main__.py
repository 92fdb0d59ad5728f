"""python -m bench [GROUP …]: measure, and print one JSON line a figure.

Exit code  0 if every target is met, 1 if not.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import (
    accept,
    alarms,
    audit,
    cameras,
    cells,
    city,
    clip,
    commands,
    core,
    desk,
    drain,
    eyes,
    eyes_soak,
    idle,
    incidents,
    kills,
    ledger,
    live,
    meals,
    osdp,
    readers,
    reference,
    rush,
    soak,
    taps,
    wear,
)
from bench.figure import Figure

Measure = Callable[[Path], Awaitable[list[Figure]]]
GROUPS: dict[str, Measure] = {
    "accept": accept.measure,
    "drain": drain.measure,
    "taps": taps.measure,
    "cells": cells.measure,
    "readers": readers.measure,
    "osdp": osdp.measure,
    "cameras": cameras.measure,
    "eyes": eyes.measure,
    "live": live.measure,
    "incidents": incidents.measure,
    "alarms": alarms.measure,
    "clip": clip.measure,
    "desk": desk.measure,
    "core": core.measure,
    "idle": idle.measure,
    "wear": wear.measure,
    "commands": commands.measure,
    "ledger": ledger.measure,
    "meals": meals.measure,
    "reference": reference.measure,
    "audit": audit.measure,
    "rush": rush.measure,
    "soak": soak.measure,
    "city": city.measure,
    "kills": kills.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"default: all of {', '.join(GROUPS)}")
    parser.add_argument("--out", type=Path, help="write the lines there too")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="only: eight cameras watched so long, memory")
    parser.add_argument("--boxes", type=int, metavar="N", help=f"only: a city of so many, instead of {city.SCHOOLS}")
    args = parser.parse_args()
    unknown = [name for name in args.groups if name not in GROUPS]
    if unknown:
        parser.error(f"no group {unknown[0]!r}; there are {', '.join(GROUPS)}")
    if args.soak is not None and args.groups != ["eyes"]:
        parser.error("--soak is of the group eyes alone")
    if args.boxes is not None and args.groups != ["city"]:
        parser.error("--boxes is of the group city alone")
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the panels' side: it would write between the figures
    groups = dict(GROUPS)
    if args.soak is not None:
        groups["eyes"] = partial(eyes_soak.measure, minutes=args.soak)
    if args.boxes is not None:
        groups["city"] = partial(city.measure, boxes=args.boxes)
    figures = asyncio.run(_measure({name: groups[name] for name in args.groups or GROUPS}))
    if args.out:
        args.out.write_text("".join(f"{figure.line()}\n" for figure in figures))
    return 1 if any(figure.met is False for figure in figures) else 0


async def _measure(groups: Mapping[str, Measure]) -> list[Figure]:
    """One group after the other; what is measured now is told on stderr."""
    told = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="mektep-bench-"))
    folder.chmod(0o711)  # the broker drops to its own user and must reach its part
    found: list[Figure] = []
    try:
        for number, (name, measure) in enumerate(groups.items(), 1):
            with told.status(f"{number} of {len(groups)}: {name}"):
                figures = await measure(folder)
            for figure in figures:
                print(figure.line(), flush=True)
            found += figures
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
