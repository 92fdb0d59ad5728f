"""Stills: two of them fit a reading, whatever they show."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.pipelines import still
from agent.pipelines.still import jpeg
from drivers.readings import SNAPSHOT_BYTES

NOISE = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)  # no picture is larger as a JPEG


def test_two_stills_fit_a_reading_whatever_they_show() -> None:
    data = jpeg(NOISE)
    assert 0 < len(data) <= SNAPSHOT_BYTES // 2
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    assert found.shape == NOISE.shape


def test_what_has_no_room_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still, "MOST_BYTES", 100)
    assert jpeg(NOISE) == b""
