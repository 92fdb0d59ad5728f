"""Lines come whole, however the bytes arrive; what is too long is told as such, and the buffer stays small."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.lines import cut

LONGEST = 8


def test_lines_and_the_rest() -> None:
    buffer = bytearray(b"one\r\n\ntwo\nthr")
    assert list(cut(buffer, LONGEST)) == [(b"one\r", True), (b"", True), (b"two", True)]
    assert buffer == b"thr"


def test_the_longest_line_is_whole_and_a_longer_one_loses_its_beginning() -> None:
    buffer = bytearray(b"12345678\n123456789abc\nnext\n")
    assert list(cut(buffer, LONGEST)) == [(b"12345678", True), (b"123456789", False), (b"abc", True), (b"next", True)]


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\n", b"12345678\n"])))
def test_nothing_is_lost_and_little_is_kept(pieces: list[bytes]) -> None:
    buffer, found = bytearray(), bytearray()
    for piece in pieces:
        buffer += piece
        for line, whole in cut(buffer, LONGEST):
            assert len(line) <= LONGEST + (not whole)
            found += line + b"\n" * whole
        assert len(buffer) <= LONGEST
    assert bytes(found + buffer) == b"".join(pieces)
