"""python -m simulator: a school day or a meal rush on this machine, live or unattended. `mektep demo`, `make demo` and
`make rush` end here.

Exit code 0 only if nothing is lost or repeated, every lane's stored prefix is whole, and the money agrees to the tenge.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from simulator import day_school
from simulator.clips import ClipError
from simulator.day import Day, chosen, load_script
from simulator.desk import Desk
from simulator.desk_visit import NO_BROWSER, has_browser
from simulator.fault import Fault
from simulator.programme import Part, programme
from simulator.reckoning import reckon
from simulator.rush import USES, Rush, Settings
from simulator.rush_run import result_of
from simulator.rush_screen import RushView, print_rush
from simulator.school import SCHOOL, School
from simulator.screen import View, print_result
from simulator.stage_report import GIVE

INTERRUPTED, WRONG_USE = 130, 2
WITH_CLIPS_S = 90.0  # at least: acts last as long as they last
REFRESH_S = 1.0


def main() -> int:
    parser = _parser()
    args = parser.parse_args()
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the devices' side: it would write over the screen
    try:
        faults = chosen(args.faults)
    except ValueError as error:
        parser.error(str(error))
    try:
        parts = [] if args.rush else programme(_cache(), args.clips)
    except ClipError as error:
        print(f"{error.code}  {error.what}\n      {error.do}", file=sys.stderr)
        return WRONG_USE
    if args.rush and args.clips:
        parser.error("--clips is for a school day, not for a rush")
    if args.clips and args.seconds is not None:
        args.seconds = max(args.seconds, WITH_CLIPS_S)
    return asyncio.run(_until_told(_rush(args) if args.rush else _run(args, faults, parts)))


def _cache() -> Path:
    """Where transcoded clips are kept: they are made once."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mektep-clips"


