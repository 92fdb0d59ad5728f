"""The pause before a try: as long as the back-off says, cut short by an alarm, short for a while after it."""

from __future__ import annotations

import asyncio

import pytest

from agent.model import Lane
from agent.sync.link import BACKOFF_MAX_S, URGENT_FOR_S, URGENT_S
from agent.sync.pause import Pause
from tests.clock import FastClock

MANY = 20  # failures: the limit is the longest


class Asleep(FastClock):
    """Whoever sleeps longer than it is patient sleeps for ever."""

    def __init__(self, patient_s: float) -> None:
        super().__init__()
        self.patient_s = patient_s
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        if seconds > self.patient_s:
            await asyncio.Event().wait()
        await super().sleep(seconds)


async def test_without_an_alarm_it_is_the_back_off() -> None:
    clock = Asleep(BACKOFF_MAX_S)
    await Pause(clock, lambda: 0.5).before_try(MANY)
    assert clock.slept_s == [BACKOFF_MAX_S / 2]


@pytest.mark.parametrize("lanes", [{Lane.ALARM}, {Lane.RECORD, Lane.ALARM}])
async def test_an_alarm_cuts_it_short_and_is_jittered_itself(lanes: set[Lane]) -> None:
    clock = Asleep(URGENT_S)
    pause = Pause(clock, lambda: 0.5)
    waiting = asyncio.create_task(pause.before_try(MANY))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    pause.accepted({Lane.RECORD, Lane.TELEMETRY})  # these can wait
    await asyncio.sleep(0)
    assert clock.slept_s == [BACKOFF_MAX_S / 2]
    pause.accepted(lanes)
    await asyncio.wait_for(waiting, 5)
    assert clock.slept_s == [BACKOFF_MAX_S / 2, URGENT_S / 2]


async def test_pauses_are_short_for_a_while_and_then_grow_again() -> None:
    clock = Asleep(BACKOFF_MAX_S)
    pause = Pause(clock, lambda: 1.0)
    pause.accepted({Lane.ALARM})
    while sum(clock.slept_s) < URGENT_FOR_S:
        await pause.before_try(MANY)
    assert set(clock.slept_s) == {URGENT_S}
    await pause.before_try(MANY)
    assert clock.slept_s[-1] == BACKOFF_MAX_S


async def test_alarms_that_go_on_do_not_put_the_try_off() -> None:
    clock = Asleep(0.0)
    pause = Pause(clock, lambda: 0.5)
    pause.accepted({Lane.ALARM})
    clock.patient_s = URGENT_S
    before = len(clock.slept_s)
    waiting = asyncio.create_task(pause.before_try(MANY))
    for _ in range(3):
        await asyncio.sleep(0)
        pause.accepted({Lane.ALARM})
    await asyncio.wait_for(waiting, 5)
    assert len(clock.slept_s) == before + 1


async def test_it_ends_with_its_task_and_leaves_nothing_behind() -> None:
    waiting = asyncio.create_task(Pause(Asleep(0.0), lambda: 1.0).before_try(MANY))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
