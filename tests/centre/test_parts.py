"""Parts are checked before anything is kept; in whatever order, cut and number they come, the bytes come together."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.parts import Part, Range, fresh, joined, judge_part
from centre.wire import EVIDENCE_MAX, PART_MAX, Refused
from tests.centre.far_box import FarBox, Message, public

BOX = FarBox("school-07")
NAME = "6ecd8c99-4036-403d-bf84-cf8400f67836"
SEALED = random.Random(1).randbytes(40_000)


def judged(message: Message, box: FarBox = BOX, school: str = "school-07") -> Part:
    return judge_part(school, NAME, message.topic, message.payload, message.properties, public(box.key))


def test_a_part_is_what_its_box_has_signed() -> None:
    part = judged(BOX.part(NAME, SEALED, 16_384))
    assert (part.school, part.name, part.size, part.first, part.last) == ("school-07", NAME, 40_000, 16_384, 32_767)
    assert part.body == SEALED[16_384:32_768]


def statement(**changes: Any) -> dict[str, str]:
    return {"sha256": "ab" * 32, "bytes": "100", "offset": "0"} | changes


WRONG: list[tuple[str, Message, str]] = [
    ("too large", BOX.part(NAME, SEALED, 0, PART_MAX + 1), "oversized"),
    ("empty", BOX.part(NAME, SEALED, 40_000), "bad_range"),
    ("beyond the end", BOX.part_of(NAME, b"x" * 11, statement(offset="90")), "bad_range"),
    ("a file without bytes", BOX.part_of(NAME, b"x", statement(bytes="0")), "bad_range"),
    ("a huge file", BOX.part_of(NAME, b"x", statement(bytes=str(EVIDENCE_MAX + 1))), "bad_range"),
    ("a leading zero", BOX.part_of(NAME, b"x", statement(offset="01")), "bad_range"),
    ("a sign", BOX.part_of(NAME, b"x", statement(offset="-1")), "bad_range"),
    ("other digits", BOX.part_of(NAME, b"x", statement(bytes="١٠")), "bad_range"),
    ("many digits", BOX.part_of(NAME, b"x", statement(bytes="1" * 5_000)), "bad_range"),
    ("no hash", BOX.part_of(NAME, b"x", statement(sha256="AB" * 32)), "bad_range"),
    ("nothing said", Message(BOX.topic(f"evidence/{NAME}"), b"x", {}), "bad_range"),
    ("compressed", BOX.part(NAME, SEALED, 0, encoding="zstd"), "unknown_encoding"),
    ("moved within the file", BOX.part(NAME, SEALED, 0, offset="16384"), "bad_signature"),
    ("of another file", BOX.part(NAME, SEALED, 0, sha256="ab" * 32), "bad_signature"),
    ("a longer file", BOX.part(NAME, SEALED, 0, bytes="40001"), "bad_signature"),
    ("no signature", BOX.part(NAME, SEALED, 0, sig=""), "bad_signature"),
    ("another key", FarBox("school-07").part(NAME, SEALED, 0), "unknown_key"),
]


@pytest.mark.parametrize(("message", "reason"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_what_is_wrong_is_refused(message: Message, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        judged(message)
    assert refusal.value.reason == reason


def test_a_part_for_one_school_cannot_be_moved_to_another() -> None:
    message = BOX.part(NAME, SEALED, 0)
    moved = Message(message.topic.replace("school-07", "school-08"), message.payload, message.properties)
    with pytest.raises(Refused, match="bad_signature"):
        judge_part("school-08", NAME, moved.topic, moved.payload, moved.properties, public(BOX.key))
    other = Message(message.topic[:-1] + "7", message.payload, message.properties)
    with pytest.raises(Refused, match="bad_signature"):
        judged(other)


@given(st.binary(max_size=40), st.dictionaries(st.sampled_from(["sha256", "bytes", "offset", "key", "sig"]), st.text()))
def test_rubbish_is_refused_and_never_raises_anything_else(payload: bytes, properties: dict[str, str]) -> None:
    with pytest.raises(Refused):
        judge_part("school-07", NAME, BOX.topic(f"evidence/{NAME}"), payload, properties, public(BOX.key))


# --- putting together -----------------------------------------------------------------------------------------------


def stored_ranges(kept: dict[int, bytes]) -> list[Range]:
    return [(first, first + len(body) - 1) for first, body in sorted(kept.items())]


@given(st.integers(1, 60), st.lists(st.tuples(st.integers(0, 59), st.integers(1, 20)), max_size=30), st.randoms())
def test_any_cuts_in_any_order_with_repeats_come_together(
    size: int, cuts: list[tuple[int, int]], order: random.Random
) -> None:
    whole = bytes(range(size))
    every = [(at, 7) for at in range(0, size, 7)]  # all of it, among the others
    parts = [(first, min(length, size - first)) for first, length in [*cuts, *every] if first < size]
    order.shuffle(parts)
    kept: dict[int, bytes] = {}
    seen: set[int] = set()
    for first, length in parts:
        part = Part("s", "n", "", size, first, whole[first : first + length])
        for at, body in fresh(part, stored_ranges(kept)):
            assert body
            assert not seen & set(range(at, at + len(body)))  # nothing is stored twice
            kept[at] = body
            seen |= set(range(at, at + len(body)))
        assert set(range(first, first + length)) <= seen
        told = joined(stored_ranges(kept))
        assert {byte for first, last in told for byte in range(first, last + 1)} == seen
        assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(told))
    assert b"".join(kept[at] for at in sorted(kept)) == whole
    assert joined(stored_ranges(kept)) == [(0, size - 1)]


def test_what_came_first_stays() -> None:
    other = Part("s", "n", "", 10, 2, b"XXXXXX")
    assert fresh(other, [(0, 3), (6, 6)]) == [(4, b"XX"), (7, b"X")]
    assert fresh(other, [(0, 9)]) == []
    assert fresh(other, []) == [(2, b"XXXXXX")]
