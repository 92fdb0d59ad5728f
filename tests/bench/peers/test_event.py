"""All contestants carry the same text: what our wire has, with another card."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers import event


@given(number=st.integers(min_value=0, max_value=2**64))
def test_the_number_of_a_tap_is_read_back(number: int) -> None:
    text = event.TEXT % number
    assert event.number(text) == event.number(text.encode()) == number


def test_it_is_a_whole_event() -> None:
    tap = json.loads(event.TEXT % 5)
    assert tap["type"] == "kz.mektep.card.seen.v1"
    assert tap["data"] == {"reader": "canteen-1", "form": "em4100", "card": f"{5:032x}"}
    assert 400 < len(event.TEXT % 5) < 600


def test_what_is_no_tap_has_no_number() -> None:
    with pytest.raises(msgspec.DecodeError):
        event.number("{}")
