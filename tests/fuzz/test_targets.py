"""Every fuzz target holds on its seeds, on what is near them and on noise; and a target can fail."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.readers.serial_ascii import Card
from drivers.readings import CardForm
from tests.fuzz import readers
from tests.fuzz.catalog import TARGETS
from tests.fuzz.target import streamed

NEAR = 40  # spoiled copies of each target's seeds


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_on_its_seeds_and_near_them(name: str) -> None:
    target, rng = TARGETS[name], random.Random(name)
    for seed in target.seeds:
        target.run(seed)
    for _ in range(NEAR):
        target.run(spoiled(rng, rng.choice(target.seeds)))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=30)
@given(data=st.binary(max_size=200))
def test_a_target_holds_on_noise(name: str, data: bytes) -> None:
    TARGETS[name].run(data)


def spoiled(rng: random.Random, seed: bytes) -> bytes:
    """A few bytes changed, cut out or doubled."""
    data = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0 if at < len(data):
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 8)]
            case 2:
                data[at:at] = data[max(0, at - rng.randint(1, 8)) : at]
            case _:
                data.insert(at, rng.randrange(256))
    return bytes(data)


def test_a_card_that_nobody_showed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def liar(buffer: bytearray) -> list[Card]:
        said = [Card("6F00010203", CardForm.EM4100)] * (b"\x03" in buffer)
        buffer.clear()
        return said

    monkeypatch.setattr(readers, "decode_em4100", liar)
    with pytest.raises(AssertionError, match="6F00010203"):
        readers.em4100(b"\x020C000621A58E\r\n\x03")


def test_a_buffer_that_grows_is_found() -> None:
    with pytest.raises(AssertionError, match="11 bytes are kept"):
        streamed(lambda _: [], bytes(11), rest_most=10)
