"""The peer of the drain: a mosquitto bridge that empties its queue into another mosquitto, on this machine.

Everything is in memory, nothing is stored, there is no TLS: what a store-and-forward without promises can do. The far
broker's only subscriber counts bytes; QoS 1 on the bridge, so that each message is acknowledged there.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bench import mqtt_wire as wire
from simulator.processes import Process, free_port, mosquitto, wait_for_port

MESSAGES = 200_000
TOPIC = b"mektep/events"
BODY = bytes(430)  # as large as a tap's event
ACKS = 100  # unacknowledged while the near broker is filled
PATIENCE_S = 60.0
FAR = """
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
"""
NEAR = """
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
connection far
address 127.0.0.1:{far}
topic # out 1
cleansession false
notifications false
restart_timeout 1
"""


async def measure_rate(folder: Path) -> float:
    """Messages a second, from the first that arrives to the last. Raises TimeoutError if they do not all come."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        far_port, near_port = free_port(), free_port()
        far = _broker(Path(name), "far", FAR.format(port=far_port))
        near = _broker(Path(name), "near", NEAR.format(port=near_port, far=far_port))
        try:
            await near.start()
            await wait_for_port(near_port)
            await _fill(near_port)
            await far.start()
            await wait_for_port(far_port)
            return await _count(far_port)
        finally:
            await near.stop()
            await far.stop()


def _broker(folder: Path, name: str, conf: str) -> Process:
    folder.chmod(0o711)
    file = folder / f"{name}.conf"
    file.write_text(conf)
    return Process(name, mosquitto(file), folder)


async def _fill(port: int) -> None:
    """The messages wait in the near broker: the far one does not run yet."""
    reader, writer = await wire.connect(port, "bench-near")
    for _ in range(0, MESSAGES, ACKS):  # packet identifiers are used again once they are acknowledged
        writer.write(b"".join(wire.publish_qos1(TOPIC, BODY, number) for number in range(1, ACKS + 1)))
        await writer.drain()
        await reader.readexactly(ACKS * wire.PUBACK_BYTES)
    writer.close()


async def _count(port: int) -> float:
    reader, writer = await wire.connect(port, "bench-far")
    writer.write(wire.subscribe(TOPIC))
    await reader.readexactly(5)  # SUBACK
    left = MESSAGES * len(wire.publish(TOPIC, BODY))
    left -= len(await reader.read(65_536))
    began_s = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while left > 0:
            left -= len(await reader.read(1 << 20))
    taken_s = time.monotonic() - began_s
    writer.close()
    return MESSAGES / taken_s
