"""The kernel's command line with our words in it. Pure. It is one line: a second one would never be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from agent.firmware.wanted import Wanted

ADD, TAKE = "+ ", "- "


def merged(text: str, wanted: Sequence[Wanted], family: str, options: Iterable[str]) -> str:
    """The line as it should be; words that are not ours keep their order."""
    chosen = tuple(options)
    words = text.split()
    for line in wanted:
        if line.holds(family, chosen):
            words = _applied(words, line.text)
        elif line.option and line.text.startswith(ADD):  # asked for once, and no longer
            words = [word for word in words if word != line.text.removeprefix(ADD)]
    return " ".join(words) + "\n"


def is_met(text: str, line: Wanted) -> bool:
    """Whether the line says what is wanted already."""
    words = text.split()
    return _applied(words, line.text) == words


def _applied(words: list[str], rule: str) -> list[str]:
    if rule.startswith(TAKE):
        return [word for word in words if not fnmatchcase(word, rule.removeprefix(TAKE))]
    word = rule.removeprefix(ADD)
    if word in words:
        return words
    name, is_set, _ = word.partition("=")
    others = [one for one in words if name != "overlayroot" or one.partition("=")[0] != name] if is_set else words
    return [*others, word]
