"""Reference data that the centre has given: each dataset whole, on disk, until a newer one takes its place.

A dataset is replaced in one step and survives a restart; an older version never replaces a newer one. Whether it comes
from the centre is decided before: agent/sync/reference_feed.py.

Sealed  datasets that tell of children are for this box alone; they lie on the disk as they came.
Files   reference/{dataset}.json and reference.agekey in the state directory
Raises  OSError and Unusable from put(); then the former version stays.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent import dataset_text
from agent.age import HEADER, AgeKey, Unopened, load_age_key
from agent.book import STALE_NS, Book
from agent.clock import Clock
from agent.datasets import DATASETS, SEALED, Live, Recipients
from agent.outbox.troubles import Trouble
from agent.private_file import write_private
from agent.wall_time import utc_ns_of

log = logging.getLogger("agent.reference")

VERSION = re.compile("[0-9]{1,18}")
BEHIND_S = 60.0  # what the centre has published should have come by then


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset as it lies on the disk."""

    version: int
    sha256: str  # of the content: a card that changed it must not go unnoticed
    content: bytes  # as it came
    issued: str = ""  # by the centre, RFC 3339


class Unusable(ValueError):
    """A dataset that this box cannot use."""


class Reference:
    """All datasets of one box; `book` is what the newest ones say together."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._key = load_age_key(folder.with_name(f"{folder.name}.agekey"))
        self._held: dict[str, Held] = {}
        self._datasets: dict[str, msgspec.Struct] = {}
        for name in DATASETS:
            if found := _read(folder / f"{name}.json", self._key):
                self._held[name], self._datasets[name] = found
        self.book = self._bound(self._held, self._datasets)
        self._said: dict[str, int] = {}  # versions that the centre has, by its welcome
        self._behind_since_ns = 0
        self._refused: dict[str, tuple[str, int]] = {}  # what came and could not be used: why, since when
        self._writing = asyncio.Lock()

    @property
    def recipient(self) -> str:
        """For whom the centre seals what only this box may read: an age recipient."""
        return self._key.recipient

    def version(self, dataset: str) -> int:
        """0 if there is none."""
        held = self._held.get(dataset)
        return held.version if held else 0

    def versions(self) -> dict[str, str]:
        """For the birth and for status."""
        return {name: str(held.version) for name, held in sorted(self._held.items())}

    def issued(self) -> dict[str, str]:
        """When the centre issued each dataset, RFC 3339; empty if it did not say."""
        return {name: held.issued for name, held in sorted(self._held.items())}

    def recipients(self) -> Recipients:
        """Who may see pictures; nobody if the centre has not said."""
        found = self._datasets.get("recipients")
        return found if isinstance(found, Recipients) else Recipients(snapshot=[])

    def live(self) -> Live | None:
        """Where cameras may be shown live; nowhere if the centre has not said."""
        found = self._datasets.get("live")
        return found if isinstance(found, Live) else None

    async def put(self, dataset: str, version: int, content: bytes, issued: str = "") -> bool:
        """Replace a dataset, on disk when this returns. False, and nothing changes, if this version is not newer.

        Raises Unusable for a content that is not for this box or not by its schema, OSError for a full disk.
        """
        async with self._writing:
            if version <= self.version(dataset):
                return False
            held = Held(version=version, sha256=hashlib.sha256(content).hexdigest(), content=content, issued=issued)
            try:
                await asyncio.to_thread(self._replace, dataset, held)
            except Unusable as error:
                _, since_ns = self._refused.get(dataset, ("", self._clock.utc_ns()))
                self._refused[dataset] = str(error), since_ns
                raise
            self._refused.pop(dataset, None)
        log.info("reference data %s, version %d", dataset, version)
        return True

    async def read_again(self) -> None:
        """From the disk, where it is no older; what is missing or spoilt there is written anew. Raises OSError."""
        async with self._writing:
            await asyncio.to_thread(self._read_again)

    def _read_again(self) -> None:
        held, datasets = dict(self._held), dict(self._datasets)
        for name in DATASETS:
            found = _read(self._folder / f"{name}.json", self._key)
            if found is not None and found[0].version >= self.version(name):
                held[name], datasets[name] = found
            elif name in held:
                _write(self._folder / f"{name}.json", held[name])
        self._held, self._datasets = held, datasets
        self.book = self._bound(held, datasets)

    def _replace(self, dataset: str, held: Held) -> None:
        """In a thread of its own: a school's worth takes some milliseconds, and taps go on."""
        found = _decoded(dataset, held.content, self._key)
        _write(self._folder / f"{dataset}.json", held)
        self._held, self._datasets = self._held | {dataset: held}, self._datasets | {dataset: found}
        self.book = self._bound(self._held, self._datasets)

    @staticmethod
    def _bound(held: Mapping[str, Held], datasets: Mapping[str, msgspec.Struct]) -> Book:
        return Book(datasets, {name: utc_ns_of(one.issued) for name, one in held.items() if one.issued})

    def said(self, versions: Mapping[str, str]) -> None:
        """The centre's welcome tells which versions it has published."""
        self._said = {
            name: int(text) for name, text in versions.items() if name in DATASETS and VERSION.fullmatch(text)
        }

    def trouble(self) -> list[Trouble]:
        """What the centre has published and has not come, what could not be used, and what has grown old."""
        return [*self._behind(), *self._unusable(), *self._stale()]

    def _behind(self) -> list[Trouble]:
        behind = [name for name, version in self._said.items() if version > self.version(name)]
        now_ns = self._clock.monotonic_ns()
        self._behind_since_ns = (self._behind_since_ns or now_ns) if behind else 0
        if not behind or now_ns - self._behind_since_ns < BEHIND_S * 1e9:
            return []
        since_ns = self._clock.utc_ns() - (now_ns - self._behind_since_ns)
        what = f"reference data of the centre has not come, or was refused: {', '.join(behind)}"
        do = "Nothing on site; tell the centre: publish it again."
        return [Trouble(code="E-104", what=what, do=do, since_ns=since_ns)]

    def _unusable(self) -> list[Trouble]:
        do = "Nothing on site; tell the centre: publish it again for this box."
        return [
            Trouble(code="M-101", what=f"reference data {name} cannot be used: {why}", do=do, since_ns=since_ns)
            for name, (why, since_ns) in self._refused.items()
        ]

    def _stale(self) -> list[Trouble]:
        now_ns = self._clock.utc_ns()
        old = [name for name in sorted(self._held) if name != "recipients" and self.book.stale(name, now_ns)]
        if not old:
            return []
        what = f"reference data is older than two weeks: {', '.join(old)}; decisions are marked stale"
        do = "Look at the link to the centre; the school goes on with what it has."
        since_ns = min(utc_ns_of(self._held[name].issued) for name in old) + STALE_NS
        return [Trouble(code="M-102", what=what, do=do, since_ns=since_ns)]


def _decoded(dataset: str, content: bytes, key: AgeKey) -> msgspec.Struct:
    """Raises Unusable."""
    if dataset in SEALED and not content.startswith(HEADER):
        raise Unusable("it is not sealed")
    try:
        plain = key.open(content) if dataset in SEALED else content
        return dataset_text.read(dataset, plain)
    except Unopened as error:
        raise Unusable(str(error)) from error
    except (ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
        raise Unusable(f"it is not by its schema: {error}") from error


def _read(path: Path, key: AgeKey) -> tuple[Held, msgspec.Struct] | None:
    """None for what is missing or spoilt: the broker keeps the newest for us."""
    try:
        held = msgspec.json.decode(path.read_bytes(), type=Held)
        if hashlib.sha256(held.content).hexdigest() != held.sha256:
            raise ValueError("its content has changed")
        if held.issued:
            utc_ns_of(held.issued)
        return held, _decoded(path.stem, held.content, key)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s cannot be used and is asked for again: %s", path, error)
        return None


def _write(path: Path, held: Held) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, msgspec.json.encode(held))
