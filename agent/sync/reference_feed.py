"""Reference data as it comes: a signed manifest, the parts it names, and then the whole dataset into its place on disk.

Believed  only what the pinned orders key has signed, for this school, newer than what is held. Parts are not signed:
          a part is taken if a manifest that is believed names its hash.
Bounded   one manifest a dataset; its parts are held in memory until they are whole, REFERENCE_MAX_PARTS at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from agent.datasets import DATASETS, SEALED
from agent.reference import Reference, Unusable
from agent.sync.topics import REFERENCE_PART_MAX_BYTES, Kind, Manifest, Topics
from agent.sync.trust import Refused, Trust, decoded, instant_ns

log = logging.getLogger("agent.reference")

AGAIN_S = 60.0  # after the disk was full


class Whole(msgspec.Struct, frozen=True):
    """A dataset that has come, and is not on the disk yet."""

    version: int
    issued: str
    content: bytes


class Coming(msgspec.Struct):
    """A dataset of which parts are missing."""

    manifest: Manifest
    parts: dict[str, bytes]

    def missing(self) -> list[str]:
        return [part.sha256 for part in self.manifest.parts if part.sha256 not in self.parts]


class ReferenceFeed:
    """One per box; `listen` and `unlisten` belong to the connection of the moment."""

    def __init__(self, reference: Reference, trust: Trust, topics: Topics, school: str) -> None:
        self._reference = reference
        self._trust = trust
        self._topics = topics
        self._school = school
        self._coming: dict[str, Coming] = {}
        self._whole: dict[str, Whole] = {}  # to be written
        self._useless: dict[str, int] = {}  # versions that this box cannot use
        self._wake = asyncio.Event()
        self._listen: Callable[[Sequence[str]], None] = lambda _topics: None
        self._unlisten: Callable[[Sequence[str]], None] = lambda _topics: None

    def topics(self) -> list[str]:
        """What to subscribe to: the datasets that this box uses, and the parts that it still misses."""
        parts = [sha256 for coming in self._coming.values() for sha256 in coming.missing()]
        return [self._topics.reference + name for name in [*DATASETS, *parts]]

    async def again(self) -> Mapping[str, str]:
        """Read the files anew, and ask the broker for what it keeps. Returns the versions held. Raises OSError."""
        await self._reference.read_again()
        self._useless.clear()
        self._listen(self.topics())  # the broker sends what it keeps to whoever subscribes, also again
        return self._reference.versions()

    def connected(self, listen: Callable[[Sequence[str]], None], unlisten: Callable[[Sequence[str]], None]) -> None:
        self._listen, self._unlisten = listen, unlisten

    def take(self, topic: str, payload: bytes, properties: Mapping[str, str]) -> None:
        """A manifest or a part. Raises Refused."""
        name = topic.removeprefix(self._topics.reference)
        if name in DATASETS:
            self._trust.check_pinned(Kind.REFERENCE, topic, payload, properties)
            self._take_manifest(name, payload)
        else:
            self._take_part(name, payload)

    def _take_manifest(self, name: str, payload: bytes) -> None:
        manifest = decoded(payload, Manifest)
        if manifest.school != self._school:
            raise Refused("other_school")
        if manifest.dataset != name:
            raise Refused("other_topic")
        instant_ns(manifest.issued)
        coming = self._whole[name].version if name in self._whole else 0
        newest = max(self._reference.version(name), coming, self._useless.get(name, 0))
        if manifest.version == newest:
            return  # the broker gives it at each connection
        if manifest.version < newest:
            raise Refused("old_version")
        inline = b"" if manifest.content is msgspec.UNSET else bytes(manifest.content)
        if bool(inline) == bool(manifest.parts):
            raise Refused("malformed")
        if inline:
            self._ready(name, Whole(manifest.version, manifest.issued, inline))
        else:
            self._await_parts(name, manifest)

    def _await_parts(self, name: str, manifest: Manifest) -> None:
        before = self._coming.get(name)
        if before and before.manifest.version > manifest.version:
            raise Refused("old_version")
        named = {part.sha256 for part in manifest.parts}
        self._give_up(name, keep=named)
        held = before.parts if before else {}
        coming = Coming(manifest, {sha256: body for sha256, body in held.items() if sha256 in named})
        self._coming[name] = coming
        if not self._joined(name, coming):
            self._listen([self._topics.reference + sha256 for sha256 in coming.missing()])

    def _give_up(self, name: str, keep: Collection[str] = ()) -> None:
        """Parts that a newer manifest does not name are not listened for any more: the broker remembers who listens."""
        coming = self._coming.pop(name, None)
        gone = [sha256 for sha256 in coming.missing() if sha256 not in keep] if coming else []
        self._unlisten([self._topics.reference + sha256 for sha256 in gone])

    def _take_part(self, sha256: str, payload: bytes) -> None:
        wanting = [(name, coming) for name, coming in self._coming.items() if sha256 in coming.missing()]
        if not wanting:
            raise Refused("foreign_topic")
        if len(payload) > REFERENCE_PART_MAX_BYTES or hashlib.sha256(payload).hexdigest() != sha256:
            raise Refused("bad_part")
        self._unlisten([self._topics.reference + sha256])
        for name, coming in wanting:
            coming.parts[sha256] = payload
            self._joined(name, coming)

    def _joined(self, name: str, coming: Coming) -> bool:
        """Whether it is whole; then it is on its way to the disk."""
        if coming.missing():
            return False
        del self._coming[name]
        content = b"".join(coming.parts[part.sha256] for part in coming.manifest.parts)
        self._ready(name, Whole(coming.manifest.version, coming.manifest.issued, content))
        return True

    def _ready(self, name: str, whole: Whole) -> None:
        if name not in SEALED:
            decoded(whole.content, DATASETS[name])
        self._give_up(name)
        self._whole[name] = whole
        self._wake.set()

    async def keep(self, changed: Callable[[], None], refused: Callable[[str], None]) -> None:
        """Put what is whole on the disk, and first what a connection that was lost has left; runs for ever.

        `changed` is told of each dataset that is in its place, `refused` why one is not.
        """
        while True:
            self._wake.clear()
            for name, whole in list(self._whole.items()):
                if await self._put(name, whole, changed, refused) and self._whole.get(name) is whole:
                    del self._whole[name]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S if self._whole else None):
                    await self._wake.wait()

    async def _put(self, name: str, whole: Whole, changed: Callable[[], None], refused: Callable[[str], None]) -> bool:
        """False if it is to be tried again."""
        try:
            await asyncio.shield(self._reference.put(name, whole.version, whole.content, whole.issued))
        except OSError as error:  # a full disk
            log.warning("reference data %s cannot be written: %s", name, error)
            return False
        except Unusable as error:
            log.warning("reference data %s, version %d, cannot be used: %s", name, whole.version, error)
            self._useless[name] = whole.version
            refused("unusable")
        else:
            changed()
        return True
