"""What a look brings home: frozen facts, how sure they are and from what they were concluded; never a card's number.

Whatever a device says of itself is hostile until printable() has been over it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

MOST_CHARS = 80
Tick = Callable[[int, int], None]  # so many of so many steps are done


class Kind(StrEnum):
    """The group under which a person looks for it."""

    PORT = "port"
    READER = "reader"
    PANEL = "panel"
    CAMERA = "camera"
    CHIP = "chip"  # of inputs and outputs


class Sure(StrEnum):
    CERTAIN = "certain"  # it answered as only such a device does
    LIKELY = "likely"  # what it calls itself
    POSSIBLE = "possible"  # it fits, and others would too


class Why(StrEnum):
    """From what it was concluded; the words stand in agent/texts."""

    LISTED = "listed"  # the system lists it
    USB = "usb"  # its USB numbers or names
    CARD = "card"  # a card was shown and read
    ANSWER = "answer"  # it answered a question
    HEARD = "heard"  # something came, unasked
    SILENT = "silent"  # nothing came


class Setting(msgspec.Struct, frozen=True):
    """One line of a proposed device: a text, a number, or a table in one line."""

    key: str
    value: str | int | tuple[Setting, ...]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A device for the configuration; its name is given where all names are known."""

    kind: str  # reader, sensor, camera or signal
    driver: str
    settings: tuple[Setting, ...]
    secrets: tuple[str, ...] = ()  # settings that name a secret, e.g. "key"
    remark: str = ""  # what a person must know or decide; the words stand in agent/texts


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is there."""

    kind: Kind
    what: str
    name: str  # by which the configuration may call it: a path that survives a restart, a URL, a reader's name
    sure: Sure
    why: Why
    host: str = ""  # its network address, if it has one
    code: str = ""  # a key of docs/errors.md, if something is to be done
    fact: str = ""  # what the code means here
    do: str = ""
    used_by: str = ""  # the agent's process that has it open
    configured: str = ""  # its name in the configuration, filled in by whoever knows that
    proposal: Proposal | None = None


def printable(text: str, most: int = MOST_CHARS) -> str:
    """Text of a device as it may be shown: one line, no control or direction characters, not endless."""
    clean = "".join(char if char.isprintable() else "�" for char in text[: most + 1])
    clean = " ".join(clean.split(" ")).strip()
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"


def share(tick: Tick, number: int, of: int) -> Tick:
    """The tick of one part of several that take equally long."""
    return lambda done, steps: tick(number * steps + done, of * steps)


def settings(**words: str | int | tuple[Setting, ...]) -> tuple[Setting, ...]:
    """Settings in the order in which they are given."""
    return tuple(Setting(key, value) for key, value in words.items())
