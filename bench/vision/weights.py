"""Tensors out of a .pth file of 2020, without PyTorch: two kinds of object are let through, everything else is refused.

Form    four pickles (a magic number, a version, what wrote it, the tensors by name), then the storages that the tensors
        are views of: a length and the numbers of each.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
TYPES: dict[str, type[np.generic]] = {"FloatStorage": np.float32, "LongStorage": np.int64}


class _Storage(NamedTuple):
    kind: str
    key: str


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Pickle(pickle.Unpickler):
    """Names nothing but an ordered dictionary, a tensor and the two kinds of storage."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in TYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a table of weights")

    def persistent_load(self, pid: tuple[Any, ...]) -> _Storage:
        return _Storage(str(pid[1]), str(pid[2]))


def read(data: bytes) -> dict[str, NDArray[Any]]:
    """All tensors by name. Raises pickle.UnpicklingError, ValueError."""
    file = io.BytesIO(data)
    if _Pickle(file).load() != MAGIC:
        raise ValueError("this is no file of weights")
    _Pickle(file).load()
    _Pickle(file).load()
    tensors: dict[str, _Tensor] = _Pickle(file).load()
    kinds = {one.storage.key: TYPES[one.storage.kind] for one in tensors.values()}
    storages = {key: _numbers(file, kinds[key]) for key in _Pickle(file).load()}
    return {name: _view(one, storages[one.storage.key]) for name, one in tensors.items()}


def _numbers(file: BinaryIO, kind: type[np.generic]) -> NDArray[Any]:
    count = int(np.frombuffer(file.read(8), np.int64)[0])
    return np.frombuffer(file.read(count * np.dtype(kind).itemsize), kind)


def _view(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if tensor.offset < 0 or any(step < 0 for step in tensor.strides) or last >= max(1, storage.size):
        raise ValueError("a tensor reaches beyond its numbers")
    strides = tuple(step * storage.itemsize for step in tensor.strides)
    return np.array(np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides))
