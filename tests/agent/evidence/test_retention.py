"""The least severe gives way, of those videos, of those the oldest; a newcomer never pushes out what weighs more."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.retention import BUNDLE_NS, Turn, expired, order_of_sending, order_of_shedding, victims
from agent.evidence.rows import Kept


def kept(number: int, rank: int, size: int = 10, kind: str = "snapshot") -> Kept:
    return Kept(number=number, id=f"{number}", camera="c", kind=kind, rank=rank, bytes=size, sha256="")


def nothing_open(_: Kept) -> bool:
    return False


def opened(ids: Collection[str]) -> Callable[[Kept], bool]:
    return lambda one: one.id in ids


def numbers(found: list[Kept] | None) -> list[int] | None:
    return None if found is None else [one.number for one in found]


FOUR = [kept(1, 3), kept(2, 1), kept(3, 3), kept(4, 1)]
MIXED = [kept(1, 3), kept(2, 1), kept(3, 3, kind="clip"), kept(4, 1, kind="clip"), kept(5, 1)]


def test_the_least_severe_is_dropped_first_of_those_videos_of_those_the_oldest() -> None:
    assert numbers(order_of_shedding(FOUR, nothing_open)) == [2, 4, 1, 3]
    assert numbers(order_of_shedding(MIXED, nothing_open)) == [4, 2, 5, 3, 1]


def test_what_belongs_to_an_open_incident_is_dropped_last() -> None:
    assert numbers(order_of_shedding(MIXED, opened("24"))) == [5, 3, 1, 4, 2]


def test_pictures_of_open_incidents_are_sent_first_and_videos_last() -> None:
    sent = order_of_sending(MIXED, opened("24"))
    assert {turn: numbers(found) for turn, found in sent.items()} == {
        Turn.FIRST: [2],
        Turn.LATER: [1, 5],
        Turn.LAST: [4, 3],
    }


def test_a_bundle_gives_way_first_goes_last_and_waits_for_a_week_at_most() -> None:
    bundle = msgspec.structs.replace(kept(6, 0, kind="bundle"), since_ns=1)
    assert numbers(order_of_shedding([*MIXED, bundle], nothing_open))[0] == 6  # type: ignore[index]
    assert numbers(order_of_sending([bundle, *MIXED], nothing_open)[Turn.LAST]) == [3, 4, 6]
    assert victims(MIXED, 10, nothing_open, newcomer=(0, "bundle")) is None, "it pushes nothing out"
    picture = msgspec.structs.replace(kept(7, 0), since_ns=1)
    month_ns = 4 * BUNDLE_NS
    assert numbers(expired([bundle, picture], BUNDLE_NS + 2, month_ns, nothing_open)) == [6]
    assert numbers(expired([bundle, picture], BUNDLE_NS, month_ns, nothing_open)) == []
    assert numbers(expired([bundle], 12, 10, nothing_open)) == [6], "where all is kept for less"


@pytest.mark.parametrize(
    ("excess", "newcomer", "expected"),
    [
        (0, None, []),
        (1, None, [2]),
        (25, None, [2, 4, 1]),
        (1_000, None, [2, 4, 1, 3]),  # all there is
        (1, 1, [2]),  # the older gives way to the newer of the same rank
        (25, 1, None),  # the third would be more severe
        (25, 3, [2, 4, 1]),
        (1, 0, None),
        (41, 4, None),  # even without all others there is no room
    ],
)
def test_who_gives_way(excess: int, newcomer: int | None, expected: list[int] | None) -> None:
    new = None if newcomer is None else (newcomer, "snapshot")
    assert numbers(victims(FOUR, excess, nothing_open, newcomer=new)) == expected


def test_a_video_pushes_out_no_picture_as_severe_and_a_picture_every_such_video() -> None:
    assert numbers(victims(MIXED, 15, nothing_open, newcomer=(1, "clip"))) is None
    assert numbers(victims(MIXED, 10, nothing_open, newcomer=(1, "clip"))) == [4]
    assert numbers(victims(MIXED, 15, nothing_open, newcomer=(1, "blurred"))) == [4, 2]


def test_a_more_severe_newcomer_pushes_out_an_open_incidents_file_when_nothing_else_is_left() -> None:
    assert numbers(victims(MIXED, 45, opened("2"), newcomer=(3, "snapshot"))) == [4, 5, 3, 1, 2]
    assert numbers(victims(MIXED, 25, opened("45"), newcomer=(1, "snapshot"))) == [2, 4, 5]


KINDS = st.sampled_from(["snapshot", "blurred", "clip"])


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 50), KINDS, st.booleans()), max_size=20),
    st.integers(0, 400),
    st.integers(0, 4),
    KINDS,
)
def test_no_more_goes_than_must_and_nothing_that_weighs_more(
    rows: list[tuple[int, int, str, bool]], excess: int, rank: int, kind: str
) -> None:
    all_ = [kept(number, rank, size, kind) for number, (rank, size, kind, _) in enumerate(rows)]
    of_open = opened({one.id for one, (_, _, _, is_open) in zip(all_, rows, strict=True) if is_open})
    lighter = [one for one in all_ if (one.rank, one.kind != "clip") <= (rank, kind != "clip")]
    found = victims(all_, excess, of_open, newcomer=(rank, kind))
    if found is None:
        assert sum(one.bytes for one in lighter) < excess
        return
    assert sum(one.bytes for one in found) >= excess
    assert sum(one.bytes for one in found[:-1]) < excess or not found
    assert all(one in lighter for one in found)
    stays = [one for one in lighter if one not in found]
    order = order_of_shedding(lighter, of_open)
    assert all(order.index(gone) < order.index(left) for gone in found for left in stays)


def test_what_has_waited_too_long_goes_unless_its_incident_is_open_or_its_time_is_not_known() -> None:
    since = {1: 50, 2: 0, 3: 99, 4: 100, 5: 101}
    dated = [msgspec.structs.replace(one, since_ns=since[one.number]) for one in MIXED]
    assert numbers(expired(dated, 130, 30, nothing_open)) == [1, 3]
    assert numbers(expired(dated, 130, 30, opened("1"))) == [3]
