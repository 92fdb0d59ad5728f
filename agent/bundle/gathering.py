"""Lets each part tell in a process of its own, within its seconds and bytes: one that hangs, falls or runs on takes no
other with it, and what it told until then is kept.

Wire  on a pipe, from the part: four bytes of length, then one msgpack object of the types below; End is the last.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from agent.bundle.scrub import Scrubber
from agent.bundle.site import Missing, Site, whole_lines

log = logging.getLogger("agent.bundle")

LENGTH_BYTES = 4
END_S = 2.0
GAP_CHARS = 300
GAPS_MOST = 20
CUT = "cut: more than {} KB"


class Text(msgspec.Struct, frozen=True, tag="text"):
    """One file, as it is."""

    name: str
    text: str


class Json(msgspec.Struct, frozen=True, tag="json"):
    """One file of what JSON can say."""

    name: str
    told: Any


class Gap(msgspec.Struct, frozen=True, tag="gap"):
    """Something that is not there, and why."""

    what: str


class End(msgspec.Struct, frozen=True, tag="end"):
    """Nothing more comes."""


Said = Text | Json | Gap
Look = Callable[[Site], Iterator[Said]]
Become = Callable[[Path, Path], None]  # the owner of that state directory, or of that configuration, for good


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the archive; its words: agent/texts, [bundle]."""

    name: str
    look: Look
    limit_bytes: int
    limit_s: float
    owner: bool = False  # it looks into the state directory, and root must not


class File(msgspec.Struct, frozen=True):
    name: str
    content: bytes


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a part came to."""

    part: str
    files: list[File]
    gaps: list[str]

    @property
    def bytes(self) -> int:
        return sum(len(file.content) for file in self.files)


def gather(part: Part, site: Site, scrubber: Scrubber, become: Become) -> Made:
    """One part, with nothing in it that must not leave the school. Raises nothing."""
    said, gaps = hear(part, site, become)
    files = [_file(one, scrubber) for one in said if not isinstance(one, Gap)]
    gaps += [one.what for one in said if isinstance(one, Gap)]
    return Made(part=part.name, files=files, gaps=[scrubber.text(gap[:GAP_CHARS]) for gap in gaps[:GAPS_MOST]])


def hear(part: Part, site: Site, become: Become) -> tuple[list[Said], list[str]]:
    """What it says, and what kept it from saying all."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.setpgid(0, 0)  # what it has started ends with it
        _speak(write, part, site, become)
    os.close(write)
    try:
        with os.fdopen(read, "rb", buffering=0) as pipe:
            return _listen(pipe, part)
    finally:
        _end(child)


def _end(child: int) -> None:
    """With all that it has started. One that hangs in the kernel is left behind: nobody can end it."""
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            end(child, signal.SIGKILL)
    due_s = time.monotonic() + END_S
    while os.waitpid(child, os.WNOHANG) == (0, 0) and time.monotonic() < due_s:
        time.sleep(0.005)


def _listen(pipe: BinaryIO, part: Part) -> tuple[list[Said], list[str]]:
    """Until its end, its last second, or its last byte."""
    heard = bytearray()
    said: list[Said] = []
    due_s = time.monotonic() + part.limit_s
    while True:
        left_s = due_s - time.monotonic()
        if left_s <= 0 or not select.select([pipe], [], [], left_s)[0]:
            return said, [f"not finished within {part.limit_s:.0f} s"]
        piece = pipe.read(65_536)
        if not piece:
            return said, ["ended by itself"]
        heard += piece
        if len(heard) > part.limit_bytes + 65_536 * 2:
            return said, [CUT.format(part.limit_bytes // 1024)]
        for one in _frames(heard):
            if isinstance(one, End):
                return said, []
            said.append(one)


def _frames(heard: bytearray) -> Iterator[Text | Json | Gap | End]:
    """The whole ones, which are taken away."""
    while len(heard) >= LENGTH_BYTES:
        end = LENGTH_BYTES + int.from_bytes(heard[:LENGTH_BYTES], "big")
        if len(heard) < end:
            return
        yield msgspec.msgpack.decode(bytes(heard[LENGTH_BYTES:end]), type=Text | Json | Gap | End)
        del heard[:end]


def _speak(write: int, part: Part, site: Site, become: Become) -> None:
    """In the child; does not return."""
    try:
        with os.fdopen(write, "wb", buffering=0) as out:
            for one in _bounded(part, site, become):
                frame = msgspec.msgpack.encode(one)
                out.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
    finally:
        os._exit(0)


def _bounded(part: Part, site: Site, become: Become) -> Iterator[Text | Json | Gap | End]:
    """What it says, within its bytes. This process is its supervisor: a part that falls says so."""
    left = part.limit_bytes
    try:
        if part.owner:
            become(Path(site.places.directory), site.file)
        for one in part.look(site):
            kept, size = _within(one, left)
            left -= size
            yield kept
            if kept is not one and not isinstance(one, Json):
                yield Gap(CUT.format(part.limit_bytes // 1024))
    except Missing as error:
        yield Gap(str(error))
    except Exception as error:  # supervised: told as a gap of this part, the other parts go on
        log.debug("the part %s failed", part.name, exc_info=error)
        yield Gap(f"failed by itself: {type(error).__name__}: {error}")
    yield End()


def _within(one: Said, left: int) -> tuple[Said, int]:
    """As much of it as there is room for, and how much that is."""
    if isinstance(one, Gap):
        return one, 0
    if isinstance(one, Json):
        told = msgspec.to_builtins(one.told)
        size = len(msgspec.json.encode(told))
        return (Json(one.name, told), size) if size <= left else (Gap(f"{one.name} is too large"), 0)
    raw = one.text.encode()
    if len(raw) <= left:
        return one, len(raw)
    return Text(one.name, whole_lines(raw[: max(0, left)].decode(errors="ignore"))), left


def _file(said: Text | Json, scrubber: Scrubber) -> File:
    if isinstance(said, Text):
        return File(said.name, scrubber.text(said.text).encode())
    return File(said.name, msgspec.json.format(msgspec.json.encode(scrubber.told(said.told)), indent=2) + b"\n")
