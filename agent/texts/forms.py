"""A text with places, filled in the manner of its language: forms that follow a number, decimals.

Plural  {count:fault|faults}, in Russian {count:сбой|сбоя|сбоев}: the form that goes with the number, which is not
        printed again. Kazakh has one form after a number and needs none.
Decimal {seconds:n}: 1.5 is written 1,5 in Russian and Kazakh.
Source  CLDR, plural rules (cardinals): en one and other; ru one, few, many, and for fractions other, which is spoken
        as few is; kk by one form here, because its nouns stay as they are after a number.
"""

from __future__ import annotations

import string
from typing import Any

COMMA = ("ru", "kk")  # languages that write 1,5
GAP = "\N{NO-BREAK SPACE}"  # between thousands


class _Filling(string.Formatter):
    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> Any:
        if "|" in format_spec:
            return form(self._language, value, format_spec.split("|"))
        if format_spec == "n":
            return decimal(self._language, str(value))
        return super().format_field(value, format_spec)


def filled(language: str, text: str, places: dict[str, Any]) -> str:
    """The text with its places filled. Raises KeyError for one that is not given."""
    return _Filling(language).vformat(text, (), places)


def decimal(language: str, number: str) -> str:
    """A number's digits as the language writes them."""
    return number.replace(".", ",") if language in COMMA else number


def form(language: str, number: Any, forms: list[str]) -> str:
    """The form that goes with a number; what is no number takes the last."""
    return forms[min(_place(language, str(number)), len(forms) - 1)]


def _place(language: str, number: str) -> int:
    whole, _, fraction = number.lstrip("+-").replace(GAP, "").replace(",", ".").partition(".")
    if not whole.isdecimal() or not (fraction or "0").isdecimal():
        return 2
    if language == "ru":
        return 1 if fraction else _russian(int(whole))
    if language == "kk":
        return 0
    return 0 if int(whole) == 1 and not fraction else 1


def _russian(number: int) -> int:
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else 2
