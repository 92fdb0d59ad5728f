"""A daemon for those who test it as a whole."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.agent.running import Running


@pytest.fixture
async def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """Started by the test and stopped at its end; then threads change places as often as before."""
    from tests.agent.running import Running  # only who wants it pays for its imports

    before = sys.getswitchinterval()
    made = Running(tmp_path, monkeypatch)
    yield made
    await made.stop()
    sys.setswitchinterval(before)
