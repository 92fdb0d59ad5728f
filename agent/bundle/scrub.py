"""Takes out of a text what must not leave the school: the second belt, whatever a part or a log has let through. Pure.

Goes   what the box keeps as a secret, by its value; PEM blocks; passwords in URLs and after the words that announce
       them; keys of age; eight or more hex digits in a row, which is every print of a card, a person's key, a hash of
       a card; `facility,number`; what is as mixed as base64.
Stays  UUIDs (of events, of a boot), times, addresses, ports, numbers of JSON: sizes and counts of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote

GONE = "[removed]"
WINDOW, TURNS = 20, 8  # of base64 in so many signs; 12 are usual
KNOWN_CHARS = 4  # a shorter secret would take half of every text with it
BEGIN, END = "-----BEGIN ", "-----END "
SECRET_WORDS = frozenset(
    ("auth", "credential", "credentials", "key", "keys", "pass", "pin", "psk", "pwd", "scbk", "token")
)
SECRET_PARTS = ("passw", "secret", "token")
URL_USER = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{1,20}://)[^\s/\"'<>]*@")
ANNOUNCED = re.compile(
    r"(?i)\b(pass(?:word|wd|phrase)?|pwd|secret|token|psk|pin|api[_-]?key)(\"?\s*[=:]\s*)(\"[^\"]*\"|\S+)"
)
HEADER = re.compile(r"(?i)\b(basic|bearer|digest)(\s+)[A-Za-z0-9+/=_.~-]{8,}")
AGE = re.compile(r"(?i)\bage(?:-secret-key-)?1[0-9a-z]{20,}")
UUID = r"(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])"
NUMBERS = re.compile(
    rf"(?P<stays>{UUID})"
    r"|(?<!\d)\d{1,3},\d{5}(?!\d)"  # facility,number
    r"|(?:0[xX])?(?<![0-9A-Fa-f])[0-9A-Fa-f]{8,}"
    r"|(?<![0-9A-Za-z])[0-9A-F]{6,7}(?![0-9A-Za-z])"  # Wiegand-26
)
MIXED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}")


class Scrubber:
    """known: what this box keeps secret."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        values = {one.strip() for one in known}
        forms = {form for one in values if len(one) >= KNOWN_CHARS for form in (one, quote(one, safe=""))}
        longest_first = sorted(forms, key=lambda one: (-len(one), one))
        self._known = re.compile("|".join(re.escape(one) for one in longest_first)) if forms else None

    def text(self, text: str) -> str:
        """Lines as they were, without what must not go."""
        if self._known is not None:
            text = self._known.sub(GONE, text)
        text = _without_pem(text)
        text = URL_USER.sub(rf"\1{GONE}@", text)
        text = ANNOUNCED.sub(rf"\1\2{GONE}", text)
        text = HEADER.sub(rf"\1\2{GONE}", text)
        text = AGE.sub(GONE, text)
        text = MIXED.sub(_unless_words, text)
        return NUMBERS.sub(_unless_counted, text)

    def told(self, told: Any) -> Any:
        """The same of what JSON can say: every text in it, the names too; what a secret's name stands before goes."""
        if isinstance(told, str):
            return self.text(told)
        if isinstance(told, Mapping):
            return {self.text(str(name)): self._named(str(name), value) for name, value in told.items()}
        if isinstance(told, (list, tuple)):
            return [self.told(one) for one in told]
        return told

    def _named(self, name: str, value: Any) -> Any:
        return GONE if value and is_secret(name) and not isinstance(value, (bool, int, float)) else self.told(value)


def is_secret(name: str) -> bool:
    """Whether what stands behind this name is one, or may be."""
    low = name.lower()
    return any(part in low for part in SECRET_PARTS) or not SECRET_WORDS.isdisjoint(re.split(r"[^a-z]+", low))


def secrets_in(told: Any) -> list[str]:
    """The texts that stand behind such names, and the passwords of URLs: to be found again in a log."""
    if isinstance(told, str):
        return [word for found in re.findall(r"://([^\s/\"'<>]*)@", told) for word in found.split(":", 1)[1:]]
    if isinstance(told, Mapping):
        named = [one for name, value in told.items() if is_secret(str(name)) for one in _texts(value)]
        return [*named, *(one for value in told.values() for one in secrets_in(value))]
    if isinstance(told, (list, tuple)):
        return [one for value in told for one in secrets_in(value)]
    return []


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [one for inner in value.values() for one in _texts(inner)]
    if isinstance(value, (list, tuple)):
        return [one for inner in value for one in _texts(inner)]
    return [value] if isinstance(value, str) else []


def _without_pem(text: str) -> str:
    """A block from its first line to its last, whatever a log writes before each line."""
    kept, at = [], 0
    while (begin := text.find(BEGIN, at)) >= 0:
        end = text.find(END, begin)
        if end < 0:
            break  # its lines go as what is as mixed as base64
        close = text.find("-----", end + len(END))
        kept += [text[at:begin], GONE]
        at = close + 5 if close >= 0 else len(text)
    return "".join([*kept, text[at:]])


def _unless_words(match: re.Match[str]) -> str:
    """In a path or the name of a device letters and digits seldom take turns; in what is drawn by chance they do."""
    kinds = [_kind(sign) for sign in match[0]]
    turns = [before != after and "" not in (before, after) for before, after in pairwise(kinds)]
    often = any(sum(turns[at : at + WINDOW]) >= TURNS for at in range(max(1, len(turns) - WINDOW + 1)))
    return GONE if often and {"a", "A", "0"} <= set(kinds) else match[0]


def _kind(sign: str) -> str:
    return "a" if sign.islower() else "A" if sign.isupper() else "0" if sign.isdigit() else ""


def _unless_counted(match: re.Match[str]) -> str:
    found = match[0]
    if match["stays"] or not (any(sign.isdigit() for sign in found) or found.isupper()):
        return found  # a UUID, or a word that is spelt with these letters
    short = len(found) < 8 and "," not in found
    return found if short and (found.isdigit() or found.isalpha()) else GONE
