"""Asks each Modbus unit for the panels whose profiles come with the agent: one reading question each, never a write.

The question is the profile's canary, a register whose value only that device has; where a profile has none, its zones,
whose answer other devices would give too: then the panel is no more than possible.
Wire    Modbus application protocol 1.1b3, functions 1 to 4; RTU: unit, function, data, CRC-16 (A001, low byte first);
        TCP: transaction, 0, length, unit, function, data.
Not     the line and the host: modbus_line.py, modbus_host.py; reading a panel: drivers/sensors/modbus_panel.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import msgspec

from drivers.discovery.found import Found, Kind, Proposal, Setting, Sure, Tick, Why, settings
from drivers.sensors.profile import Profile, load_profile, shipped

UNITS = tuple(range(1, 11))
BITS = (1, 2)
REFUSED = 0x80
NOBODY_BEHIND = {4, 10, 11}  # what gateways say of a unit that is not there
ANSWER_MOST = 260  # a longer one is none


class Question(msgspec.Struct, frozen=True):
    """What to read, and what a certain device answers."""

    profile: str
    words: str  # the device as its maker calls it
    function: int
    address: int
    count: int
    expect: int | None  # None: any answer of this shape


class Answer(msgspec.Struct, frozen=True):
    """What a unit said: the bytes that were asked for, or a refusal."""

    data: bytes
    refused: bool = False


Ask = Callable[[int, Question], Coroutine[Any, Any, Answer | None]]


def questions() -> list[Question]:
    """One for each shipped profile, the certain ones first."""
    found = [_question(name, load_profile(name)) for name in shipped()]
    return sorted(found, key=lambda question: question.expect is None)


def _question(name: str, profile: Profile) -> Question:
    canary, zones = profile.canary, profile.zones
    if canary is not None:
        return Question(name, profile.name, canary.function, canary.address, 1, canary.expect)
    count = max(bit.offset for bit in profile.bit) + 1 if profile.bit else 1
    return Question(name, profile.name, zones.function, zones.address, count, None)


def crc16(data: bytes) -> int:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def pdu(question: Question) -> bytes:
    return bytes((question.function,)) + question.address.to_bytes(2, "big") + question.count.to_bytes(2, "big")


def rtu(unit: int, body: bytes) -> bytes:
    frame = bytes((unit,)) + body
    return frame + crc16(frame).to_bytes(2, "little")


def tcp(transaction: int, unit: int, body: bytes) -> bytes:
    return transaction.to_bytes(2, "big") + b"\0\0" + (len(body) + 1).to_bytes(2, "big") + bytes((unit,)) + body


def size(question: Question) -> int:
    """How many bytes the answer's data has."""
    return (question.count + 7) // 8 if question.function in BITS else 2 * question.count


def read_pdu(body: bytes, question: Question) -> Answer | None:
    """The answer to a question, or a refusal of it; None if it is neither, or nobody is there."""
    if len(body) == 2 and body[0] == question.function | REFUSED:
        return None if body[1] in NOBODY_BEHIND else Answer(b"", refused=True)
    want = size(question)
    if len(body) == want + 2 and body[0] == question.function and body[1] == want:
        return Answer(body[2:])
    return None


def find_rtu(buffer: bytes, unit: int, question: Question) -> Answer | None:
    """The answer anywhere in what came: an adapter may echo the question, a line may begin with noise."""
    for length in (size(question) + 5, 5):
        for start in range(len(buffer) - length + 1):
            frame = buffer[start : start + length]
            if frame[0] == unit and crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little"):
                answer = read_pdu(frame[1:-2], question)
                if answer is not None:
                    return answer
    return None


async def ask_units(ask: Ask, where: tuple[Setting, ...], name: str, tick: Tick) -> AsyncIterator[Found]:
    """Every unit; one that is silent at the first question is not there."""
    asked = questions()
    for number, unit in enumerate(UNITS):
        tick(number, len(UNITS))
        one = await _ask_unit(ask, asked, unit, where, name)
        if one is not None:
            yield one


async def _ask_unit(
    ask: Ask, asked: Iterable[Question], unit: int, where: tuple[Setting, ...], name: str
) -> Found | None:
    answered = False
    for question in asked:
        answer = await ask(unit, question)
        if answer is None and not answered:
            return None
        answered = True
        if answer is not None and _fits(answer, question):
            return _panel(question, unit, where, name)
    return Found(
        kind=Kind.PANEL, what=f"Modbus device, unit {unit}", name=name, sure=Sure.CERTAIN, why=Why.ANSWER, code="X-108",
        fact=f"unit {unit} at {name} answers, and is no panel of a shipped profile",
        do="If it is a panel, write a profile for it: docs/add-a-panel.md.",
    )  # fmt: skip


def _fits(answer: Answer, question: Question) -> bool:
    if answer.refused:
        return False
    return question.expect is None or int.from_bytes(answer.data, "big") == question.expect


def _panel(question: Question, unit: int, where: tuple[Setting, ...], name: str) -> Found:
    told = settings(profile=question.profile) + where + settings(unit=unit, zones=settings(**{"1": "zone 1"}))
    certain = question.expect is not None
    return Found(
        kind=Kind.PANEL, what=f"{question.words}, unit {unit}", name=name,
        sure=Sure.CERTAIN if certain else Sure.POSSIBLE, why=Why.ANSWER,
        proposal=Proposal(kind="sensor", driver="modbus_panel", settings=told, remark="zones"),
    )  # fmt: skip
