"""Modbus questions: a published exchange, profiles as questions, only reading functions, answers among noise."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery.found import Kind, Setting, Sure, settings
from drivers.discovery.modbus_units import (
    ANSWER_MOST,
    UNITS,
    Answer,
    Question,
    ask_units,
    crc16,
    find_rtu,
    pdu,
    questions,
    read_pdu,
    rtu,
    size,
    tcp,
)
from drivers.sensors.profile import shipped
from tests.drivers.discovery.looked import Ticks, all_of

# A published capture of an S2000-PP: seven zones read, seven registers answered.
ASKED = bytes.fromhex("02039C4000072BBF")
TOLD = bytes.fromhex("02030E18BC18BCC72FFABBFB006DBC6DBCECB7")
SEVEN = Question("bolid-s2000-pp", "Bolid S2000-PP", 3, 40000, 7, None)
TYPE = Question("bolid-s2000-pp", "Bolid S2000-PP", 3, 46152, 1, 36)
BITS = Question("calectro-ug-3", "Calectro UG-3", 2, 0, 3, None)


def test_the_published_exchange() -> None:
    assert rtu(2, pdu(SEVEN)) == ASKED
    assert find_rtu(TOLD, 2, SEVEN) == Answer(TOLD[3:-2])


def test_each_shipped_profile_is_a_question_the_certain_ones_first() -> None:
    found = questions()
    assert sorted(question.profile for question in found) == shipped()
    assert found[0] == TYPE
    assert BITS in found
    assert [question.expect is None for question in found] == sorted(question.expect is None for question in found)


def test_nothing_but_reading_is_ever_asked() -> None:
    assert {pdu(question)[0] for question in questions()} <= {1, 2, 3, 4}


def test_a_question_over_tcp_is_the_protocols_example() -> None:
    """Modbus messaging guide: transaction, protocol 0, length, unit, function 3, register 4, one of them."""
    question = Question("", "", 3, 4, 1, None)
    assert tcp(0x1501, 0xFF, pdu(question)) == bytes.fromhex("1501 0000 0006 FF 03 0004 0001")


ANSWERS = [
    ("a register", TYPE, "03 02 0024", Answer(b"\x00\x24")),
    ("three inputs", BITS, "02 01 05", Answer(b"\x05")),
    ("a refusal", TYPE, "83 02", Answer(b"", refused=True)),
    ("nobody behind the gateway", TYPE, "83 0B", None),
    ("a gateway that fails", TYPE, "83 04", None),
    ("no way to the gateway's line", TYPE, "83 0A", None),
    ("of another function", TYPE, "04 02 0024", None),
    ("too long", TYPE, "03 02 002400", None),
    ("its own count is wrong", TYPE, "03 04 0024", None),
    ("nothing", TYPE, "", None),
]


@pytest.mark.parametrize(("question", "told", "answer"), [case[1:] for case in ANSWERS], ids=[c[0] for c in ANSWERS])
def test_what_an_answer_says(question: Question, told: str, answer: Answer | None) -> None:
    assert read_pdu(bytes.fromhex(told), question) == answer
    frame = b"\x05" + bytes.fromhex(told)
    assert find_rtu(frame + crc16(frame).to_bytes(2, "little"), 5, question) == answer


def test_an_answer_stands_behind_the_echo_of_the_question_and_noise() -> None:
    assert find_rtu(b"\x00\xff" + ASKED + TOLD, 2, SEVEN) == Answer(TOLD[3:-2])
    assert find_rtu(ASKED, 2, SEVEN) is None  # the echo alone
    assert find_rtu(TOLD, 3, SEVEN) is None  # another unit's
    assert find_rtu(TOLD[:-1] + b"\0", 2, SEVEN) is None


@given(st.binary(max_size=ANSWER_MOST), st.sampled_from([SEVEN, TYPE, BITS]))
def test_noise_is_no_answer(noise: bytes, question: Question) -> None:
    answer = find_rtu(noise, 7, question)
    if answer is not None:  # only if the checksum is right, by design or by one chance in 65,536
        assert any(crc16(noise[at:end]) == 0 for at in range(len(noise)) for end in (at + size(question) + 5, at + 5))


@given(st.binary(max_size=300), st.sampled_from([SEVEN, TYPE, BITS]))
def test_any_pdu_is_judged_without_a_crash(body: bytes, question: Question) -> None:
    answer = read_pdu(body, question)
    assert answer is None or answer.refused or len(answer.data) == size(question)


def told_by(answers: dict[tuple[int, int], Answer]) -> tuple[list[tuple[int, str]], object]:
    asked: list[tuple[int, str]] = []

    async def ask(unit: int, question: Question) -> Answer | None:
        await asyncio.sleep(0)
        asked.append((unit, question.profile))
        return answers.get((unit, question.function))

    return asked, ask


async def test_a_panel_is_certain_by_its_canary() -> None:
    asked, ask = told_by({(2, 3): Answer(b"\x00\x24")})
    (found,) = await all_of(ask_units(ask, settings(port="/dev/x"), "/dev/x", Ticks()))  # type: ignore[arg-type]
    assert (found.kind, found.what, found.sure, found.code) == (
        Kind.PANEL, "Bolid S2000-PP, unit 2", Sure.CERTAIN, "")  # fmt: skip
    assert found.proposal is not None
    assert found.proposal.settings == settings(
        profile="bolid-s2000-pp", port="/dev/x", unit=2, zones=(Setting("1", "zone 1"),)
    )
    assert len(asked) == len(UNITS)  # the silent ones are asked once


async def test_a_detector_without_a_canary_is_only_possible() -> None:
    _, ask = told_by({(1, 3): Answer(b"", refused=True), (1, 2): Answer(b"\x01")})
    (found,) = await all_of(ask_units(ask, settings(host="h"), "h:502", Ticks()))  # type: ignore[arg-type]
    assert (found.what, found.sure) == ("Calectro UG-3, unit 1", Sure.POSSIBLE)


@pytest.mark.parametrize("first", [Answer(b"\x00\x25"), Answer(b"", refused=True)])
async def test_a_device_of_no_profile_is_told(first: Answer) -> None:
    _, ask = told_by({(9, 3): first})
    (found,) = await all_of(ask_units(ask, settings(port="/dev/x"), "/dev/x", Ticks()))  # type: ignore[arg-type]
    assert (found.code, found.proposal) == ("X-108", None)
