"""What a configuration already names: so that it is told apart, and left alone while the agent may need it.

Reads the file as TOML only: a device that a newer driver describes counts too.
Raises  AgentError X-116 if the file is there and cannot be used: without it nobody knows what must be left alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from agent.devices import SOURCE_KINDS
from agent.errors import AgentError
from drivers.discovery.found import Found, Kind
from drivers.true_path import true_path

WILD = set("*?[")


class Configured(msgspec.Struct, frozen=True):
    """The names of the devices, and the places where they are."""

    names: frozenset[str]
    places: dict[str, str]  # a true path, a host or another text of a device -> the device's name

    def at(self, place: str) -> str:
        """The name of the device that is there, or nothing."""
        return self.places.get(place, "") or self.places.get(_true(place), "")

    def name_of(self, found: Found) -> str:
        return self.at(found.name) or (self.at(found.host) if found.host else "") or self._fitting(found)

    def _fitting(self, found: Found) -> str:
        """A PC/SC reader is named by a pattern; `*` alone is one, and must not make every port and host the agent's."""
        if found.kind is not Kind.READER or found.name.startswith("/"):
            return ""
        patterns = ((pattern, name) for pattern, name in self.places.items() if WILD & set(pattern))
        return next((name for pattern, name in patterns if fnmatchcase(found.name, pattern)), "")


def read(path: Path) -> Configured:
    """A file that does not exist names nothing."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        document = {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        do = f"Mend it (mektep check {path}), or run this as root: what is configured must be left alone."
        raise AgentError("X-116", f"{path} cannot be used: {error}", do=do) from error
    names: set[str] = set()
    places: dict[str, str] = {}
    for table in _devices(document):
        name = str(table.get("name", "?"))
        names.add(name)
        for value in table.values():
            places |= dict.fromkeys(_places(value), name)
    return Configured(frozenset(names), places)


def _devices(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in SOURCE_KINDS:
        tables = document.get(kind, [])
        yield from (table for table in tables if isinstance(table, dict)) if isinstance(tables, list) else ()


def _places(value: object) -> Iterator[str]:
    """What a setting's text may name: a path by its true name, a URL's host, or itself."""
    if not isinstance(value, str) or not value:
        return
    yield value
    yield _true(value)
    try:
        yield urlsplit(value).hostname or value
    except ValueError:
        return


def _true(place: str) -> str:
    return true_path(place) if place.startswith("/") else place
