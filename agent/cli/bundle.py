"""mektep bundle: one archive for support, without secrets and without children; it says what is in it, part by part.

Works offline, with the daemon up, down, or its database locked. Changes nothing but the file that it writes.
Exit code  0 all parts are whole, 1 something is missing in it and named, 2 it cannot be written
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from agent.bundle.archive import beginning, packed, stem, write
from agent.bundle.gathering import Made, gather
from agent.bundle.kept_secrets import SECRETS, known
from agent.bundle.parts import PARTS
from agent.bundle.scrub import Scrubber
from agent.bundle.site import Site, site_of
from agent.cli import screen
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import COMMANDS, DEFAULT_CONFIG
from agent.cli.owner import become_owner
from agent.texts import Texts, load_texts
from agent.texts.measures import size

NICE = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="a file that is not there yet, or a folder; - is standard output"
    )
    parser.add_argument("--list", action="store_true", help="only what would be in it: the parts in words")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    say = load_texts()
    if args.list:
        return _list(args, out, say)
    site = site_of(
        args.file, environment=dict(os.environ), mektep=(sys.executable, "-m", "agent"), commands=frozenset(COMMANDS),
        now_ns=time.time_ns(),
    )  # fmt: skip
    name = stem(site)
    path = _path(args.out, name)
    piped = str(args.out) == "-"
    if not piped and os.path.lexists(path):  # before all the work
        write(path, b"", None)
    with contextlib.suppress(OSError):
        os.nice(NICE)  # a child waits at a reader
    made = _made(site, None if args.json or piped else out, say)
    content = packed(site, made, name, say)
    if piped:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return ATTENTION if any(one.gaps for one in made) else WELL
    write(path, content, _caller())
    _tell(args, out, path, len(content), made, say)
    return ATTENTION if any(one.gaps for one in made) else WELL


def _made(site: Site, out: TextIO | None, say: Texts) -> list[Made]:
    """Each part, and its line as soon as it is there."""
    values, unread = known(site, become_owner)
    scrubber = Scrubber(values)
    made = [Made(part=SECRETS.name, files=[], gaps=unread)] if unread else []
    for part in PARTS:
        one = gather(part, site, scrubber, become_owner)
        made.append(one)
        if out is not None:
            begin = beginning(one, say)
            screen.write(out, say(f"bundle.{one.part}"), first=begin, rest=" " * len(begin))
            for gap in one.gaps:
                words = f"{say('bundle.missing')}: {say.fact('', gap)}"
                screen.write(out, words, first=" " * len(begin), rest=" " * (len(begin) + 2))
    return made


def _list(args: argparse.Namespace, out: TextIO, say: Texts) -> int:
    if args.json:
        told = [{"part": part.name, "words": say(f"bundle.{part.name}"), "at_most": part.limit_bytes} for part in PARTS]
        print(json.dumps({"parts": told}, ensure_ascii=False), file=out)
        return WELL
    for part in PARTS:
        screen.write(out, say(f"bundle.{part.name}"), first=f"{part.name:15}", rest=" " * 15)
    screen.write(out, say("bundle.holds_no"))
    return WELL


def _tell(args: argparse.Namespace, out: TextIO, path: Path, count: int, made: list[Made], say: Texts) -> None:
    if args.json:
        parts = [
            {"part": one.part, "bytes": one.bytes, "words": say(f"bundle.{one.part}"), "missing": one.gaps}
            for one in made
        ]
        print(json.dumps({"out": str(path), "bytes": count, "parts": parts}, ensure_ascii=False), file=out)
        return
    screen.write(out, f"{say('bundle.written')} {path}, {size(say, count)}")
    screen.write(out, say("bundle.holds_no"))


def _path(given: Path | None, name: str) -> Path:
    file = f"{name}.tar.gz"
    if given is None:
        return Path(file)
    return given / file if given.is_dir() else given


def _caller() -> tuple[int, int] | None:
    """Who has typed sudo takes the file along. None if nobody has."""
    ids = [os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID")]
    if os.geteuid() != 0 or not all(one.isascii() and one.isdigit() for one in ids):
        return None
    return int(ids[0]), int(ids[1])
