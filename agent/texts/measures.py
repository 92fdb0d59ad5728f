"""Dates, hours, spans of time, sizes and decimals as each language writes them: the one place for all commands.

Times   in the terminal's own zone; `--json` has them in UTC.
Source  CLDR, short forms: en GB, h; ru ГБ, ч; kk ГБ, сағ. A date is 2026-11-23 in English, 23.11.2026 in the others.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from agent.texts.forms import decimal

UNKNOWN = "—"
STEPS = (("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000))
SPANS = (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


class Language(Protocol):
    """What is needed of agent.texts.Texts."""

    language: str

    def __call__(self, key: str, **places: object) -> str: ...


def number(say: Language, value: float, digits: int = 1) -> str:
    return decimal(say.language, f"{value:.{digits}f}")


def measured(size_bytes: float) -> str:
    """A size as a fact tells it, in English: the largest unit of which there is a whole one, a tenth where it helps."""
    unit, step = next((one for one in reversed(STEPS) if size_bytes >= one[1]), STEPS[0])
    shown = size_bytes / step
    digits = 1 if (step > 1 and shown < 10) or (step >= 1_000_000_000 and shown < 100) else 0
    return f"{shown:.{digits}f}".removesuffix(".0") + f" {unit}"


def size(say: Language, size_bytes: float) -> str:
    """The same in the reader's language."""
    shown, _, unit = measured(size_bytes).partition(" ")
    return f"{decimal(say.language, shown)} {say(f'unit.{unit}')}"


def milliseconds(say: Language, value: float, digits: int = 0) -> str:
    return f"{number(say, value, digits)} {say('unit.ms')}"


def seconds(say: Language, value: float, digits: int = 1) -> str:
    return f"{number(say, value, digits)} {say('unit.s')}"


def span(say: Language, seconds_: float) -> str:
    """How long, in the largest unit of which there are at least two."""
    unit, step = next((one for one in SPANS if seconds_ >= 2 * one[1]), SPANS[-1])
    count = int(seconds_ // step)
    return say("unit.day_count", count=count) if unit == "days" else f"{count} {say(f'unit.{unit}')}"


def day(say: Language, when: date) -> str:
    return f"{when:%Y-%m-%d}" if say.language == "en" else f"{when:%d.%m.%Y}"


def hour(when: datetime) -> str:
    return f"{when:%H:%M:%S}"


def moment(say: Language, text: str, at: str = "") -> str:
    """RFC 3339, as people say it: as short as `at`, or now, allows: the hour, or day and hour."""
    if not text:
        return UNKNOWN
    when, now = local(text), local(at) if at else datetime.now().astimezone()
    if when.date() == now.date():
        return hour(when)
    if when.year != now.year:
        return whole(say, when)
    return f"{when:%d %b %H:%M}" if say.language == "en" else f"{when:%d.%m %H:%M}"


def whole(say: Language, when: datetime) -> str:
    """Day and hour."""
    return f"{day(say, when)} {when:%H:%M}"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()
