"""What holds for every test.

Properties  are tried with the same examples each time, so that a change is judged by what it does and not by luck.
            `make properties` looks for new ones; what it finds becomes an @example. How long they take says how
            busy the machine is: it fails nothing.
Garbage     who looks for it does not search through what all tests before have left.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.enrolling import Enrolling

SLOW = [HealthCheck.too_slow]
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=SLOW)
settings.register_profile("new", print_blob=True, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("PROPERTIES", "same"))


@pytest.fixture(scope="session")
def enrolling() -> Iterator[Enrolling]:
    """A city that enrols boxes, its broker and its EST server running."""
    from tests.enrolling import enrolling_city  # only who wants it pays for its imports

    with enrolling_city() as made:
        yield made


@pytest.fixture(autouse=True, scope="module")
def _only_our_own_garbage() -> None:
    """Tests that look for files left open collect garbage. Through everything that is loaded that takes a second, in
    which no simulated device answers: what lives at a module's start is left out from then on.
    """
    gc.collect()
    gc.freeze()
