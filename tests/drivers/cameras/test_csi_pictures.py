"""What is made of picamera2's pictures: cut from their strides, small enough, coarse, black where masks are."""

from __future__ import annotations

import io
import sys
import types
from typing import Any

import numpy as np
import pytest

from drivers.cameras import csi_pictures
from drivers.cameras.masks import Masks
from drivers.readings import BLOCKS, SNAPSHOT_BYTES
from tests.drivers.outlines import LEFT

NOISE = np.random.default_rng(1).integers(0, 256, (540, 704), np.uint8)  # a stride of 704 for 640 pixels
MASKED = Masks([LEFT])


class Given:
    """As much of a camera and of its request as is asked; a JPEG is as large as its quality says."""

    def __init__(self, *sizes: int) -> None:
        self.options: dict[str, int] = {}
        self._sizes = dict(zip(csi_pictures.QUALITIES, sizes, strict=False))

    def camera_configuration(self) -> dict[str, Any]:
        return {"lores": {"size": (640, 360), "format": "YUV420"}}

    def make_array(self, name: str) -> Any:
        assert name == "lores"
        return NOISE

    def save(self, name: str, file: io.BytesIO, format: str) -> None:
        assert (name, format) == ("main", "jpeg")
        file.write(bytes(self._sizes[self.options["quality"]]))


def test_the_small_picture_is_cut_from_its_stride_and_its_colours() -> None:
    one = Given()
    small = csi_pictures.planes_of(one, one, "lores")
    assert (small[0] == NOISE[:360, :640]).all()
    assert csi_pictures.grey_picture(small).shape == (180, 320)


@pytest.mark.parametrize(
    ("sizes", "taken"),
    [
        ((10,), 10),
        ((SNAPSHOT_BYTES,), SNAPSHOT_BYTES),
        ((SNAPSHOT_BYTES + 1, 7), 7),
        ((1 << 22, 1 << 22, 1 << 21, 5), 5),
    ],
)
def test_a_snapshot_is_as_good_as_it_may_be_large(sizes: tuple[int, ...], taken: int) -> None:
    one = Given(*sizes)
    assert len(csi_pictures.snapshot(one, one, Masks(()))) == taken


@pytest.mark.parametrize("masks", [Masks(()), MASKED])
def test_a_coarse_picture_is_blocks_of_one_shade(masks: Masks, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []

    def encode(picture: Any, **_: str) -> bytes:
        shown.append(picture[:, :, 0])
        return b"jpeg"

    monkeypatch.setitem(sys.modules, "simplejpeg", types.SimpleNamespace(encode_jpeg=encode))
    grey = NOISE[:180, :320].copy()
    assert csi_pictures.coarse(grey, masks) == b"jpeg"
    (picture,) = shown
    cell = picture.shape[1] // BLOCKS
    blocks = picture.reshape(picture.shape[0] // cell, cell, BLOCKS, cell)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert bool(picture[:, :160].max() == 0) is bool(masks)
    assert (grey == NOISE[:180, :320]).all()  # what is looked at stays as it was
