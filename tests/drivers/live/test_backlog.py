"""What waits for a slow line: whole groups give way, nothing grows, what comes out can always be decoded."""

from __future__ import annotations

import asyncio
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from drivers.cameras.ring import Form, Packet
from drivers.live.backlog import Backlog

FORM = Form("h264", 1, 1, Fraction(1, 1_000))
LATE_S, MOST = 2.0, 1_000


def packet(number: int, *, key: bool = False, size: int = 10) -> Packet:
    return Packet(bytes(size), key, number, number)


async def taken(backlog: Backlog) -> list[int]:
    return [(await backlog.take()).packet.pts for _ in range(len(backlog))]


async def test_nothing_gives_way_on_a_line_that_keeps_up() -> None:
    backlog = Backlog(LATE_S, MOST)
    for number in range(20):
        backlog.put(packet(number, key=number % 5 == 0), FORM, number / 10)
        assert (await backlog.take()).packet.pts == number
    assert (backlog.skipped, backlog.size) == (0, 0)


async def test_it_begins_with_a_keyframe() -> None:
    backlog = Backlog(LATE_S, MOST)
    for number in range(4):
        backlog.put(packet(number, key=number == 2), FORM, 0)
    assert await taken(backlog) == [2, 3]


async def test_old_pictures_give_way_up_to_the_newest_keyframe() -> None:
    backlog = Backlog(LATE_S, MOST)
    for number in range(8):
        backlog.put(packet(number, key=number in (0, 6)), FORM, number * 0.3)  # the last one makes the first too old
    assert await taken(backlog) == [6, 7]
    assert backlog.skipped == 1


async def test_where_no_keyframe_waits_all_goes_until_one_comes() -> None:
    backlog = Backlog(LATE_S, MOST)
    backlog.put(packet(0, key=True), FORM, 0)
    await backlog.take()
    for number, at_s in ((1, 0.0), (2, 1.0), (3, 3.0), (4, 3.1)):
        backlog.put(packet(number), FORM, at_s)
    assert len(backlog) == 0
    backlog.put(packet(5, key=True), FORM, 3.2)
    backlog.put(packet(6), FORM, 3.3)
    assert await taken(backlog) == [5, 6]


async def test_a_keyframe_goes_out_however_large_without_what_hangs_on_it() -> None:
    backlog = Backlog(LATE_S, MOST)
    backlog.put(packet(0, key=True, size=5 * MOST), FORM, 0)
    backlog.put(packet(1), FORM, 0.1)
    backlog.put(packet(2), FORM, 0.2)
    assert await taken(backlog) == [0]


async def test_who_waits_gets_the_next_one() -> None:
    backlog = Backlog(LATE_S, MOST)
    waiting = asyncio.ensure_future(backlog.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    backlog.put(packet(0, key=True), FORM, 0)
    assert (await waiting).packet.pts == 0


@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.integers(1, 400), st.floats(0, 1.5, allow_nan=False)), max_size=80
    )
)
def test_memory_is_bounded_and_no_picture_comes_without_those_before_it(
    steps: list[tuple[bool, bool, int, float]],
) -> None:
    """A step: take one or put one; whether it is a keyframe; its size; the time since the last step."""
    backlog, now_s, number = Backlog(LATE_S, MOST), 0.0, 0
    out: list[Packet] = []
    for take, key, size, after_s in steps:
        now_s += after_s
        if take:
            if len(backlog):
                out.append(asyncio.run(backlog.take()).packet)
            continue
        backlog.put(packet(number, key=key, size=size), FORM, now_s)
        number += 1
        assert backlog.size <= MOST + 400
    before = -1
    for one in out:
        assert one.is_key or one.pts == before + 1
        before = one.pts
