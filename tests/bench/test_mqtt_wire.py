"""Packets written by hand: the standard's own bytes, and any cut of the stream gives the same packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import mqtt_wire as wire


@pytest.mark.parametrize(
    ("length", "header"),  # MQTT 3.1.1, table 2.4: where a length gets another byte
    [(0, "3000"), (127, "307f"), (128, "308001"), (16_383, "30ff7f"), (16_384, "30808001")],
)
def test_the_length_is_written_in_groups_of_seven_bits(length: int, header: str) -> None:
    assert wire.packet(0x30, bytes(length))[: len(header) // 2].hex() == header


def test_a_publish_and_a_subscribe() -> None:
    assert wire.publish(b"a/b", b"x").hex() == "30060003612f6278"
    assert wire.publish_qos1(b"a/b", b"x", 10).hex() == "32080003612f62000a78"  # figure 3.11: a/b and identifier 10
    assert wire.subscribe(b"a/b").hex() == "820800010003612f6200"


@given(
    bodies=st.lists(st.binary(max_size=300), max_size=6),
    cuts=st.lists(st.integers(min_value=1, max_value=200), min_size=1, max_size=20),
)
def test_a_stream_gives_its_packets_however_it_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(wire.publish(b"topic", body) for body in bodies)
    buffer, found, at, turn = bytearray(), [], 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        buffer += stream[at : at + step]
        at, turn = at + step, turn + 1
        found += list(wire.packets(buffer))
    assert [wire.published(rest) for first, rest in found] == [(b"topic", body) for body in bodies]
    assert {first for first, _ in found} <= {wire.PUBLISH}
    assert not buffer


def test_a_length_that_never_ends_is_no_mqtt() -> None:
    with pytest.raises(ValueError, match="length"):
        list(wire.packets(bytearray(b"\x30\xff\xff\xff\xff\x01")))


@given(noise=st.binary(max_size=64))
def test_noise_ends_or_waits(noise: bytes) -> None:
    buffer = bytearray(noise)
    try:
        found = list(wire.packets(buffer))
    except ValueError:
        return
    assert sum(len(rest) for _, rest in found) <= len(noise)
