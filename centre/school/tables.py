"""One CSV file -> its rows: UTF-8 with or without BOM, fields split by `;` or `,` or tab, a header line first.

A row is a frozen struct whose fields are the columns: Annotated[type, how to read a cell]; a field with a default may
be left out or empty. Columns may stand in any order. Blank lines are nothing.
Bounded  FILE_MAX bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args, get_type_hints

import msgspec

from centre.school.cells import Wrong
from centre.school.faults import Findings

FILE_MAX = 32 << 20
DELIMITERS = ";,\t"
SAVE_AS = "In the table program, save it as `CSV UTF-8`."
R = TypeVar("R", bound=msgspec.Struct)


class Column(NamedTuple):
    """One column of a file."""

    name: str
    field: str
    parse: Callable[[str], Any]
    required: bool


class Text(NamedTuple):
    """A file as lists of cells; line is that of the file, from 1."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


@cache
def columns(row: type[msgspec.Struct]) -> Mapping[str, Column]:
    """By name, as the row's fields say; `line` is the row's own."""
    hints = get_type_hints(row, include_extras=True)
    found = [
        Column(field.encode_name, field.name, get_args(hints[field.name])[1], field.required)
        for field in msgspec.structs.fields(row)
        if field.name != "line"
    ]
    return {column.name: column for column in found}


def read_table(path: Path, row: type[R], findings: Findings) -> list[R]:
    """The rows that can be read; what is wrong with the others stands in the findings."""
    try:
        text = decode(path.read_bytes()) if path.stat().st_size <= FILE_MAX else None
    except OSError as error:
        findings.fault(path.name, 0, "", "", f"cannot be read: {error.strerror}", "Look at its owner and rights.")
        return []
    if text is None:
        findings.fault(path.name, 0, "", "", f"has more than {FILE_MAX >> 20} MiB", "Is it the right file?")
        return []
    return rows_of(path.name, text, row, findings)


def decode(content: bytes) -> str:
    """As UTF-8; what is none shows as U+FFFD, which rows_of refuses."""
    return content.decode("utf-8-sig", errors="replace")


def rows_of(file: str, text: str, row: type[R], findings: Findings) -> list[R]:
    """The rows of a file's text."""
    if "�" in text or "\0" in text:
        line = text[: min(at for at in (text.find("�"), text.find("\0")) if at >= 0)].count("\n") + 1
        findings.fault(file, line, "", "", "is not written in UTF-8", SAVE_AS)
        return []
    try:
        found = _cut(text)
    except csv.Error as error:
        findings.fault(
            file, 0, "", "", f"is no CSV file: {error}", f"Look for a quotation mark without its pair. {SAVE_AS}"
        )
        return []
    if found is None:
        what, do = "has no header line", f"Its first line names the columns: {';'.join(columns(row))}"
        findings.fault(file, 1, "", "", what, do)
        return []
    if not _header_is_well(file, found.header, columns(row), findings):
        return []
    return list(_rows(file, found, row, findings))


def _cut(text: str) -> Text | None:
    """None without a header. Raises csv.Error."""
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, line = [], 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append((line, [cell.strip() for cell in cells]))
        line = reader.line_num + 1
    return Text([cell.casefold() for cell in rows[0][1]], rows[1:]) if rows and rows[0][0] == 1 else None


def _header_is_well(file: str, header: Sequence[str], known: Mapping[str, Column], findings: Findings) -> bool:
    wrong = False
    for at, name in enumerate(header):
        if name not in known:
            wrong = True
            findings.fault(file, 1, name, name, "is no column of this file", f"Columns: {', '.join(known)}.")
        elif name in header[:at]:
            wrong = True
            findings.fault(file, 1, name, name, "names a column twice", "Leave one of them out.")
    for column in known.values():
        if column.required and column.name not in header:
            wrong = True
            findings.fault(file, 1, column.name, "", "is missing", f"Add a column `{column.name}`.")
    return not wrong


def _rows(file: str, text: Text, row: type[R], findings: Findings) -> Iterator[R]:
    known = columns(row)
    for line, cells in text.rows:
        while len(cells) > len(text.header) and not cells[-1]:
            cells.pop()
        if len(cells) != len(text.header):
            what = f"has {len(cells)} fields, the header {len(text.header)}"
            findings.fault(file, line, "", "", what, "Put a field that holds the separator in quotation marks.")
            continue
        values = _values(file, line, [known[name] for name in text.header], cells, findings)
        if values is not None:
            yield row(line=line, **values)


def _values(
    file: str, line: int, header: Sequence[Column], cells: Sequence[str], findings: Findings
) -> dict[str, Any] | None:
    """By field; None if one of them is wrong."""
    values: dict[str, Any] | None = {}
    for column, cell in zip(header, cells, strict=True):
        if not cell and not column.required:
            continue
        try:
            if not cell:
                raise Wrong("is empty", "Fill it in.")
            value = column.parse(cell)
            if values is not None:
                values[column.field] = value
        except Wrong as wrong:
            values = None
            findings.fault(file, line, column.name, cell, wrong.what, wrong.do)
    return values
