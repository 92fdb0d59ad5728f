"""The link while it is lost and found again: the will, the birth, what is owed, what was kept for us, what is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.model import Lane
from agent.sync import centre_link
from agent.sync.identity import load_identity
from agent.sync.settings import LinkSettings
from simulator.link_proxy import LinkProxy
from simulator.processes import free_port
from tests.agent.sync.box import Box, fire, hurry, open_box, taps, until
from tests.agent.sync.brokers import Broker, Listener
from tests.agent.sync.far_centre import FarCentre, SeenBatch, Verdicts, all_stored


def silent(_batch: SeenBatch) -> None:
    return None


@pytest.fixture
async def line(broker_port: int) -> AsyncIterator[LinkProxy]:
    made = LinkProxy(free_port(), broker_port)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def far_box(
    line: LinkProxy, tmp_path: Path, school: str, centre: FarCentre, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Box]:
    """A box behind a line that can be cut."""
    hurry(monkeypatch)
    settings = LinkSettings(broker=f"mqtt://127.0.0.1:{line.port}", orders_key=centre.orders_key_base64)
    async with open_box(tmp_path, settings, school) as made:
        yield made


async def test_a_cut_is_told_by_the_will_and_healed_by_a_new_birth(
    far_box: Box, centre: FarCentre, line: LinkProxy
) -> None:
    far_box.start()
    await until(lambda: far_box.state == "online")
    line.cut()
    await until(lambda: len(centre.online()) == 2 and far_box.state == "online")
    states = [(birth["state"], birth["session"]) for birth in centre.births]
    first, second = (birth["session"] for birth in centre.online())
    assert first != second
    assert ("offline", first) in states  # the will, signed: the far centre checks it


async def test_the_end_is_told_by_a_goodbye(box: Box, centre: FarCentre) -> None:
    await box.outbox.accept(taps(3))
    box.start()
    await until(lambda: box.state == "online" and box.owes_nothing())
    await box.stop()
    await until(lambda: centre.births[-1]["state"] == "offline")
    assert centre.births[-1]["lanes"]["record"] == {"last": 4, "settled": 4}  # of now; the will's are of the beginning


async def test_everything_without_a_receipt_is_sent_again_after_a_cut(
    far_box: Box, centre: FarCentre, line: LinkProxy
) -> None:
    centre.judge = silent
    await far_box.outbox.accept([*taps(200), fire()])
    far_box.start()
    await until(lambda: len(centre.batches) > 2)
    centre.judge = all_stored
    line.cut()
    await until(far_box.owes_nothing)
    assert centre.numbers("record", far_box.outbox.epoch) == list(range(1, 202))
    assert centre.numbers("alarm", far_box.outbox.epoch) == [1]


async def test_receipts_that_the_broker_kept_settle_before_the_connection_is_ready(
    far_box: Box, centre: FarCentre, line: LinkProxy, broker_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.sync.flow.TIMEOUT_MIN_S", 60.0)
    steps: list[tuple[str, str]] = []
    step = centre_link.step
    monkeypatch.setattr(centre_link, "step", lambda state, event: steps.append((state, event)) or step(state, event))
    centre.judge = silent
    await far_box.outbox.accept(taps(20))
    far_box.start()
    await until(lambda: len(centre.batches) == far_box.count("batches") > 0)
    line.refusing = True
    line.cut()
    await until(lambda: any(birth["state"] == "offline" for birth in centre.births))
    witness = Listener(broker_port, centre.prefix + "receipts", f"witness-{centre.school}")
    for batch in centre.batches:
        centre.send_receipt(batch)
    await until(lambda: len(witness.heard) == len(centre.batches))
    line.refusing = False
    await until(lambda: len(centre.online()) == 2 and far_box.state == "online")
    assert ("connecting", "receipt") in steps
    assert far_box.owes_nothing()
    assert far_box.link.snapshot().refused == {}
    assert far_box.count("batches") == len(centre.batches)  # none was sent again
    witness.close()


async def test_what_is_wrong_is_shown_and_forgotten_when_it_is_mended(
    tmp_path: Path, school: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    broker = Broker(tmp_path / "broker")
    centre = FarCentre(school, load_identity(tmp_path).public)
    async with open_box(tmp_path, broker.settings(orders_key=centre.orders_key_base64), school) as box:
        await box.outbox.accept(taps(5))
        box.start()
        await until(lambda: box.link.snapshot().code == "L-103")
        assert box.state in ("offline", "connecting")
        assert str(broker.port) in box.link.snapshot().what
        async with broker:
            centre.connect(broker.port)
            await until(box.owes_nothing)
            assert box.link.snapshot().code == ""
            centre.close()
        await until(lambda: box.link.snapshot().code)  # gone again
        assert box.running()


async def test_missing_certificates_keep_the_box_alive_and_are_named(tmp_path: Path, school: str) -> None:
    files = {name: str(tmp_path / f"no-{name}") for name in ("ca", "certificate", "key")}
    settings = LinkSettings(broker="mqtts://127.0.0.1:1", orders_key="A" * 43 + "=", **files)
    async with open_box(tmp_path, settings, school) as box:
        box.start()
        await until(lambda: box.link.snapshot().code == "L-105")
        assert "no-ca" in box.link.snapshot().what
        await box.outbox.accept(taps(5))  # the school goes on
        assert box.running()


async def test_a_broker_that_refuses_the_batches_is_shown_as_such(
    tmp_path: Path, school: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    (tmp_path / "acl").write_text(f"topic readwrite mektep/#\ntopic deny mektep/v1/{school}/events/+\n")
    centre = FarCentre(school, load_identity(tmp_path).public)
    async with Broker(tmp_path / "broker", f"allow_anonymous true\nacl_file {tmp_path}/acl") as broker:
        centre.connect(broker.port)
        async with open_box(tmp_path, broker.settings(orders_key=centre.orders_key_base64), school) as box:
            await box.outbox.accept(taps(5))
            box.start()
            await until(lambda: box.link.snapshot().code == "L-118")
            assert "refuses what this box sends" in box.link.snapshot().what
            assert box.settled(Lane.RECORD) == 0
        centre.close()


async def test_a_line_that_drops_again_and_again_loses_nothing(
    far_box: Box, centre: FarCentre, line: LinkProxy
) -> None:
    seen = 0

    def judge(batch: SeenBatch) -> Verdicts | None:
        nonlocal seen
        seen += 1
        return all_stored(batch) if seen % 3 else None  # each third receipt is lost

    centre.judge = judge
    far_box.start()
    for _ in range(6):
        await far_box.outbox.accept(taps(300))
        await until(lambda: far_box.state == "online")
        line.cut()
    centre.judge = all_stored
    await until(far_box.owes_nothing, patience_s=30)
    assert centre.numbers("record", far_box.outbox.epoch) == list(range(1, 1_802))
