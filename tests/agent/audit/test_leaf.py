"""Leaves read back: the quick way has the slow one's bytes, erased ones keep their hash, rubbish is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.audit.leaf import SHAPES, Kept, Leaf, read, shown
from agent.events import LEAVES
from agent.ledger.entry import entry_of
from agent.ledger.merkle import leaf_hash
from tests.agent.audit.kept import changed, erased, ledger

MADE = ledger()
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def expected(event: bytes) -> bytes:
    content = json.loads(event)
    return leaf_hash(entry_of(content["type"], content["time"], content["data"]))


def test_every_salted_kind_has_a_quick_way() -> None:
    assert set(SHAPES) < LEAVES
    assert len(SHAPES) == 4


def test_every_leaf_of_a_ledger_has_the_hash_that_the_box_gave_it() -> None:
    for index, event in enumerate(MADE.events):
        leaf = read(Kept(body=event))
        assert (leaf.index, leaf.hash, leaf.fault) == (index, MADE.hashes[index], "")


@given(st.sampled_from(range(len(MADE.events))), st.text(min_size=1, max_size=8), ANY)
@settings(max_examples=150, deadline=None)
def test_whatever_the_data_are_the_hash_is_that_of_the_entry(index: int, name: str, value: Any) -> None:
    if name == "salt":
        return
    event = changed(MADE.events[index], lambda content: content["data"].update({name: value}))
    assert read(Kept(body=event)).hash == expected(event)


@pytest.mark.parametrize("name", ["reader", "tenge", "day", "salt", "pupil", "marks"])
def test_data_without_a_member_are_hashed_as_they_are_or_not_at_all(name: str) -> None:
    index = next(place for place, event in enumerate(MADE.events) if b"meal.granted" in event)
    event = changed(MADE.events[index], lambda content: content["data"].pop(name))
    leaf = read(Kept(body=event))
    if name == "pupil":  # a salt without a pupil commits to nobody
        assert (leaf.hash, leaf.fault) == (b"", "no_event")
    else:
        assert leaf.hash == expected(event)
        assert leaf.fault == ("senseless" if name in ("tenge", "day") else "")


def test_an_erased_leaf_keeps_its_hash_and_its_line() -> None:
    for index in range(len(MADE.events) - 1, 0, -97):
        whole, left = read(Kept(body=MADE.events[index])), read(Kept(body=erased(MADE.events[index])))
        assert (left.index, left.hash, left.line) == (index, whole.hash, whole.line)
        assert left.erased
        assert b"salt" not in erased(MADE.events[index])


@pytest.mark.parametrize(
    "body",
    [
        b"{}", b"null", b"[", b'{"leaf":"-1"}', b'{"leaf":1}', b'{"leaf":"1","type":"x","time":"y"}', b"\xff",
        b'{"leaf":"1","entry":"{}"}', b'{"leaf":"1_0","entry":"{\\"data\\":{},\\"time\\":\\"\\",\\"type\\":\\"\\"}"}',
        b'{"leaf":"99999999999999999999","sequence":"1","type":"x","time":"","data":{}}', b'{"data":' + b"[" * 50_000,
    ],
)  # fmt: skip
def test_rubbish_is_told(body: bytes) -> None:
    leaf = read(Kept(body=body))
    assert leaf.fault in ("no_event", "no_entry")
    assert leaf.hash == b""


def test_where_it_is_kept_and_where_it_says_it_is() -> None:
    event = MADE.events[5]
    sequence = read(Kept(body=event)).sequence
    assert read(Kept(5, sequence, event)).fault == ""
    for index, number in ((6, sequence), (5, sequence + 1)):
        leaf = read(Kept(index, number, event))
        assert (leaf.index, leaf.sequence, leaf.fault) == (index, number, "misplaced")


def test_only_a_hash_and_not_even_that() -> None:
    assert read(Kept(7, stored=bytes(32))) == Leaf(7, hash=bytes(32), stored=bytes(32))
    assert read(Kept(7)).hash == b""
    assert read(Kept(7, 9, b"rubbish", stored=bytes(32))).hash == bytes(32)


def test_what_is_shown_is_one_line() -> None:
    assert shown("a\x1b[2Jb\n\u202ec") == "a?[2Jb??c"
    assert shown("x" * 100) == "x" * 64
