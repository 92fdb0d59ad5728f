"""A short course of the contestants that need no installation, against their real brokers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers import mektep, mosquitto_bridge
from bench.peers.contestant import Make
from bench.peers.course import Course

EVENTS, TAPS = 300, 3


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the broker, which drops to its own user, can reach its part."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.mark.parametrize("make", [mektep.contestant, mosquitto_bridge.contestant])
async def test_a_course(make: Make, folder: Path) -> None:
    contestant = make(folder)
    course = Course(contestant, folder)
    try:
        await course.begin()
        rush, paced = await course.rush(EVENTS), await course.paced(TAPS)
        there = await contestant.far.arrived()
    finally:
        await contestant.close()
    assert rush.events_per_s > 0
    assert len(paced.taken_ms) == TAPS
    assert min(paced.taken_ms) > 0
    assert there >= set(range(1, 1 + EVENTS + TAPS))
