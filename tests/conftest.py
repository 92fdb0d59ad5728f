"""What holds for every test: who looks for garbage does not search through what all tests before have left."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def _only_our_own_garbage() -> None:
    """Tests that look for files left open collect garbage. Through everything that is loaded that takes a second, in
    which no simulated device answers: what lives at a module's start is left out from then on.
    """
    gc.collect()
    gc.freeze()
