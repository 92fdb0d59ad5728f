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
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from agent.wrong_values import wrong

S = TypeVar("S", bound=msgspec.Struct)
Field = msgspec.structs.FieldInfo
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
                do = advice(field, hints[field.name])
                problems.append(Problem(code="C-102", file=file, key=key, value="", what="is missing", do=do))
            continue
        problems += _check_value(table[field.name], field, hints[field.name], file=file, key=key)
    if problems:
        return None, problems
    try:
        return msgspec.convert(table, type_), []
    except msgspec.ValidationError as error:  # the struct's own __post_init__: fields that do not fit together
        what, do = _of_a_struct(error)
        do = do or "Change one of them."
        return None, [Problem(code="C-104", file=file, key=prefix.rstrip("."), value="", what=what, do=do)]


def show(value: object) -> str:
    """A value as a person wrote it, shortened; a password in a URL is never repeated."""
    text = _toml(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def closest(word: str, known: Iterable[str]) -> str:
    """'Did you mean …?' or the list of what exists."""
    names = sorted(known)
    near = nearest(word, names)
    return f'Did you mean "{near}"?' if near else f"Known here: {', '.join(names)}."


def nearest(word: str, names: Sequence[str]) -> str:
    """The one that was probably meant; empty if none is like it."""
    return next(iter(difflib.get_close_matches(word, names, n=1)), "")


def _unknown(key: str, value: object, known: Iterable[str], *, file: str, prefix: str) -> Problem:
    return Problem(
        code="C-101", file=file, key=f"{prefix}{key}", value=show(value), what="is no setting", do=closest(key, known)
    )


def _check_value(value: Any, field: Field, hint: Any, *, file: str, key: str) -> list[Problem]:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        what, steps = wrong(str(error))
        do = ""
        if error.__cause__ is not None:
            what, do = _of_a_struct(error)
        for step in steps:
            key += f".{step}" if step.isidentifier() else f"[{step}]"
        found, meant = _followed(value, steps), _meant(field, hint, steps)
        return [Problem(code="C-103", file=file, key=key, value=show(found), what=what, do=do or advice(*meant))]
    return []


def _of_a_struct(error: msgspec.ValidationError) -> tuple[str, str]:
    """What a struct's own __post_init__ says; it may say itself what to do."""
    what, _, do = str(error).split(" - at `")[0].partition(". ")
    return what, do


def _followed(value: Any, steps: Sequence[str]) -> Any:
    """What lies at the end of these steps; msgspec does not say which entry of a table it means: then the table."""
    for step in steps:
        if not step.isidentifier() and not step.isdigit():
            break
        value = value[int(step) if isinstance(value, list) else step]
    return value


def _meant(field: Field, hint: Any, steps: Sequence[str]) -> tuple[Field, Any]:
    """The innermost setting on the way that says what it is."""
    meant, at = (field, hint), hint
    for step in steps:
        inner = _plain(at)
        if step.isidentifier() and isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            at = typing.get_type_hints(inner, include_extras=True)[step]
            field = next(one for one in msgspec.structs.fields(inner) if one.name == step)
            if _means(at):
                meant = (field, at)
        elif arguments := [one for one in typing.get_args(inner) if one is not ...]:
            at = arguments[min(int(step), len(arguments) - 1) if step.isdigit() else -1]
    return meant


def _plain(hint: Any) -> Any:
    """The type, without what is said of it and without None."""
    if typing.get_origin(hint) is typing.Annotated:
        return _plain(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return _plain(typing.get_args(hint)[0])
    return hint


def advice(field: Field, hint: Any) -> str:
    """What to write: by the setting's description and its first example, or what it is if nothing is written."""
    means = _means(hint).rstrip(".")
    examples = next((meta.examples for meta in _metas(hint) if meta.examples), None)
    example = _toml(examples[0]) if examples else _choices(hint) or _usual(field) or _sample(hint)
    return f"Write {field.name} = {example}" + (f": {means}." if means else ".")


def _means(hint: Any) -> str:
    return next((meta.description for meta in _metas(hint) if meta.description), "")


def _metas(hint: Any) -> list[msgspec.Meta]:
    """The nearest words first: a setting may say more than its type does."""
    return [extra for extra in reversed(getattr(hint, "__metadata__", ())) if isinstance(extra, msgspec.Meta)]


def _choices(hint: Any) -> str:
    plain = _plain(hint)
    if plain is bool:
        return "true or false"
    if typing.get_origin(plain) is typing.Literal:
        return " or ".join(_toml(choice) for choice in typing.get_args(plain))
    if isinstance(plain, type) and issubclass(plain, str) and hasattr(plain, "__members__"):
        return " or ".join(_toml(str(choice)) for choice in plain)  # type: ignore[attr-defined]
    return ""


def _usual(field: Field) -> str:
    """What holds if nothing is written, where that says something."""
    is_said = field.default is not msgspec.NODEFAULT and field.default not in ("", None)
    return _toml(field.default) if is_said else ""


_SAMPLES = {str: '"…"', int: "a whole number", float: "a number"}


def _sample(hint: Any) -> str:
    plain = _plain(hint)
    origin = typing.get_origin(plain) or plain
    return _SAMPLES.get(origin, "{ … }" if origin in (dict, Mapping) else "[ … ]" if origin in (list, tuple) else "…")


def _toml(value: object) -> str:
    """As TOML writes it, on one line."""
    if isinstance(value, str):
        has_password = "@" in value and "://" in value
        return '"(URL with a password, not shown)"' if has_password else f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(one)}' for key, one in value.items())} }}" if value else "{}"
    return str(value)