async def _until_told(work: Coroutine[Any, Any, int]) -> int:
    """A terminal that is closed, or Ctrl-C, ends the school too: nothing of it stays behind."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--seconds", type=float, help="unattended for so long: text instead of a screen")
    parser.add_argument("--faults", default="all", help="all, none, or names joined by commas")
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help="footage with fights and fires: its manifest.csv")
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite", help="the centre's database")
    parser.add_argument("--compress", action="store_true", help="zstd on the link")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="take pictures of the desk there, in Chromium")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and databases")
    parser.add_argument("--rush", action="store_true", help="a meal rush in place of a school day")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="in the rush: kill -9 of the agent so often")
    parser.add_argument("--untrusted", action="store_true", help="in the rush: the clock is not trusted until its end")
    parser.add_argument("--replaced", action="store_true", help="in the rush: the box is replaced in the middle")
    return parser


async def _run(args: argparse.Namespace, faults: list[Fault], parts: list[Part]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="mektep-demo-"))
    console = Console(highlight=False)
    school = School(
        folder,
        postgres=args.store == "postgres",
        compress=args.compress,
        small_disk=True,
        own_clock=True,
        every_kind=True,
        uses=day_school.USES,
        kernel_clock=True,
        footage=parts,
        live=True,
        desk=True,
    )
    school.trust_clock()
    day = Day(school, load_script(), faults, args.seconds)
    console.print(
        f"A school is starting in {folder}: broker, two receivers, agent, seventeen devices of every kind, "
        f"{len(parts)} watched camera{'s' if parts[1:] else ''}."
    )
    if args.clips is None:
        console.print(GIVE, highlight=False)
    try:
        await school.make()
        await school.start()
        await day_school.publish(school)
        await _open_desk(school, console)
        async with _photographed(school, args.pictures):
            if args.seconds is None and console.is_terminal:
                await _live(day, console)
            else:
                await _plain(day, console)
        result = await _result(day)
        await _photograph_a_case(day, args.pictures)
    finally:
        await school.stop()
        if not args.keep:
            school.clean()
    print_result(console, result)
    return _told(args, result)


async def _open_desk(school: School, console: Console) -> None:
    """Says where it is, or why there is none."""
    if school.desk is None:
        console.print(Desk.missing(), style="yellow")
        return
    await school.desk.open(SCHOOL)
    console.print(f"The desk: {school.desk.told}", highlight=False)
    if not has_browser():
        console.print(NO_BROWSER, style="yellow")


@asynccontextmanager
async def _photographed(school: School, out: Path | None) -> AsyncIterator[None]:
    """The desk during the day, where that is wanted."""
    if out is None or school.desk is None:
        yield
        return
    from simulator import desk_pictures

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk_pictures.of_the_day(school.desk, SCHOOL, out))
        yield


async def _photograph_a_case(day: Day, out: Path | None) -> None:
    """The covered camera: its picture is drawn."""
    shown = [case.incident for case in day.truth.incidents.cases if case.place == "gate" and case.incident]
    if out is None or day.school.desk is None or not shown:
        return
    from simulator import desk_pictures

    await desk_pictures.when_over(day.school.desk, SCHOOL, shown[0], out)


def _told(args: argparse.Namespace, result: dict[str, Any]) -> int:
    """For programs: one JSON object. Returns the exit code."""
    text = json.dumps(result, ensure_ascii=False)
    if args.seconds is not None:
        print(text)
    if args.json:
        args.json.write_text(text)
    return 1 if result["wrong"] else 0


async def _rush(args: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="mektep-rush-"))
    console = Console(highlight=False)
    school = School(folder, postgres=args.store == "postgres", compress=args.compress, uses=USES, kernel_clock=True)
    settings = Settings(kills=args.kills, untrusted=args.untrusted, replaced=args.replaced)
    rush = Rush(school, settings if args.seconds is None else settings._replace(seconds=args.seconds))
    console.print(f"A canteen opens in {folder}: broker, two receivers, agent, two readers.")
    try:
        await school.make()
        if args.seconds is None and console.is_terminal:
            await _watched(rush, console)
        else:
            await _plain(rush, console)
        result = await result_of(rush)
    finally:
        await school.stop()
        if not args.keep:
            school.clean()
    print_rush(console, result)
    return _told(args, result)


async def _watched(rush: Rush, console: Console) -> None:
    with Live(RushView(rush), console=console, refresh_per_second=5, screen=True):
        async with _passing(rush):
            pass


@asynccontextmanager
async def _passing(day: Day | Rush) -> AsyncIterator[asyncio.Task[None]]:
    """The day as a task that ends with the block: afterwards nothing of it starts an agent again."""
    work = asyncio.create_task(day.run())
    try:
        yield work
        await work
    finally:
        work.cancel()
        await asyncio.wait({work})


async def _live(day: Day, console: Console) -> None:
    view = View(day)
    with Live(view, console=console, refresh_per_second=5, screen=True):
        async with _passing(day) as work:
            while not work.done():
                view.centre = await day.school.centre_status() or view.centre
                view.incidents = await asyncio.to_thread(day.school.city.open_now, SCHOOL)
                await asyncio.wait({work}, timeout=REFRESH_S)


async def _plain(day: Day | Rush, console: Console) -> None:
    """The happenings as lines, as they come."""
    told = 0
    async with _passing(day) as work:
        while not work.done() or told < len(day.log):
            for line in day.log[told:]:
                console.print(line, highlight=False)
            told = len(day.log)
            await asyncio.wait({work}, timeout=0.2)


async def _result(day: Day) -> dict[str, Any]:
    result = await reckon(day.school, day.truth, day.eyes)
    latency_ms = sorted(ms for reader in day.school.devices.readers() for ms in reader.latency_ms)
    if latency_ms:
        result["tap_median_ms"] = round(statistics.median(latency_ms), 2)
        result["tap_p99_ms"] = round(latency_ms[int(len(latency_ms) * 0.99)], 2)
    result["faults"] = dict(day.done)
    return result


if __name__ == "__main__":
    sys.exit(main())
