"""mektep enrol [FILE]: make this box a school's, by the file that the centre gave; - reads it from standard input.

Without FILE it is mektep.toml of the boot partition. Run again it goes on where it was cut off; where all is done, it
says so. Every step is a line. The token is taken out of the file once it is used.
Exit code  1 if the centre cannot be reached or answers later: try again, or use --wait
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import time
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli import screen
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG, report
from agent.cli.owner import become_owner
from agent.clock import SystemClock
from agent.enrolment.boot_file import DO, SIZE_MAX, BootFile, read_boot_file, without_token
from agent.enrolment.certificate import kept_until
from agent.enrolment.enrolment import Enrolled, Tell, enrol, prepare
from agent.enrolment.errors import EnrolmentError
from agent.enrolment.papers import Papers
from agent.enrolment.roots_key import keep_orders_key
from agent.texts import Texts, load_texts

BOOT_FILES = (Path("/boot/firmware/mektep.toml"), Path("/boot/mektep.toml"))
STDIN = Path("-")
AGAIN_S, AGAIN_MOST_S = 2.0, 60.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", help="default: mektep.toml of the boot partition; -: stdin")
    parser.add_argument("--config", type=Path, default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--wait", action="store_true", help="try again until the centre answers")
    parser.add_argument("--replace", action="store_true", help="enrol anew, though this box has a certificate")
    parser.add_argument("--json", action="store_true", help="the outcome as one JSON object")


def run(args: argparse.Namespace, out: TextIO) -> int:
    file = args.file or next((one for one in BOOT_FILES if one.exists()), BOOT_FILES[0])
    say = load_texts()
    lines = sys.stderr if args.json else out

    def tell(key: str, words: dict[str, str]) -> None:
        if key == "waits":
            words = words | {"what": say.fact(words["code"], words["what"])}
        screen.write(lines, say(f"enrol.{key}", **words), rest="  ")

    if not args.file and not file.exists() and (done := _enrolled(args.config)):
        return _end(done, args, out, say)
    line, data = _read(file)
    with contextlib.closing(line):
        boot = read_boot_file(data, str(file))
        tell("read", {"file": str(file), "school": boot.school})
        state = _state(boot, args.config)
        keep_orders_key(boot.orders_key)
        become_owner(state, args.config)
        try:
            done = _enrol(boot, args, tell)
        except EnrolmentError as error:
            if not error.again:
                raise
            report(error, sys.stderr)
            return ATTENTION
        _forget_token(line, data, boot.token, file, tell)
    return _end(done, args, out, say)


def _end(done: Enrolled, args: argparse.Namespace, out: TextIO, say: Texts) -> int:
    if args.json:
        print(msgspec.json.encode(done).decode(), file=out)
        return WELL
    for key in ("done" if done.fresh else "already", *(() if done.renews else ("no_renewal",))):
        words = {"school": done.school, "until": done.until, "file": args.config}
        screen.write(out, say(f"enrol.{key}", **words), rest="  ")
    return WELL


def _enrolled(file: Path) -> Enrolled | None:
    """What a box without a boot file is already; None: nothing."""
    if not file.exists():
        return None
    found = config.load(file)
    keep_orders_key(found.centre.orders_key, anew=False)
    become_owner(Path(found.state.directory), file)
    kept = Papers(found.state.pki).kept()
    if kept is None:
        return None
    return Enrolled(school=kept.school, until=kept_until(kept), fresh=False, renews=bool(found.centre.est))


def _enrol(boot: BootFile, args: argparse.Namespace, tell: Tell) -> Enrolled:
    """With --wait until it is done."""
    wait_s, told = AGAIN_S, ""
    while True:
        try:
            return enrol(boot, args.config, SystemClock(), tell, time.sleep, replace=args.replace)
        except EnrolmentError as error:
            if not (args.wait and error.again):
                raise
            if error.what != told:
                tell("waits", {"code": error.code, "what": error.what})
            told = error.what
        time.sleep(wait_s * (0.5 + random.random() / 2))  # noqa: S311 - jitter, not a secret
        wait_s = min(wait_s * 2, AGAIN_MOST_S)


def _state(boot: BootFile, file: Path) -> Path:
    return Path(prepare(boot, file)[0].state.directory)


class _Line:
    """The boot file, opened while we may: the boot partition is root's, and we become the agent's user."""

    def __init__(self, fd: int, *, writable: bool) -> None:
        self.fd = fd
        self.writable = writable

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)


def _read(file: Path) -> tuple[_Line, bytes]:
    """Raises EnrolmentError N-101."""
    if file == STDIN:
        return _Line(-1, writable=False), sys.stdin.buffer.read(SIZE_MAX + 1)
    try:
        try:
            line = _Line(os.open(file, os.O_RDWR | os.O_CLOEXEC), writable=True)
        except (PermissionError, OSError) as error:
            if isinstance(error, FileNotFoundError | IsADirectoryError):
                raise
            line = _Line(os.open(file, os.O_RDONLY | os.O_CLOEXEC), writable=False)  # mounted read-only
        data = bytearray()
        while len(data) <= SIZE_MAX and (piece := os.read(line.fd, SIZE_MAX)):
            data += piece
    except OSError as error:
        raise EnrolmentError("N-101", f"{file} cannot be read: {error.strerror}", do=DO) from error
    return line, bytes(data)


def _forget_token(line: _Line, data: bytes, token: str, file: Path, tell: Tell) -> None:
    """Blank it where it stands. It serves nobody else any more; on a card that goes astray it is still noise."""
    blanked = without_token(data, token)
    if blanked == data:
        return
    if not line.writable:
        if line.fd >= 0:
            tell("token_stays", {"file": str(file)})
        return
    try:
        os.pwrite(line.fd, blanked, 0)
        os.fsync(line.fd)
    except OSError:
        tell("token_stays", {"file": str(file)})
        return
    tell("token_out", {"file": str(file)})
