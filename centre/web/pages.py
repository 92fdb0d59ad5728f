"""Templates and words -> HTML: Jinja with everything escaped, every word from centre/texts.

A template that asks for a word or a value that is not there fails; it never shows an empty place.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from centre.texts import LANGUAGES, words

LANGUAGE_NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
STATIC = {
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "hx-sse.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
EMPTY = "—"


@cache
def environment() -> Environment:
    folder = resources.files("centre").joinpath("web", "templates")
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".html")}
    found = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["ago"] = ago
    return found


@cache
def static(name: str) -> bytes:
    return resources.files("centre").joinpath("web", "static", name).read_bytes()


def page(name: str, language: str, **values: Any) -> str:
    """One template, whole."""
    known = language if language in LANGUAGES else "ru"
    said = words(known)

    def text(section: str, key: str, **places: Any) -> str:
        """A word of ours; what a box says that is newer than this centre stands as it is."""
        found = said[section].get(key, key) if section in OPEN_SECTIONS else said[section][key]
        return found.format(**places) if places else found

    return (
        environment().get_template(name).render(t=text, language=known, languages=LANGUAGE_NAMES, empty=EMPTY, **values)
    )


OPEN_SECTIONS = frozenset(
    {"kind", "certainty", "why", "state", "role", "channel", "camera", "sign", "reason", "live_reason", "file_state",
     "drill", "order", "chain"}
)  # fmt: skip


def ago(seconds: int | None) -> str:
    """45 s, 12 min, 3 h, 2 d: the same letters in no language, so digits and signs alone: 0:45, 12:00, 3:00:00."""
    if seconds is None:
        return EMPTY
    hours, rest = divmod(max(int(seconds), 0), 3_600)
    minutes, seconds = divmod(rest, 60)
    if hours >= 48:
        return f"{hours // 24} × 24:00"
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
