"""config.txt with our lines in it: a block of our own at its end, between two marks; what contradicts it is put out.

Pure. The block is for every board, by the firmware's own filters; it ends with [all], so that what is added below it
later holds for every board.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from agent.firmware.marked import with_block, without
from agent.firmware.wanted import ALL, Wanted

OUT = "#mektep# "  # before a line that was put out
COMMENT_CHARS = 76  # the firmware cuts long lines
FILTER = re.compile(r"\[([^\]]*)\]")
AGAINST = {  # a line of ours -> what cannot stand beside it
    "dtparam=watchdog=on": ("dtparam=watchdog=off",),
    "camera_auto_detect=1": ("camera_auto_detect=0",),
    "enable_uart=1": ("enable_uart=0",),
    "dtoverlay=disable-bt": ("dtoverlay=miniuart-bt", "dtoverlay=pi3-miniuart-bt"),
    "dtparam=uart0=on": ("dtparam=uart0=off", "dtparam=uart0_console", "dtparam=uart0_console=on"),
    "dtoverlay=i2c-rtc,ds3231": ("dtoverlay=i2c-rtc,pcf8523", "dtoverlay=i2c-rtc,ds1307"),
    "auto_initramfs=1": ("auto_initramfs=0",),
}


def merged(text: str, wanted: Sequence[Wanted], options: Iterable[str]) -> str:
    """The file as it should be. What is there and stands beside our lines is kept as it is."""
    asked = [line for line in wanted if line.asked(options)]
    bad = {against for line in asked for against in AGAINST.get(line.text, ())}
    kept = "\n".join(_put_out(line, bad) for line in without(text).splitlines())
    return with_block(kept, _block(asked))


def contradicts(text: str, line: Wanted, family: str) -> str:
    """The line in the way of one of ours on such a board; empty if there is none."""
    against = AGAINST.get(line.text, ())
    return next((one for one in active(text, family) if one in against), "")


def active(text: str, family: str) -> Iterator[str]:
    """The settings that hold on such a board. Filters by serial number, GPIO or display are taken as not met."""
    holds = True
    for line in (one.strip() for one in text.splitlines()):
        if given := FILTER.fullmatch(line):
            holds = given[1] in (ALL, family)
        elif holds and line and not line.startswith("#"):
            yield line


def _put_out(line: str, bad: set[str]) -> str:
    return f"{OUT}{line}" if line.strip() in bad else line


def _block(asked: Sequence[Wanted]) -> Iterator[str]:
    for filter_ in (ALL, "pi3", "pi4", "pi5"):
        lines = [line for line in asked if line.filter == filter_]
        if lines:
            yield f"[{filter_}]"
        for line in lines:
            yield from textwrap.wrap(line.why, COMMENT_CHARS, initial_indent="# ", subsequent_indent="# ")
            yield line.text
    yield "[all]"
