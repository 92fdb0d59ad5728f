"""A connection leaves nothing behind that only a search for garbage would free: the daemon searches seldom."""

from __future__ import annotations

import contextlib
from pathlib import Path

from agent.sync.linkerror import LinkError
from agent.sync.mqtt import Incoming, Mqtt, Outgoing
from agent.sync.settings import LinkSettings
from simulator.processes import free_port
from tests.agent.sync.box import until
from tests.agent.sync.brokers import ORDERS_KEY, Broker, Listener
from tests.circles import circles

STATUS, RECEIPTS = "mektep/v1/school-07/status", "mektep/v1/school-07/receipts"
WILL = Outgoing(topic=STATUS, payload=b"offline", properties={"key": "k"}, retain=True)


async def test_messages_that_come(tmp_path: Path) -> None:
    heard: list[Incoming] = []
    async with Broker(tmp_path / "broker") as broker:
        connection = Mqtt(broker.settings(), "school-07", heard.append)
        await connection.connect(WILL, check_dates=True)
        await connection.subscribe([RECEIPTS])
        far = Listener(broker.port, STATUS)
        with circles() as left:
            for number in range(50):
                far.client.publish(RECEIPTS, b"%d" % number, qos=1)
            await until(lambda: len(heard) == 50)
        far.close()
        connection.close()
    assert left.objects < 50


async def test_refused_connections() -> None:
    settings = LinkSettings(broker=f"mqtt://127.0.0.1:{free_port()}", orders_key=ORDERS_KEY)
    with circles() as left:
        for _ in range(5):
            with contextlib.suppress(LinkError):
                await Mqtt(settings, "school-07", print).connect(WILL, check_dates=True)
    assert left.objects < 5


async def test_a_connection_that_was_cut(tmp_path: Path) -> None:
    async with Broker(tmp_path / "broker") as broker:
        with circles() as left:
            for _ in range(3):
                connection = Mqtt(broker.settings(), "school-07", print)
                await connection.connect(WILL, check_dates=True)
                connection.close()
                del connection
    assert left.objects < 30
