"""Numbers of orders that end in any order: what is answered again, what is too low, and what may come again."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sync.order_numbers import OPEN, OVERTAKEN, TAKEN, Last, Numbers
from agent.sync.topics import Answer


def answer(number: int) -> Answer:
    return Answer(
        order="ping", school="school-07", epoch="0f8fad5b-d9cb-469f-a165-70867728950e", number=number, outcome="done",
        reason="", result={"of": number}, time="2026-11-23T08:00:03.000000Z",
    )  # fmt: skip


def test_an_order_that_a_later_one_kept_has_its_answer_too() -> None:
    numbers = Numbers().begun(5).begun(6).ended(answer(6))
    assert numbers.answer_to(5) is None
    assert not numbers.too_low(5)  # it has still to end
    numbers = numbers.ended(answer(5))
    assert (numbers.answer_to(5), numbers.answer_to(6)) == (answer(5), answer(6))
    assert numbers.last is not None
    assert (numbers.last.number, numbers.last.taken) == (6, [5, 6])


def test_a_number_that_was_given_up_is_free() -> None:
    assert Numbers().begun(5).too_low(4)
    assert not Numbers().begun(5).given_up(5).too_low(4)


def test_what_an_earlier_version_wrote_is_read() -> None:
    text = b'{"number":7,"answer":%s,"taken":[7]}' % msgspec.json.encode(answer(7))
    numbers = Numbers(msgspec.json.decode(text, type=Last))
    assert numbers.answer_to(7) == answer(7)
    assert numbers.too_low(6)


@pytest.mark.parametrize("many", [OPEN + 1, 500])
def test_what_is_remembered_is_bounded(many: int) -> None:
    numbers = Numbers()
    for number in range(1, many):
        numbers = numbers.begun(number)
    for number in reversed(range(1, many)):
        numbers = numbers.ended(answer(number))
    assert numbers.last is not None
    assert (len(numbers.last.taken), len(numbers.overtaken.answers)) == (TAKEN, OVERTAKEN)
    assert len(numbers.overtaken.open) <= OPEN


@given(st.permutations(range(1, 9)), st.data())
def test_in_whatever_order_they_end_none_is_lost(ends: list[int], data: st.DataObject) -> None:
    numbers = Numbers()
    for number in sorted(ends):
        numbers = numbers.begun(number)
    killed_after = data.draw(st.integers(0, len(ends)))
    for number in ends[:killed_after]:
        numbers = numbers.ended(answer(number))
    for place, number in enumerate(ends[:killed_after]):
        kept = number == max(ends[:killed_after]) or any(number < before for before in ends[:place])
        assert numbers.answer_to(number) == (answer(number) if kept else None)
        assert kept or numbers.too_low(number)
    for number in ends[killed_after:]:
        assert numbers.answer_to(number) is None
        assert not numbers.too_low(number)
