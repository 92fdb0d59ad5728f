"""A dataset is one signed manifest, or a manifest and its parts; its version only rises."""

from __future__ import annotations

import hashlib
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre.errors import CentreError
from centre.reference import INLINE_MAX, PART_BYTES, Message, Published, check, messages, next_version, part_names
from centre.wire import verify
from tests.centre.conftest import Open
from tests.centre.far_box import public

KEY = Ed25519PrivateKey.generate()
TOPIC = "mektep/v1/school-07/reference/"
RECIPIENT = "age1dt6k3j9gymspxnn8d7rd760vggfy6w3xvyyl9mpsqmvvrjl2ef9sc3kvjn"
SMALL = json.dumps({"snapshot": [RECIPIENT]}).encode()


def large(seed: str = "a", count: int = 3_000) -> bytes:
    return json.dumps({f"{number:05d}": seed * 90 for number in range(count)}).encode()


def made(content: bytes, former: list[str] | None = None) -> list[Message]:
    return messages(KEY, "school-07", "recipients", 5, content, former or [])


def test_a_small_dataset_is_one_signed_message() -> None:
    (one,) = made(SMALL)
    assert one.topic == TOPIC + "recipients"
    verify(public(KEY), "reference", one.topic, one.payload, one.user)
    body = json.loads(one.payload)
    assert body.pop("issued").endswith("Z")
    assert body == {"dataset": "recipients", "school": "school-07", "version": 5, "content": json.loads(SMALL)}


def test_a_large_one_comes_in_parts_named_by_their_hash_the_manifest_last() -> None:
    content = large()
    *parts, manifest = made(content)
    assert len(parts) == -(-len(content) // PART_BYTES) > 1
    assert b"".join(part.payload for part in parts) == content
    assert [part.topic for part in parts] == [TOPIC + hashlib.sha256(part.payload).hexdigest() for part in parts]
    body = json.loads(manifest.payload)
    assert "content" not in body
    assert [part["sha256"] for part in body["parts"]] == part_names(content)
    assert sum(part["bytes"] for part in body["parts"]) == len(content)
    verify(public(KEY), "reference", manifest.topic, manifest.payload, manifest.user)


def test_parts_that_nobody_needs_now_are_taken_back_after_the_manifest() -> None:
    before, after = large("a"), large("a")[:PART_BYTES] + large("b")[PART_BYTES:]
    told = made(after, part_names(before))
    gone = [one for one in told if one.payload == b""]
    assert [one.topic for one in gone] == [TOPIC + name for name in part_names(before)[1:]]  # the first is the same
    assert told.index(gone[0]) > [one.topic for one in told].index(TOPIC + "recipients")
    assert [one.payload for one in made(SMALL, part_names(before))[1:]] == [b""] * len(part_names(before))


@pytest.mark.parametrize(
    ("dataset", "content"),
    [
        ("recipients", b"[]"),
        ("recipients", b"{}"),
        ("recipients", b'{"snapshot": ["age1short"]}'),
        ("recipients", json.dumps({"snapshot": [RECIPIENT] * 17}).encode()),
        ("recipients", json.dumps({"snapshot": [RECIPIENT], "clip": []}).encode()),
        ("recipients", json.dumps({"snapshot": [], "blurred": [RECIPIENT] * 17}).encode()),
        ("recipients", b'{"snapshot": [], "blurred": ["age1short"]}'),
        ("recipients", json.dumps({"blurred": [RECIPIENT]}).encode()),
        ("recipients", b'{"snapshot": [], "support": ["age1short"]}'),
        ("cards", b"no JSON"),
        ("cards", b"\xff{}"),
        ("cards", b'{"a":"' + b"x" * (64 * PART_BYTES) + b'"}'),
    ],
)
def test_what_boxes_would_refuse_is_not_published(dataset: str, content: bytes) -> None:
    with pytest.raises(CentreError, match="K-123"):
        check(dataset, content)


def test_what_is_sound_is(monkeypatch: pytest.MonkeyPatch) -> None:
    check("recipients", SMALL)
    check("recipients", b'{"snapshot": []}')
    check("recipients", json.dumps({"snapshot": [], "blurred": [RECIPIENT] * 16}).encode())
    check("recipients", json.dumps({"snapshot": [], "support": [RECIPIENT] * 16}).encode())
    check("cards", large())
    assert len(SMALL) < INLINE_MAX < len(large())


def test_a_version_is_never_given_twice() -> None:
    assert next_version(0) == pytest.approx(time.time(), abs=5)
    assert next_version(10**12) == 10**12 + 1


def test_the_newest_is_kept(open_one: Open) -> None:
    published = Published(open_one())
    assert (published.newest("school-07", "recipients"), published.versions("school-07")) == ((0, b""), {})
    published.note("school-07", "recipients", 5, b"five")
    published.note("school-07", "recipients", 4, b"four")
    published.note("school-07", "cards", 1, b"one")
    published.note("school-08", "recipients", 9, b"nine")
    assert published.newest("school-07", "recipients") == (5, b"five")
    assert published.versions("school-07") == {"cards": "1", "recipients": "5"}
    published.note("school-07", "recipients", 6, b"six")
    assert published.newest("school-07", "recipients") == (6, b"six")


def test_what_is_sealed_comes_in_parts_however_small() -> None:
    sealed = b"age-encryption.org/v1\n-> X25519 ..."
    part, manifest = made(sealed)
    assert (part.topic, part.payload, part.user) == (TOPIC + hashlib.sha256(sealed).hexdigest(), sealed, {})
    assert "content" not in json.loads(manifest.payload)
    assert part_names(sealed) == [hashlib.sha256(sealed).hexdigest()]
