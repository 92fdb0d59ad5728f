"""Decoding in pieces takes and refuses what decoding at once does, and lets others run meanwhile."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dataset_text import LONG, read
from agent.datasets import DATASETS
from tests.agent.evidence.pictures import RECIPIENT
from tests.agent.sealed import CALENDAR, CARDS, PUPIL

MEALS: dict[str, Any] = {
    "meals": [{"meal": "lunch", "starts": "11:00", "ends": "13:00"}],
    "programmes": [{"programme": "paid", "tariffs": [{"first": "2026-09-01", "tenge": 600}]}],
    "entitlements": [
        {"pupil": PUPIL, "programme": "paid", "meals": ["lunch"], "first": "2026-09-01", "last": "2027-05-25"}
    ],
}
CLUBS: dict[str, Any] = {
    "clubs": [{"club": "chess", "places": 12, "times": [{"weekday": 2, "starts": "15:00", "ends": "16:30"}]}],
    "vouchers": [{"voucher": "v-1", "pupil": PUPIL, "club": "chess", "first": "2026-09-01", "last": "2027-05-25"}],
}
SOUND = {
    "recipients": {"snapshot": [RECIPIENT]}, "cards": CARDS, "calendar": CALENDAR, "meals": MEALS, "clubs": CLUBS,
    "duty": {"duties": [{"staff": PUPIL}]}, "live": {"servers": [{"host": "media.example.kz"}], "sessions": 1},
}  # fmt: skip


def at_once(dataset: str, text: bytes) -> msgspec.Struct | None:
    """None: refused."""
    try:
        return msgspec.json.decode(text, type=DATASETS[dataset])
    except (ValueError, RecursionError):
        return None


def in_pieces(dataset: str, text: bytes) -> msgspec.Struct | None:
    try:
        return read(dataset, text)
    except (ValueError, RecursionError):
        return None


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_sound_dataset_is_read(dataset: str) -> None:
    text = json.dumps(SOUND[dataset]).encode()
    found = in_pieces(dataset, text)
    assert found is not None
    assert found == at_once(dataset, text)


@pytest.mark.parametrize("type_", LONG)
def test_the_limit_is_that_of_the_schema(type_: type[msgspec.Struct]) -> None:
    (dataset,) = [name for name, known in DATASETS.items() if known is type_]
    long = LONG[type_]
    (item,) = SOUND[dataset][long.field]
    for count, well in ((long.most, True), (long.most + 1, False)):
        text = json.dumps(SOUND[dataset] | {long.field: [item] * count}).encode()
        assert (in_pieces(dataset, text) is not None, at_once(dataset, text) is not None) == (well, well)


SPOILT = [
    b"", b"{", b"[]", b"null", b"{}", b'{"pupils":null}', b'{"pupils":{}}', b'{"pupils":[null]}', b"[" * 5_000,
    b'{"pupils":' + b"[" * 5_000, b'{"pupils":[]} x', b"\xff",
]  # fmt: skip


@pytest.mark.parametrize("dataset", ["cards", "meals", "clubs"])
@pytest.mark.parametrize("text", SPOILT)
def test_what_is_refused_is_the_same(dataset: str, text: bytes) -> None:
    assert in_pieces(dataset, text) is None
    assert at_once(dataset, text) is None


@given(st.sampled_from(["cards", "meals", "clubs"]), st.data())
def test_a_dataset_with_one_thing_spoilt_is_taken_or_refused_alike(dataset: str, data: st.DataObject) -> None:
    body = json.loads(json.dumps(SOUND[dataset]))
    field = data.draw(st.sampled_from(sorted(body)))
    other = data.draw(st.none() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=1) | st.just(...))
    (inner,) = body[field] if isinstance(body[field], list) else ({},)
    target = inner if inner and data.draw(st.booleans()) else body
    key = data.draw(st.sampled_from(sorted(target)))
    if other is ...:
        del target[key]
    else:
        target[key] = other
    text = json.dumps(body).encode()
    assert in_pieces(dataset, text) == at_once(dataset, text)
