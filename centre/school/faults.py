"""What is wrong in a folder of school data, each with its place and what to write instead."""

from __future__ import annotations

import msgspec

VALUE_CHARS = 60


class Fault(msgspec.Struct, frozen=True, order=True):
    """One mistake, or one thing to look at. Line 1 is the header; 0: the file as a whole."""

    file: str
    line: int
    column: str
    value: str
    what: str
    do: str


class Findings:
    """All that is found on one way through a folder: faults forbid loading, remarks do not."""

    def __init__(self) -> None:
        self._faults: set[Fault] = set()
        self._remarks: set[Fault] = set()

    def fault(self, file: str, line: int, column: str, value: object, what: str, do: str) -> None:
        self._faults.add(Fault(file, line, column, shown(value), what, do))

    def remark(self, file: str, line: int, column: str, value: object, what: str, do: str) -> None:
        self._remarks.add(Fault(file, line, column, shown(value), what, do))

    @property
    def faults(self) -> list[Fault]:
        """In the order of files and lines."""
        return sorted(self._faults)

    @property
    def remarks(self) -> list[Fault]:
        return sorted(self._remarks)


def shown(value: object) -> str:
    """As a person reads it: one line with an end, nothing that moves a cursor."""
    text = "".join(char if char.isprintable() else "�" for char in str(value))
    return text if len(text) <= VALUE_CHARS else f"{text[: VALUE_CHARS - 1]}…"
