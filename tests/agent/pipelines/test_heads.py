"""A head's file: what it means, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from agent.pipelines import heads

HEAD = heads.Head(
    ("fire", "smoke"),
    np.array([1, 2, 3], np.float32),
    np.array([2, 2, 1], np.float32),
    np.array([[1, 0], [0, 1], [2, -1]], np.float32),
    np.array([0.5, -0.5], np.float32),
)


def test_each_class_is_judged_by_itself() -> None:
    assert HEAD.logits(np.array([3, 2, 4], np.float32)) == {"fire": 3.5, "smoke": -1.5}


def test_a_file_gives_the_head_back_and_is_always_the_same() -> None:
    data = heads.dump(HEAD)
    assert heads.dump(heads.load(data)) == data
    assert heads.load(data).names == HEAD.names


def changed(**parts: np.ndarray) -> heads.Head:
    return heads.Head(**{name: parts.get(name, getattr(HEAD, name)) for name in HEAD.__struct_fields__})


BROKEN = [
    ("nothing", b""),
    ("no archive", b"PK\x03\x04 but no more"),
    ("cut short", heads.dump(HEAD)[:-80]),
    ("parts of other sizes", heads.dump(changed(bias=np.zeros(3, np.float32)))),
    ("no number", heads.dump(changed(mean=np.array([1, np.nan, 3], np.float32)))),
    ("no scale", heads.dump(changed(scale=np.zeros(3, np.float32)))),
]


@pytest.mark.parametrize("data", [case[1] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_what_is_no_head_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no head"):
        heads.load(data)
