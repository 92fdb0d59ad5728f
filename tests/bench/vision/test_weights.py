"""A file of weights, made by hand as PyTorch wrote them in 2020: what is in it comes out, and nothing in it is run."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.vision import weights


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def numbers(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def file(storage: Sequence[float], offset: int, shape: Sequence[int], strides: Sequence[int]) -> bytes:
    """One tensor of the name w."""
    kept = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("7") + text("cpu") + number(len(storage)) + b"NtQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + kept + number(offset) + numbers(shape) + numbers(strides)
    parts = [
        pickle.dumps(weights.MAGIC, 2), pickle.dumps(1001, 2), pickle.dumps({}, 2),
        b"\x80\x02}" + text("w") + tensor + b"\x89}tRs.", pickle.dumps(["7"], 2),
    ]  # fmt: skip
    return b"".join(parts) + len(storage).to_bytes(8, "little") + np.array(storage, np.float32).tobytes()


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_a_tensor_is_a_view_of_its_numbers(rows: int, columns: int, offset: int, turned: bool) -> None:
    storage = np.arange(offset + rows * columns, dtype=np.float32)
    strides = (1, rows) if turned else (columns, 1)
    plain = storage[offset:]
    expected = plain.reshape(columns, rows).T if turned else plain.reshape(rows, columns)
    found = weights.read(file(storage.tolist(), offset, (rows, columns), strides))
    assert np.array_equal(found["w"], expected)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (5,), (1,)), (3, (2,), (1,)), (0, (2, 3), (3, 1)), (0, (2,), (-1,)), (-1, (2,), (1,))],
)
def test_a_tensor_reaches_for_no_other_memory(offset: int, shape: Sequence[int], strides: Sequence[int]) -> None:
    with pytest.raises(ValueError, match="beyond"):
        weights.read(file([1.0, 2.0, 3.0, 4.0], offset, shape, strides))


def test_nothing_in_the_file_is_run() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"posix\.system"):
        weights.read(b"cposix\nsystem\n(" + text("exit 7") + b"tR.")


def test_another_pickle_is_no_file_of_weights() -> None:
    with pytest.raises(ValueError, match="no file of weights"):
        weights.read(pickle.dumps(7, 2))
