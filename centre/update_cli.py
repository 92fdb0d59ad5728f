"""The commands `update make` and `update stage`: sign a version of the agent, and let schools have it, some first.

What `stage` asks for is an order in the queue, sent by `deliver`; a box that is away gets it when it is back. What
became of it are events: kz.mektep.update.installed, .undone, .failed.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

from centre import keys, own_clock
from centre.arguments import between
from centre.commands import ATTENTION, WELL, must_be_known, open_store
from centre.errors import CentreError
from centre.order_queue import OrderQueue
from centre.people import author
from centre.plain import plain
from centre.settings import load_settings
from centre.update_archive import described, make
from centre.wire import now_text

DAYS = 30
DAY_S = 86_400
MADE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")
INSTANT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SUBJECT = "update"  # one after the other of a school


def add(update: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = update.add_subparsers(metavar="ACTION", required=True)
    made = subs.add_parser("make", parents=[config], help="sign a folder of wheels as a version that boxes may install")
    made.add_argument("folder", type=Path, help="of wheels and their lists: usr/share/mektep/wheels of a package")
    made.add_argument("out", type=Path, help="the archive, to be put where boxes can fetch it")
    made.add_argument("--having", type=Path, metavar="FOLDER", help="wheels that every box has: they are left out")
    made.add_argument("--instead-of", default="", metavar="TIME", help="of signing, which was wrong: as boxes tell it")
    made.add_argument(
        "--clock-checked",
        default="",
        metavar="HOW",
        help="where no time service keeps this clock: how you know its time",
    )
    made.add_argument("--author", help="who has checked it; default: who is logged in")
    made.set_defaults(run=make_archive)
    staged = subs.add_parser("stage", parents=[config], help="let schools have a version")
    staged.add_argument("archive", type=Path, help="as `update make` wrote it")
    staged.add_argument("schools", nargs="+", metavar="SCHOOL", help="the first ones; the others when these are well")
    staged.add_argument("--url", required=True, help="https://…, where boxes fetch it; a certificate of the city's")
    staged.add_argument("--not-before", default="", metavar="TIME", help="UTC, 2026-11-27T17:00:00Z")
    staged.add_argument("--deadline", default="", metavar="TIME", help="from then on in school hours, too")
    staged.add_argument("--within", type=between(60, 3_600), default=600, metavar="S", help="so long it is watched")
    rate = "bytes a second, of the line, while it is fetched"
    staged.add_argument("--rate", type=between(1_024, 100_000_000), default=50_000, metavar="BYTES", help=rate)
    staged.add_argument("--author", help="default: who is logged in")
    staged.set_defaults(run=stage)
    listed = subs.add_parser("list", parents=[config], help="what was asked of which school, and what its box said")
    listed.add_argument("--school")
    listed.set_defaults(run=list_staged)


def make_archive(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    key = keys.orders_key(settings.file("."))
    if args.instead_of and not MADE.fullmatch(args.instead_of):
        raise CentreError("K-196", f"{args.instead_of!r} is no time of signing", do="Write it as the box tells it.")
    clock = _known_clock(args.clock_checked, args.author)
    made = make(
        args.folder, args.out, key, now_text(time.time_ns()), args.having, clock=clock, instead_of=args.instead_of
    )
    print(f"{args.out}: version {made.version}, {made.bytes / 1e6:.1f} MB, SHA-256 {made.sha256}")
    print(f"signed {made.made}; {clock}")
    return WELL


def _known_clock(checked: str, who: str | None) -> str:
    """How it is known that this machine's time is right: it stands in the manifest. Raises CentreError K-197."""
    found = own_clock.look()
    if checked:
        return f"{found.said}; {author(who)} says: {plain(checked)}"
    if not found.synchronised:
        raise CentreError(
            "K-197",
            f"it is not known whether this machine's time is right: {found.said}",
            do="Start a time service (`timedatectl`); or compare its time, and say how: --clock-checked HOW.",
        )
    return found.said


def stage(args: argparse.Namespace) -> int:
    _must_be_times(args.not_before, args.deadline)
    archive = described(args.archive)
    store = open_store(load_settings(args.config))
    for school in args.schools:
        must_be_known(store, school)
    who = author(args.author)
    wanted: dict[str, object] = {
        "version": archive.version, "url": args.url, "sha256": archive.sha256, "bytes": archive.bytes,
        "not_before": args.not_before, "deadline": args.deadline, "within_s": args.within, "bytes_per_s": args.rate,
    }  # fmt: skip
    for school in args.schools:
        OrderQueue(store.database).add(school, "update", wanted, subject=SUBJECT, account=who, for_s=DAYS * DAY_S)
        print(f"{school}: version {archive.version} is ordered; `mektep-centre deliver` sends it")
    return WELL


def list_staged(args: argparse.Namespace) -> int:
    store = open_store(load_settings(args.config))
    is_well = True
    for school in [args.school] if args.school else store.schools():
        for one in OrderQueue(store.database).of(school, SUBJECT):
            said = one.result.get("state", "") if one.state == "done" else one.error
            print(f"{school}  {one.args.get('version', '')}  {one.state}  {said}".rstrip())
            is_well = is_well and one.state in ("due", "sent", "done")
    return WELL if is_well else ATTENTION


def _must_be_times(*texts: str) -> None:
    for text in texts:
        if text and not INSTANT.fullmatch(text):
            raise CentreError("K-196", f"{text!r} is no time", do="Write it in UTC, as 2026-11-27T17:00:00Z.")
