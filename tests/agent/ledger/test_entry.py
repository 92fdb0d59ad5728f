"""A leaf's bytes are canonical JSON, tell nothing of the child, and can be made by anybody with standard tools."""

from __future__ import annotations

import hashlib
import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.entry import entry_of, who

TYPE, TIME = "kz.mektep.meal.granted.v1", "2026-11-23T06:40:00.000000Z"
DATA = {"reader": "canteen-1", "pupil": "0a" * 8, "salt": "0c" * 16, "meal": "lunch", "tenge": 450, "marks": []}


def test_the_entry_is_the_documented_one() -> None:
    stands = hashlib.sha256(bytes.fromhex("0c" * 16) + b"0a0a0a0a0a0a0a0a").hexdigest()
    assert entry_of(TYPE, TIME, DATA) == (
        b'{"data":{"marks":[],"meal":"lunch","reader":"canteen-1","tenge":450,"who":"' + stands.encode() + b'"},'
        b'"time":"2026-11-23T06:40:00.000000Z","type":"kz.mektep.meal.granted.v1"}'
    )


def test_what_has_no_salt_is_whole_in_it() -> None:
    assert b'"pupil":"x"' in entry_of(TYPE, TIME, {"pupil": "x"})


def test_neither_the_child_nor_the_salt_is_in_it() -> None:
    entry = entry_of(TYPE, TIME, DATA).decode()
    assert str(DATA["pupil"]) not in entry
    assert str(DATA["salt"]) not in entry


def test_another_salt_hides_the_same_child_otherwise() -> None:
    assert who("0a" * 8, "0c" * 16) != who("0a" * 8, "0d" * 16)


@pytest.mark.parametrize("salt", ["xx", "0", 5])
def test_a_salt_that_is_none_is_an_error(salt: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        entry_of(TYPE, TIME, DATA | {"salt": salt})


VALUE = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcXYZ_09", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abcXYZ_09", min_size=1), VALUE, max_size=5))
def test_it_is_the_canonical_form(data: dict[str, object]) -> None:
    """RFC 8785 for what has no floats and ASCII names: sorted, compact, only what must be is escaped."""
    body = {"data": data, "time": TIME, "type": TYPE}
    written = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json.loads(entry_of(TYPE, TIME, data)) == body
    if "\x7f" not in written:
        assert entry_of(TYPE, TIME, data).decode("utf-8", "surrogatepass") == written


def test_jq_writes_the_same() -> None:
    body = json.dumps({"type": TYPE, "time": TIME, "data": {"б": 1, "a": ["ә", {"z": True, "b": ""}]}})
    done = subprocess.run(["jq", "-cSj", "."], input=body.encode(), capture_output=True, check=True)
    assert done.stdout == entry_of(TYPE, TIME, json.loads(body)["data"])
