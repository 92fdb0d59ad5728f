"""Facts in the reader's language. A fact travels in English, with its code: in events, the history and `--json`.

Here it is told: agent/texts/facts/ has for each code the facts that it is raised with, their places named, and how
they read in each language. What fits none of them is shown as it came: words of libraries, facts of another version.

Shape   [P-104]  "{path} went away: {error}" = {ru = "…", kk = "…", en = "…"}; en only where a form follows a number.
Places  are told, too: moments, states, words of the system (words.toml); never `name`, `path`, `file`, `host`.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from agent.texts.forms import filled
from agent.texts.measures import Language, moment

FOLDER = Path(__file__).parent / "facts"
AS_THEY_ARE = ("name", "names", "path", "file", "host", "camera")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z")
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
CODED = re.compile(r"([A-Z]-\d{3}) (.+)", re.DOTALL)
OF_A_DEVICE = re.compile(r"([a-z0-9][\w-]*): (.+)", re.DOTALL)
PLACE = re.compile(r"\{(\w+)\}")
WELL, WORDS, HELP = "well", "words", "help"


class Template:
    """One fact, as it is raised and as it is told."""

    def __init__(self, english: str, told: dict[str, str]) -> None:
        parts = PLACE.split(english)  # literal, place, literal, …
        self.literal = sum(map(len, parts[::2]))
        pattern = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
        self.pattern = re.compile(pattern, re.DOTALL)
        self.told = {"en": english, **told}


@cache
def templates(file: str) -> dict[str, tuple[Template, ...]]:
    """By code, the most literal first: of two that fit it says more."""
    path = FOLDER / f"{file}.toml"
    document = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        code: tuple(sorted((Template(*row) for row in rows.items()), key=lambda one: -one.literal))
        for code, rows in document.items()
    }


def fact(say: Language, code: str, what: str) -> str:
    """The fact of a code, told; of what is well the code is empty."""
    if (told := _told(say, code, what)) is not None:
        return told
    if (device := OF_A_DEVICE.fullmatch(what)) and (told := _told(say, code, device[2])) is not None:
        return f"{device[1]}: {told}"
    return what


def help_text(say: Language, english: str) -> str:
    """What `--help` says of a command or an option."""
    return _told(say, HELP, english) or english


def _told(say: Language, code: str, what: str) -> str | None:
    file = {"": WELL, HELP: HELP}.get(code, code[:1])
    for one in templates(file).get(code or WELL, ()):
        if found := one.pattern.fullmatch(what):
            places = {
                name: value if name in AS_THEY_ARE else _place(say, code, value)
                for name, value in found.groupdict().items()
            }
            return filled(say.language, one.told.get(say.language, one.told["en"]), places)
    return None


def _place(say: Language, code: str, value: str) -> str:
    """What stands in a place of a fact."""
    if MOMENT.fullmatch(value):
        return moment(say, value)
    if date := DAY.fullmatch(value):
        return value if say.language == "en" else f"{date[3]}.{date[2]}.{date[1]}"
    if coded := CODED.fullmatch(value):
        return f"{coded[1]} {fact(say, coded[1], coded[2])}"
    for one in templates(WORDS)[WORDS]:
        if found := one.pattern.fullmatch(value):
            inner = {name: _inner(say, name, part) for name, part in found.groupdict().items()}
            return filled(say.language, one.told.get(say.language, one.told["en"]), inner)
    told = _told(say, code, value)
    return value if told is None else told


def _inner(say: Language, name: str, value: str) -> str:
    return value if name in AS_THEY_ARE else _place(say, WORDS, value)
