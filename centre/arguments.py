"""What the commands take as a number or a name: anything else is refused by argparse, with what was expected."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable


def between(least: int, most: int) -> Callable[[str], int]:
    """A whole number of this range."""

    def whole(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return int(text)

    return whole


def name_of(what: str, pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A name of this pattern."""

    def name(text: str) -> str:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{text!r} is no name of {what}")
        return text

    return name
