"""A message that the broker sends again says so: it is no order that somebody has kept."""

from __future__ import annotations

import pytest

from tests.agent.sync.test_mqtt import CONNACK, STATUS, SUBACK_TO_1, Line, plain, saying, until

PUBLISH, AT_LEAST_ONCE, DUP = 0x30, 0x02, 0x08


def publish(*, dup: bool) -> bytes:
    """MQTT 5, 3.3: topic, packet identifier 7, no properties, payload."""
    topic = STATUS.encode()
    rest = len(topic).to_bytes(2, "big") + topic + b"\x00\x07" + b"\x00" + b"{}"
    return bytes([PUBLISH | AT_LEAST_ONCE | (DUP if dup else 0), len(rest)]) + rest


@pytest.mark.parametrize("dup", [False, True])
async def test_a_message_tells_whether_it_comes_again(dup: bool) -> None:
    async with saying(CONNACK, SUBACK_TO_1 + publish(dup=dup)) as port:
        line = Line(plain(port))
        await line.open()
        await until(lambda: line.heard)
        assert [(one.payload, one.again) for one in line.heard] == [(b"{}", dup)]
        line.mqtt.close()
