"""A picture of now by order: on the record who looked, both forms kept as evidence; a word where there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.datasets import Recipients
from agent.live.stills import Stills
from agent.sync.orders import Failed
from drivers.errors import DeviceError
from drivers.readings import Still
from tests.agent.evidence.pictures import evidence_of, jpeg, nobody, somebody
from tests.agent.live.box import Box, box


class Desk:
    def __init__(self, school: Box, folder: Path) -> None:
        self.school = school
        self.recipients = somebody()
        self.evidence = evidence_of(school.outbox, folder, school.clock, self._recipients)
        self.stills = Stills(school.opened, self.evidence.keep, school.outbox.accept, school.clock)
        school.cameras["gate"].still_ = Still(
            jpeg=jpeg(), blurred=jpeg(seed=2), at_ns=school.clock.utc_ns(), monotonic_ns=school.clock.monotonic_ns()
        )

    def _recipients(self) -> Recipients:
        return self.recipients


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with box(tmp_path) as school:
        made = Desk(school, tmp_path)
        await made.evidence.begin()
        yield made
        await made.evidence.drained()


async def test_both_forms_are_kept_and_the_viewing_is_on_the_record(desk: Desk) -> None:
    ids = await desk.stills.take("gate")
    await desk.evidence.drained()
    sealed = await desk.school.records("evidence.sealed")
    assert {(one["evidence"], one["kind"], one["camera"]) for one in sealed} == {
        (ids.snapshot, "snapshot", "gate"),
        (ids.blurred, "blurred", "gate"),
    }
    (viewed,) = await desk.school.records("camera.viewed")
    assert (viewed["camera"], viewed["by"], viewed["what"]) == ("gate", "centre", "order")


async def test_where_the_viewing_cannot_be_recorded_nothing_is_kept(desk: Desk) -> None:
    async def fail(_drafts: object) -> None:
        raise OSError("full")

    stills = Stills(desk.school.opened, desk.evidence.keep, fail, desk.school.clock)
    with pytest.raises(OSError, match="full"):
        await stills.take("gate")
    await desk.evidence.drained()
    assert await desk.school.records("evidence.sealed") == []


async def test_without_a_picture_there_is_a_word(desk: Desk) -> None:
    with pytest.raises(Failed, match=r"^camera_gone$"):
        await desk.stills.take("attic")
    desk.school.cameras["gate"].still_ = DeviceError("V-112", "gate has no picture to give now", do="Ask again.")
    with pytest.raises(Failed, match=r"^V-112 gate has no picture"):
        await desk.stills.take("gate")
    assert await desk.school.records("camera.viewed") == []


async def test_where_nobody_may_see_it_none_is_kept(desk: Desk) -> None:
    desk.recipients = nobody()
    with pytest.raises(Failed, match=r"^not_kept$"):
        await desk.stills.take("gate")
