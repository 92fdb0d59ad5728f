"""What one cell of a table may hold: text -> value. Pure.

Generous where a table program changes what was typed and nothing is lost: 1.9.2026 is a day, 8:05:00 a time of day.
Raises  Wrong, with what is wrong and what to write.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import TypeVar

T = TypeVar("T")

WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
DAY = re.compile(r"(20\d\d)-(\d{1,2})-(\d{1,2})")
DAY_OF_A_TABLE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(20\d\d)")
TIME = re.compile(r"(\d{1,2}):(\d\d)(?::00)?")
YES, NO = {"yes", "1", "true", "да", "иә"}, {"no", "0", "false", "нет", "жоқ", ""}
ID_MAX, NAME_MAX, CLASS_MAX, ZONE_MAX = 64, 120, 16, 64
TENGE_MAX = 10_000_000
BETWEEN_ITEMS = re.compile(r"[\s,;]+")


class Wrong(ValueError):
    """A cell that cannot be used."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.do = do


def identifier(text: str) -> str:
    """A pupil's or member of staff's number in the city's own records."""
    return _line(text, ID_MAX)


def name(text: str) -> str:
    return _line(text, NAME_MAX)


def class_name(text: str) -> str:
    return _line(text, CLASS_MAX)


def _line(text: str, most: int) -> str:
    if len(text) > most or not text.isprintable():
        raise Wrong(f"is longer than {most} characters, or has signs that cannot be printed", "Shorten it.")
    return text


def word(text: str) -> str:
    """A name for machines: of a meal, a programme, a club."""
    if not WORD.fullmatch(text):
        raise Wrong("is no short name", "Write small Latin letters, digits and hyphens, at most 32, such as free-1-4.")
    return text


def zone(text: str) -> str:
    """A place as the box's configuration names it, in any script: small letters, hyphens for spaces."""
    found = unicodedata.normalize("NFC", text).lower()
    if len(found) > ZONE_MAX or not found.isprintable():
        raise Wrong("is no place", f"Write it as the box's configuration does, at most {ZONE_MAX} characters.")
    return found


def day(text: str) -> str:
    if match := DAY.fullmatch(text):
        year, month, of_month = match.groups()
    elif match := DAY_OF_A_TABLE.fullmatch(text):
        of_month, month, year = match.groups()
    else:
        raise Wrong("is no day", "Write it as 2026-09-01 or 01.09.2026.")
    try:
        return date(int(year), int(month), int(of_month)).isoformat()
    except ValueError as error:
        raise Wrong("is a day that no calendar has", "Look at day and month.") from error


def time_of_day(text: str) -> str:
    match = TIME.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise Wrong("is no time of day", "Write hours and minutes: 08:30.")
    return f"{int(match[1]):02d}:{match[2]}"


def yes(text: str) -> bool:
    if text.casefold() in YES | NO:
        return text.casefold() in YES
    raise Wrong("is neither yes nor no", "Write yes or no.")


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number between two others; a space between thousands is well."""

    def parse(text: str) -> int:
        digits = re.sub(r"[\s\u00a0\u202f]", "", text)
        if not re.fullmatch(r"[0-9]{1,9}", digits) or not least <= int(digits) <= most:
            raise Wrong("is out of the range, or no whole number", f"Write a whole number from {least} to {most}.")
        return int(digits)

    return parse


def tenge(text: str) -> int:
    """Whole tenge; `350,00` as table programs write it is well."""
    return whole(0, TENGE_MAX)(re.sub(r"[.,]00?$", "", text))


def items(of: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Several in one cell, with spaces or commas between; each once, in the order given."""

    def parse(text: str) -> tuple[T, ...]:
        return tuple(dict.fromkeys(of(item) for item in BETWEEN_ITEMS.split(text) if item))

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise Wrong("is not one of the words that are known", f"Write {' or '.join(words)}.")
        return text

    return parse
