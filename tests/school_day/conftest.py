"""Whole schools for these tests: made by the products' own commands, stopped and removed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.school import School

MakeSchool = Callable[..., Awaitable[School]]


@pytest.fixture
async def make_school(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MakeSchool]:
    """make_school(**options of School): made, not started."""
    schools: list[School] = []

    async def make(**options: Any) -> School:
        folder = tmp_path_factory.mktemp("school")
        for shared in (folder, *folder.parents):
            if shared == Path("/tmp"):
                break
            shared.chmod(0o711)  # the broker drops to its own user and must reach its part
        school = School(folder, **options)
        schools.append(school)
        await school.make()
        return school

    yield make
    for school in schools:
        await school.stop()
        school.clean()
