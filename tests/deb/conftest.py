"""A box as root's script for updates finds it, fresh for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deb.root_updates import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)
