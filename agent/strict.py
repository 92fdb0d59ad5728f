"""A TOML table into a frozen struct, naming every mistake at once: file, key, value, and what to write instead.

msgspec stops at the first mistake; a technician with one visit to the school wants all of them. So each field is
converted by itself, and the words come from the `Meta(description=…, examples=…)` of the field's type.

Shape   read_table(table, type, file, prefix) -> (struct or None, problems)
Not     what the settings mean together: agent/config.py.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
SHOWN_CHARS = 60  # of a wrong value: enough to find it in the file


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in the configuration."""

    code: str  # key of docs/errors.md
    file: str
    key: str  # "reader[0].baud"; "" if it concerns the whole file
    value: str  # as found; "" if there is none
    what: str
    do: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        shown = f" = {self.value}" if self.value else ""
        return f"{place}{shown}: {self.what}. {self.do}"


def read_table(table: Mapping[str, Any], type_: type[S], *, file: str, prefix: str) -> tuple[S | None, list[Problem]]:
    """Convert a table. Returns the struct, or None and at least one problem."""
    hints = typing.get_type_hints(type_, include_extras=True)
    problems = [_unknown(key, table[key], hints, file=file, prefix=prefix) for key in table if key not in hints]
    for field in msgspec.structs.fields(type_):
        key = f"{prefix}{field.name}"
        if field.name not in table:
            if field.required:
                problems.append(
                    Problem(
                        code="C-102", file=file, key=key, value="", what="is missing", do=_advice(field.name, hints)
                    )
                )
            continue
        problems += _check_value(
            table[field.name], hints[field.name], file=file, key=key, do=_advice(field.name, hints)
        )
    if problems:
        return None, problems
    try:
        return msgspec.convert(table, type_), []
    except msgspec.ValidationError as error:  # the struct's own __post_init__: fields that do not fit together
        what, _, do = str(error).split(" - at `")[0].partition(". ")  # a struct may say itself what to do
        do = do or "Change one of them."
        return None, [Problem(code="C-104", file=file, key=prefix.rstrip("."), value="", what=what, do=do)]


def show(value: object) -> str:
    """A value as a person wrote it, shortened; a password in a URL is never repeated."""
    if isinstance(value, str) and "@" in value and "://" in value:
        return '"(URL with a password, not shown)"'
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def closest(word: str, known: Iterable[str]) -> str:
    """'Did you mean …?' or the list of what exists."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(names)}."


def _unknown(key: str, value: object, known: Iterable[str], *, file: str, prefix: str) -> Problem:
    return Problem(
        code="C-101", file=file, key=f"{prefix}{key}", value=show(value), what="is no setting", do=closest(key, known)
    )


def _check_value(value: object, hint: Any, *, file: str, key: str, do: str) -> list[Problem]:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        inner = path.rstrip("`")
        return [Problem(code="C-103", file=file, key=key + inner, value=show(value), what=_plain(what), do=do)]
    return []


def _plain(what: str) -> str:
    """msgspec's words without backticks, as the end of a sentence."""
    return what.replace("`", "").replace("Expected ", "expected ", 1).replace("Invalid ", "invalid ", 1)


def _advice(name: str, hints: Mapping[str, Any]) -> str:
    """What to write: from the field's description and its first example."""
    meta = _meta(hints[name])
    means = (meta.description if meta and meta.description else "").rstrip(".")
    example = f"{name} = {_toml(meta.examples[0]) if meta and meta.examples else _sample(hints[name])}"
    return f"Write {example}" + (f": {means}." if means else ".")


def _meta(hint: Any) -> msgspec.Meta | None:
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, msgspec.Meta)), None)


_SAMPLES = {str: '"…"', int: "a whole number", float: "a number", bool: "true or false"}


def _sample(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Annotated:
        return _sample(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return _sample(typing.get_args(hint)[0])
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(_toml(choice) for choice in typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, str) and hasattr(hint, "__members__"):
        return " or ".join(_toml(str(choice)) for choice in hint)  # type: ignore[attr-defined]
    origin = typing.get_origin(hint) or hint
    return _SAMPLES.get(origin, "{ … }" if origin in (dict, Mapping) else "[ … ]" if origin in (list, tuple) else "…")


def _toml(value: object) -> str:
    return show(value)
