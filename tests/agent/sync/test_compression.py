"""zstd gives back what went in, and its frames are what the contract's receivers can bound."""

from __future__ import annotations

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from agent.sync.compression import compress
from agent.sync.topics import PAYLOAD_MAX_BYTES


@given(st.binary(max_size=5_000))
def test_what_went_in_comes_out(payload: bytes) -> None:
    assert zstd.decompress(compress(payload)) == payload


def test_a_batch_becomes_a_small_part_of_itself() -> None:
    batch = b"[" + b",".join(b'{"specversion":"1.0","id":"%019d"}' % number for number in range(500)) + b"]"
    assert len(compress(batch)) < len(batch) / 5


def test_it_is_one_whole_frame() -> None:
    reader = zstd.ZstdDecompressor()
    assert reader.decompress(compress(b"one") + b"tail") == b"one"
    assert reader.eof
    assert reader.unused_data == b"tail"


@pytest.mark.parametrize("payload", [b"", b"\x00" * PAYLOAD_MAX_BYTES, bytes(range(256)) * 4_096])
def test_the_largest_payload_can_be_bounded_by_a_receiver(payload: bytes) -> None:
    reader = zstd.ZstdDecompressor()
    found = reader.decompress(compress(payload), max_length=PAYLOAD_MAX_BYTES + 1)
    assert found == payload
