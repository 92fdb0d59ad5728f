"""Reference data that the centre has given: each dataset whole, on disk, until a newer one takes its place.

A dataset is replaced in one step and survives a restart; an older version never replaces a newer one. Whether it comes
from the centre is decided before: agent/sync/reference_feed.py.

Files   reference/{dataset}.json in the state directory
Raises  OSError from put(); then the former version stays.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.clock import Clock
from agent.outbox.troubles import Trouble
from agent.private_file import write_private

log = logging.getLogger("agent.reference")

VERSION = re.compile("[0-9]{1,18}")
BEHIND_S = 60.0  # what the centre has published should have come by then
Recipient = Annotated[str, Meta(pattern="^age1[0-9a-z]{58}$", description="age recipient, X25519")]


class Recipients(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `recipients`: for whom evidence is sealed, by its kind."""

    snapshot: Annotated[
        list[Recipient], Meta(max_length=16, description="who may see the pictures of cameras; none: none are kept")
    ]


DATASETS: dict[str, type[msgspec.Struct]] = {"recipients": Recipients}


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset as it lies on the disk."""

    version: int
    sha256: str  # of the content: a card that changed it must not go unnoticed
    content: bytes


class Reference:
    """All datasets of one box."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._held = {name: held for name in DATASETS if (held := _read(folder / f"{name}.json"))}
        self._said: dict[str, int] = {}  # versions that the centre has, by its welcome
        self._behind_since_ns = 0
        self._writing = asyncio.Lock()

    def version(self, dataset: str) -> int:
        """0 if there is none."""
        held = self._held.get(dataset)
        return held.version if held else 0

    def versions(self) -> dict[str, str]:
        """For the birth and for status."""
        return {name: str(held.version) for name, held in sorted(self._held.items())}

    def recipients(self) -> tuple[str, ...]:
        """Who may see snapshots; empty if the centre has not said."""
        held = self._held.get("recipients")
        return tuple(msgspec.json.decode(held.content, type=Recipients).snapshot) if held else ()

    async def put(self, dataset: str, version: int, content: bytes) -> bool:
        """Replace a dataset, on disk when this returns. False, and nothing changes, if this version is not newer."""
        async with self._writing:
            if version <= self.version(dataset):
                return False
            held = Held(version=version, sha256=hashlib.sha256(content).hexdigest(), content=content)
            await asyncio.to_thread(_write, self._folder / f"{dataset}.json", held)
            self._held[dataset] = held
        log.info("reference data %s, version %d", dataset, version)
        return True

    def said(self, versions: Mapping[str, str]) -> None:
        """The centre's welcome tells which versions it has published."""
        self._said = {
            name: int(text) for name, text in versions.items() if name in DATASETS and VERSION.fullmatch(text)
        }

    def trouble(self) -> list[Trouble]:
        """What the centre has published and has not come."""
        behind = [name for name, version in self._said.items() if version > self.version(name)]
        now_ns = self._clock.monotonic_ns()
        self._behind_since_ns = (self._behind_since_ns or now_ns) if behind else 0
        if not behind or now_ns - self._behind_since_ns < BEHIND_S * 1e9:
            return []
        since_ns = self._clock.utc_ns() - (now_ns - self._behind_since_ns)
        what = f"reference data of the centre has not come, or was refused: {', '.join(behind)}"
        do = "Nothing on site; tell the centre: publish it again with `mektep-centre reference`."
        return [Trouble(code="E-104", what=what, do=do, since_ns=since_ns)]


def _read(path: Path) -> Held | None:
    """None for what is missing or spoilt: the broker keeps the newest for us."""
    try:
        held = msgspec.json.decode(path.read_bytes(), type=Held)
        if hashlib.sha256(held.content).hexdigest() != held.sha256:
            raise ValueError("its content has changed")
        msgspec.json.decode(held.content, type=DATASETS[path.stem])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
        log.warning("%s cannot be used and is asked for again: %s", path, error)
        return None
    return held


def _write(path: Path, held: Held) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, msgspec.json.encode(held))
