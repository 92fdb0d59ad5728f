"""An event's entry in the ledger: the same bytes as the box's, and as any RFC 8785 encoder's."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import entry as boxes
from agent.ledger import lines as boxes_lines
from agent.model import Draft
from centre.ledger_entry import UNREADABLE, Facts, LeafEvent, entry_of, facts_of, index, leaf_of, line_in, line_of
from centre.ledger_tree import leaf_hash
from tests.agent.school.decisions import dated, forgotten, granted, reversed_, suspicion, visit

DECISIONS = [
    granted(1),
    forgotten(2),
    reversed_(3),
    dated(4),
    dated(5, counted=False),
    visit(6),
    visit(7, counted=False),
]
TIME = "2026-11-23T08:00:00.000000Z"
TEXT = "".join(map(chr, range(0xA1))) + "\u2028é—😀"
values = st.recursive(
    st.text() | st.integers(-(2**53), 2**53) | st.booleans(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


def event_of(draft: Draft) -> LeafEvent:
    return LeafEvent(draft.type, TIME, msgspec.to_builtins(draft.data))


@pytest.mark.parametrize("draft", DECISIONS, ids=lambda draft: draft.type)
def test_the_entry_is_the_boxs(draft: Draft) -> None:
    event = event_of(draft)
    assert entry_of(event) == boxes.entry_of(event.type, TIME, event.data)
    assert b"salt" not in entry_of(event)
    assert b'"pupil"' not in entry_of(event)


@given(data=st.dictionaries(st.text(st.characters(max_codepoint=126), max_size=8), values, max_size=5))
def test_without_a_salt_it_is_canonical_json(data: dict[str, Any]) -> None:
    data.pop("salt", None)
    text = json.dumps(
        {"type": "t", "time": TIME, "data": data}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    try:
        expected = text.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no JSON text
    assert entry_of(LeafEvent("t", TIME, data)) == expected


def test_strings_are_escaped_as_rfc_8785_says() -> None:
    """Section 3.2.2.2: only the quotation mark, the backslash and controls, the common ones by their letters."""
    text = entry_of(LeafEvent("t", TIME, {"text": TEXT})).decode()
    assert r'"\u0000\u0001' in text
    assert r"\b\t\n\u000b\f\r" in text
    assert r"\u001f !\"#" in text
    assert "\x7f\x80" in text
    assert text.count("\\") == 32 + 2 + 1  # thirty-two controls, the two, and the second of the backslash's own


def test_a_meal_is_hidden_only_by_its_salt() -> None:
    one, other = event_of(granted(1)), event_of(granted(1))
    other.data["salt"] = f"{99:032x}"
    assert entry_of(one) != entry_of(other)
    assert json.loads(entry_of(one))["data"].keys() == json.loads(entry_of(other))["data"].keys()


@pytest.mark.parametrize("draft", [*DECISIONS, suspicion()], ids=lambda draft: draft.type)
def test_it_counts_in_the_line_that_the_box_says(draft: Draft) -> None:
    event = event_of(draft)
    theirs = boxes_lines.line_of(event.type, event.data)
    ours = line_of(event.type, facts_of(event))
    assert ours == (None if "suspicion" in event.type else theirs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("12", 12),
        ("", None),
        ("01", None),
        ("+1", None),
        ("1_0", None),
        ("٣", None),
        ("9" * 17, None),
        ("-1", None),
    ],
)
def test_an_index_is_plain_digits(text: str, expected: int | None) -> None:
    assert index(text) == expected


def body(**changes: Any) -> str:
    return json.dumps({"type": "t", "time": TIME, "data": {"n": 1}, "leaf": "7"} | changes)


def test_a_leaf_has_the_hash_of_its_entry() -> None:
    leaf = leaf_of(body(), 3)
    assert leaf is not None
    assert (leaf.sequence, leaf.idx, leaf.type) == (3, 7, "t")
    assert leaf.hash == leaf_hash(f'{{"data":{{"n":1}},"time":"{TIME}","type":"t"}}'.encode())


@pytest.mark.parametrize(
    "spoilt",
    [
        {"leaf": "x"}, {"leaf": 7}, {"data": []}, {"data": {"salt": "no hex", "pupil": ""}}, {"time": 1},
        {"data": {"salt": "00"}}, {"data": {"salt": "00", "pupil": 7}}, {"data": {"salt": 0, "pupil": ""}},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_a_leaf_has_no_place(spoilt: dict[str, Any]) -> None:
    assert leaf_of(body(**spoilt), 3) is None


def test_data_that_says_nonsense_is_counted_nowhere() -> None:
    odd = body(type="kz.mektep.meal.granted.v1", data={"tenge": "many"})
    assert line_in(odd) is None
    with pytest.raises(UNREADABLE):
        facts_of(LeafEvent("t", TIME, {"tenge": "many"}))
    assert facts_of(LeafEvent("t", TIME, {})) == Facts()
