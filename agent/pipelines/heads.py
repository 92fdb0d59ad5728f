"""A trained head: what a network's features mean, by one table of numbers. Standardise, weigh, squash.

File    .npz of float32: mean, scale (features,), weight (features, classes), bias (classes,); names, the classes as
        text; trained, the first 16 hex digits of the SHA-256 of each file it learned from. Each class is judged by
        itself: the shares do not add up to one.
Made by python -m bench.vision train, from footage; models/manifest.toml says which, and what it was worth.
"""

from __future__ import annotations

import io
import zipfile

import msgspec
import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]


class Head(msgspec.Struct, frozen=True):
    """The arrays are never written to."""

    names: tuple[str, ...]
    mean: Features
    scale: Features
    weight: Features
    bias: Features
    trained: tuple[str, ...] = ()

    def logits(self, features: Features) -> dict[str, float]:
        """How strongly a picture's or clip's features speak for each class: 0 is even odds."""
        found = ((features - self.mean) / self.scale) @ self.weight + self.bias
        return dict(zip(self.names, map(float, found), strict=True))


def load(data: bytes) -> Head:
    """The head in a file's bytes. Raises ValueError if they are no head."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as parts:
            names, trained = (tuple(map(str, parts[key].astype(np.str_))) for key in ("names", "trained"))
            mean, scale, weight, bias = (parts[key].astype(np.float32) for key in ("mean", "scale", "weight", "bias"))
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as wrong:
        raise ValueError(f"no head: {wrong}") from wrong
    if mean.shape != scale.shape or weight.shape != (*mean.shape, len(names)) or bias.shape != (len(names),):
        raise ValueError("no head: its parts do not fit each other")
    if not all(np.isfinite(part).all() for part in (mean, scale, weight, bias)) or not (scale > 0).all():
        raise ValueError("no head: a number in it is none")
    return Head(names, mean, scale, weight, bias, trained)


def dump(head: Head) -> bytes:
    """The file of a head: the same bytes for the same head."""
    into = io.BytesIO()
    parts = {"mean": head.mean, "scale": head.scale, "weight": head.weight, "bias": head.bias}
    np.savez(
        into,
        names=np.array(head.names, dtype=np.bytes_),
        trained=np.array(head.trained, dtype=np.bytes_),
        **{key: part.astype(np.float32) for key, part in parts.items()},  # type: ignore[arg-type]
    )
    return into.getvalue()
