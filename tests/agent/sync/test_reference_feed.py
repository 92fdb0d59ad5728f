"""Reference data is taken only from the pinned key, newer than what is held, whole, and by its schema."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent import reference as reference_module
from agent.datasets import DATASETS, Recipients
from agent.reference import Reference
from agent.sync import reference_feed
from agent.sync.reference_feed import ReferenceFeed
from agent.sync.topics import REFERENCE_PART_MAX_BYTES, Topics
from agent.sync.trust import Refused, Trust
from tests.agent.evidence.pictures import RECIPIENT
from tests.agent.sealed import CARD, CARDS, sealed, stranger
from tests.agent.sync.box import until
from tests.agent.sync.far_centre import public, sign
from tests.clock import FastClock

ORDERS = Ed25519PrivateKey.generate()
PREFIX = "mektep/v1/school-07/reference/"
CONTENT = {"snapshot": [RECIPIENT]}
POLICE = Recipients(snapshot=[RECIPIENT])


class Feed:
    """A feed and its folder, and what it asked the broker for."""

    def __init__(self, folder: Path) -> None:
        clock = FastClock()
        self.reference = Reference(folder, clock)
        self.feed = ReferenceFeed(self.reference, Trust(public(ORDERS), clock), Topics("school-07"), "school-07")
        self.listened: list[str] = []
        self.unlistened: list[str] = []
        self.changes = 0
        self.refused: list[str] = []
        self.feed.connected(self.listened.extend, self.unlistened.extend)

    def give(
        self, body: Any, name: str = "recipients", key: Ed25519PrivateKey = ORDERS, kind: str = "reference"
    ) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.feed.take(PREFIX + name, payload, sign(key, kind, PREFIX + name, payload))

    def changed(self) -> None:
        self.changes += 1


@pytest.fixture
async def feed(tmp_path: Path) -> AsyncIterator[Feed]:
    made = Feed(tmp_path)
    keeping = asyncio.create_task(made.feed.keep(made.changed, made.refused.append))
    yield made
    keeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeping


def manifest(version: int = 5, **changes: Any) -> dict[str, Any]:
    body = {
        "dataset": "recipients", "school": "school-07", "version": version, "issued": "2026-11-23T08:00:00.000000Z",
        "content": CONTENT,
    } | changes  # fmt: skip
    return {name: value for name, value in body.items() if value is not None}


def named(*parts: bytes) -> list[dict[str, Any]]:
    return [{"sha256": sha256(part), "bytes": len(part)} for part in parts]


def sha256(part: bytes) -> str:
    return hashlib.sha256(part).hexdigest()


async def test_a_dataset_takes_its_place_and_is_told_once(feed: Feed) -> None:
    assert feed.feed.topics() == [PREFIX + name for name in DATASETS]
    feed.give(manifest())
    await until(lambda: feed.reference.recipients() == POLICE)
    feed.give(manifest())  # the broker gives it at each connection
    feed.give(manifest(6, content={"snapshot": []}))
    await until(lambda: feed.changes == 2)
    assert (feed.reference.version("recipients"), feed.reference.recipients()) == (6, Recipients(snapshot=[]))
    assert feed.listened == []


async def test_an_older_version_is_refused_also_after_a_restart(feed: Feed, tmp_path: Path) -> None:
    feed.give(manifest(5))
    with pytest.raises(Refused, match="old_version"):
        feed.give(manifest(4))  # before the other is on the disk
    await until(lambda: feed.reference.version("recipients") == 5)
    with pytest.raises(Refused, match="old_version"):
        Feed(tmp_path).give(manifest(4))


WRONG = [
    ("of a stranger", {"key": Ed25519PrivateKey.generate()}, manifest(), "unknown_key"),
    ("signed as an order", {"kind": "order"}, manifest(), "bad_signature"),
    ("for another school", {}, manifest(school="school-08"), "other_school"),
    ("another dataset", {}, manifest(dataset="cards"), "other_topic"),
    ("version 0", {}, manifest(0), "malformed"),
    ("neither content nor parts", {}, manifest(content=None), "malformed"),
    ("content and parts", {}, manifest(parts=named(b"x")), "malformed"),
    ("content of another shape", {}, manifest(content={"snapshot": "all"}), "malformed"),
    ("a secret key among recipients", {}, manifest(content={"snapshot": ["AGE-SECRET-KEY-1X"]}), "malformed"),
    ("too many recipients", {}, manifest(content={"snapshot": [RECIPIENT] * 17}), "malformed"),
    ("too many for blurred", {}, manifest(content={"snapshot": [], "blurred": [RECIPIENT] * 17}), "malformed"),
    ("too many parts", {}, manifest(content=None, parts=named(b"x") * 65), "malformed"),
    ("no JSON", {}, b"{", "malformed"),
    ("a part that nobody asked for", {"name": sha256(b"x")}, b"x", "foreign_topic"),
    ("a dataset that is not used", {"name": "menu"}, manifest(dataset="menu"), "foreign_topic"),
]


@pytest.mark.parametrize(("how", "body", "reason"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
async def test_what_is_wrong_is_refused_and_changes_nothing(
    feed: Feed, how: dict[str, Any], body: Any, reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        feed.give(body, **how)
    assert refusal.value.reason == reason
    assert feed.listened == []
    feed.give(manifest(1))  # and the way is not blocked
    await until(lambda: feed.reference.version("recipients") == 1)


# --- parts ------------------------------------------------------------------------------------------------------------


def cut(content: bytes, size: int = 10) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def part(feed: Feed, body: bytes, name: str = "") -> None:
    feed.feed.take(PREFIX + (name or sha256(body)), body, {})


async def test_parts_are_asked_for_by_name_and_come_in_any_order(feed: Feed) -> None:
    parts = cut(json.dumps(CONTENT).encode())
    feed.give(manifest(content=None, parts=named(*parts)))
    topics = [PREFIX + sha256(one) for one in parts]
    assert feed.listened == topics
    for one in reversed(parts):
        assert feed.reference.version("recipients") == 0
        part(feed, one)
    await until(lambda: feed.reference.recipients() == POLICE)
    assert sorted(feed.unlistened) == sorted(topics)
    assert feed.feed.topics() == [PREFIX + name for name in DATASETS]


async def test_after_a_cut_only_what_is_missing_is_asked_for_again(feed: Feed) -> None:
    parts = cut(json.dumps(CONTENT).encode())
    feed.give(manifest(content=None, parts=named(*parts)))
    part(feed, parts[0])
    assert feed.feed.topics() == [PREFIX + name for name in (*DATASETS, *(sha256(one) for one in parts[1:]))]
    other = cut(json.dumps(CONTENT).encode()[:-1] + b" }")  # the next version shares most of its parts
    feed.listened.clear()
    feed.give(manifest(6, content=None, parts=named(*other)))
    assert PREFIX + sha256(parts[0]) not in feed.listened
    with pytest.raises(Refused, match="old_version"):
        feed.give(manifest(5, content=None, parts=named(*parts)))
    for one in other[1:]:
        part(feed, one)
    await until(lambda: feed.reference.version("recipients") == 6)


async def test_a_part_that_does_not_have_its_hash_is_refused(feed: Feed) -> None:
    body = json.dumps(CONTENT).encode()
    feed.give(manifest(content=None, parts=named(body)))
    for wrong in (body[:-1] + b"]", b"", bytes(REFERENCE_PART_MAX_BYTES + 1)):
        with pytest.raises(Refused, match="bad_part"):
            part(feed, wrong, sha256(body))
    part(feed, body)
    await until(lambda: feed.reference.version("recipients") == 5)


async def test_parts_that_join_to_nonsense_are_refused(feed: Feed) -> None:
    feed.give(manifest(content=None, parts=named(b"{", b"no")))
    part(feed, b"no")
    with pytest.raises(Refused, match="malformed"):
        part(feed, b"{")
    feed.give(manifest(6))
    await until(lambda: feed.reference.version("recipients") == 6)


@pytest.mark.parametrize("again_s", [0.01, 3_600.0])
async def test_a_disk_that_is_full_is_tried_again_in_a_while_and_with_the_next_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again_s: float
) -> None:
    put, tried = Reference.put, asyncio.Event()

    async def full_at_first(*given: Any) -> bool:
        if not tried.is_set():
            tried.set()
            raise OSError(28, "No space left on device")
        return await put(*given)

    monkeypatch.setattr(reference_feed, "AGAIN_S", again_s)
    monkeypatch.setattr(Reference, "put", full_at_first)
    feed = Feed(tmp_path)
    feed.give(manifest())
    if again_s > 1:
        await until_cut(feed, tried.is_set)
        assert feed.changes == 0
    await until_cut(feed, lambda: feed.changes == 1)
    assert feed.reference.version("recipients") == 5


async def until_cut(feed: Feed, happened: Callable[[], bool]) -> None:
    """One connection, cut once this has happened."""
    keeping = asyncio.create_task(feed.feed.keep(feed.changed, feed.refused.append))
    await until(happened)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_what_was_being_written_when_the_connection_was_lost_is_in_force_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, writes, go_on = Feed(tmp_path), threading.Event(), threading.Event()
    write = reference_module._write

    def slow(*given: Any) -> None:
        writes.set()
        assert go_on.wait(5)
        write(*given)

    monkeypatch.setattr(reference_module, "_write", slow)
    feed.give(manifest())
    await until_cut(feed, writes.is_set)
    feed.give(manifest())  # retained: it comes again
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    await until_cut(feed, lambda: feed.changes == 1)
    assert feed.reference.recipients() == POLICE


@pytest.mark.parametrize("newer", [{"content": CONTENT}, {"content": None, "parts": named(b"{", b"}")}])
async def test_parts_of_a_former_version_are_not_listened_for_any_more(feed: Feed, newer: dict[str, Any]) -> None:
    feed.give(manifest(content=None, parts=named(b"{", b"old")))
    feed.give(manifest(6, **newer))
    assert PREFIX + sha256(b"old") in feed.unlistened
    assert PREFIX + sha256(b"old") not in feed.feed.topics()


# --- sealed ---------------------------------------------------------------------------------------------------------


def cards(version: int, *parts: bytes, **changes: Any) -> dict[str, Any]:
    return manifest(version, dataset="cards", content=None, parts=named(*parts), **changes)


async def test_a_sealed_dataset_comes_in_parts_and_is_in_force(feed: Feed) -> None:
    parts = cut(sealed(CARDS, feed.reference.recipient), 100)
    feed.give(cards(5, *parts), "cards")
    for one in parts:
        part(feed, one)
    await until(lambda: feed.changes == 1)
    assert feed.reference.book.who(CARD) is not None
    assert feed.reference.issued() == {"cards": "2026-11-23T08:00:00.000000Z"}
    assert feed.refused == []


NOT_FOR_US: list[tuple[str, Callable[[str], bytes]]] = [
    ("for another box", lambda _: sealed(CARDS, stranger())),
    ("not sealed", lambda _: json.dumps(CARDS).encode()),
    ("spoilt", lambda mine: sealed(CARDS, mine)[:-1] + b"x"),
    ("not by its schema", lambda mine: sealed({"pupils": []}, mine)),
]


@pytest.mark.parametrize("make", [pytest.param(row[1], id=row[0]) for row in NOT_FOR_US])
async def test_what_cannot_be_used_is_refused_reported_and_changes_nothing(
    feed: Feed, make: Callable[[str], bytes]
) -> None:
    good, bad = sealed(CARDS, feed.reference.recipient), make(feed.reference.recipient)
    feed.give(cards(4, good), "cards")
    part(feed, good)
    await until(lambda: feed.changes == 1)
    feed.give(cards(5, bad), "cards")
    part(feed, bad)
    await until(lambda: feed.refused == ["unusable"])
    assert [trouble.code for trouble in feed.reference.trouble()] == ["M-101"]
    assert (feed.reference.version("cards"), feed.changes) == (4, 1)
    assert feed.reference.book.who(CARD) is not None
    feed.listened.clear()
    feed.give(cards(5, bad), "cards")  # the broker gives it at each connection: it is not fetched again
    assert feed.listened == []
    again = sealed(CARDS, feed.reference.recipient)
    feed.give(cards(6, again), "cards")
    part(feed, again)
    await until(lambda: feed.reference.version("cards") == 6)
    assert feed.reference.trouble() == []


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("of a stranger", {"key": Ed25519PrivateKey.generate()}, {}, "unknown_key"),
    ("signed as an order", {"kind": "order"}, {}, "bad_signature"),
    ("of another school", {}, {"school": "school-08"}, "other_school"),
    ("an older version", {}, {"version": 3}, "old_version"),
    ("another dataset's", {}, {"dataset": "meals"}, "other_topic"),
    ("in the manifest", {}, {"content": CARDS, "parts": None}, ""),
]


@pytest.mark.parametrize(("how", "changes", "reason"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
async def test_a_manifest_that_is_not_believed_fetches_nothing(
    feed: Feed, how: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    good = sealed(CARDS, feed.reference.recipient)
    feed.give(cards(4, good), "cards")
    part(feed, good)
    await until(lambda: feed.changes == 1)
    feed.listened.clear()
    body = cards(5, good) | changes
    body = {name: value for name, value in body.items() if value is not None}
    if reason:
        with pytest.raises(Refused) as refusal:
            feed.give(body, "cards", **how)
        assert refusal.value.reason == reason
    else:
        feed.give(body, "cards", **how)
        await until(lambda: feed.refused == ["unusable"])
    assert feed.listened == []
    assert feed.reference.version("cards") == 4


async def test_half_a_dataset_waits_and_the_former_one_stays(feed: Feed) -> None:
    first, *rest = cut(sealed(CARDS, feed.reference.recipient), 100)
    feed.give(cards(5, first, *rest), "cards")
    part(feed, first)
    assert feed.feed.topics()[len(DATASETS) :] == [PREFIX + sha256(one) for one in rest]
    assert feed.reference.version("cards") == 0


@given(st.binary(max_size=60), st.sampled_from(["recipients", "x", sha256(b""), "a/b", ""]))
def test_rubbish_is_refused_and_never_raises_anything_else(payload: bytes, name: str) -> None:
    async def take() -> None:
        feed = Feed(Path("/nonexistent"))
        with pytest.raises(Refused):
            feed.feed.take(PREFIX + name, payload, {"key": "x", "sig": "y"})
        with contextlib.suppress(Refused):
            feed.give(payload, "recipients")

    asyncio.run(take())
