"""A school's box the whole way: enrolled, connected, renewed, replaced by another; over the shipped broker, before a
real receiver.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config
from agent.enrolment.errors import EnrolmentError
from agent.enrolment.papers import Papers
from agent.enrolment.renewal import Renewal
from agent.model import Lane
from agent.sync.identity import load_identity
from agent.sync.settings import LinkSettings
from centre import admin, keys
from centre.store import Store
from simulator.processes import Process
from tests.agent.sync.box import Box, open_box, taps, until
from tests.clock import FastClock
from tests.enrolling import Enrolling


@pytest.fixture
def receiver(enrolling: Enrolling, tmp_path: Path) -> Iterator[None]:
    one = Process("receiver", enrolling.city.command("receive", "--name", "centre-1"), tmp_path, ready="READY")
    asyncio.run(one.start())
    yield
    one.kill()


def settings(folder: Path) -> LinkSettings:
    return config.load(folder / "agent.toml").centre


async def online(box: Box) -> None:
    box.start()
    await until(lambda: box.state == "online")
    await box.outbox.accept(taps(3))
    await until(lambda: box.settled(Lane.RECORD) >= 3)


async def test_a_box_is_enrolled_renewed_and_replaced(enrolling: Enrolling, receiver: None, tmp_path: Path) -> None:
    school, old, new = enrolling.new_school(), tmp_path / "old", tmp_path / "new"
    await asyncio.to_thread(enrolling.enrolled, school, old)
    async with open_box(old / "state", settings(old), school) as box:
        await online(box)  # what it signs is stored: the centre knows its key
        await renewed(enrolling, box, school, old)
        epoch = box.outbox.epoch
    store = Store(enrolling.database)
    number = store.new_order(school, "ping")
    orders_key = keys.orders_key(enrolling.city.folder)
    admin.send_order(enrolling.settings, orders_key, school, epoch, number, "ping", {}, 300)  # waits at the broker

    await asyncio.to_thread(enrolling.enrolled, school, new)
    async with open_box(new / "state", settings(new), school) as box:
        await online(box)
        await until(lambda: store.answer_to(school, number) is not None)
        answer = store.answer_to(school, number) or ""
        assert ('"outcome":"refused"' in answer, '"reason":"other_epoch"' in answer) == (True, True)

        async with open_box(old / "state", settings(old), school) as back:  # from the cupboard
            back.start()
            await until(lambda: back.link.snapshot().code in ("L-106", "L-109"))
            assert box.state == "online"
            assert store.school_key(school) == load_identity(new / "state").public
            with pytest.raises(EnrolmentError, match="N-111"):
                await asyncio.to_thread(renewal(school, old)._renewed)


def renewal(school: str, folder: Path) -> Renewal:
    papers, identity = Papers(folder / "state/pki"), load_identity(folder / "state")
    return Renewal(settings(folder), school, identity, papers, FastClock(synced=False), random.Random(1), lambda: "")


async def renewed(enrolling: Enrolling, box: Box, school: str, folder: Path) -> None:
    """The link takes the new certificate up at its next connection: the one before is of no use any more."""
    (before,) = enrolling.enrolments.certificates(school)
    await asyncio.to_thread(renewal(school, folder)._renewed)
    since_ns = box.link.snapshot().since_ns
    await asyncio.to_thread(enrolling.city.must, "certificate", "revoke", before.serial)  # ends the line
    await until(lambda: box.link.snapshot().since_ns > since_ns and box.state == "online")
    await box.outbox.accept(taps(3))
    await until(lambda: box.settled(Lane.RECORD) >= 6)
