"""Whole schools for these tests: made by the products' own commands, stopped and removed at the end."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.school import School

MakeSchool = Callable[..., Awaitable[School]]


@pytest.fixture
async def make_school() -> AsyncIterator[MakeSchool]:
    """make_school(**options of School): made, not started.

    Outside pytest's own folders: those are closed to the broker, which drops to its own user.
    """
    schools: list[School] = []

    async def make(**options: Any) -> School:
        folder = Path(tempfile.mkdtemp(prefix="mektep-school-"))
        folder.chmod(0o711)
        school = School(folder, **options)
        schools.append(school)
        await school.make()
        return school

    yield make
    for school in schools:
        await school.stop()
        school.clean()
