"""The PC/SC reader, as libccid's driver would ask it: frames cut anywhere, cards that come and go, light and buzzer."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.pcsc_reader import (
    ABSENT,
    ATR,
    ESCAPE,
    FAILED,
    FIRMWARE,
    FRAME,
    GET_STATUS,
    GET_UID,
    HEAD,
    INACTIVE,
    POWER_ON,
    TRANSFER,
    PcscReader,
)

UID = bytes.fromhex("04A1B2C3D4E580")
GREEN = bytes.fromhex("FF00400E0401000101")


def frame(kind: int, data: bytes = b"", sequence: int = 7) -> bytes:
    message = FRAME + HEAD.pack(kind, len(data), 0, sequence, bytes(3)) + data
    check = 0
    for byte in message:
        check ^= byte
    return message + bytes((check,))


@pytest.fixture
def reader(tmp_path: Path) -> PcscReader:
    return PcscReader("reader", tmp_path / "reader")


@pytest.fixture
def sent(reader: PcscReader, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the reader sends."""
    found: list[bytes] = []
    monkeypatch.setattr(reader.line, "send", lambda data: found.append(data) or 0.0)
    return found


def asked(reader: PcscReader, sent: list[bytes], kind: int, data: bytes = b"") -> tuple[int, bytes]:
    """Status and data of the answer; the command is repeated before it."""
    command = frame(kind, data)
    sent.clear()
    reader._hear(command)
    (answer,) = sent
    assert answer.startswith(command)
    _, length, _, sequence, more = HEAD.unpack_from(answer, len(command) + len(FRAME))
    assert sequence == 7
    body = answer[len(command) + len(FRAME) + HEAD.size : -1]
    assert len(body) == length
    return more[0], body


def test_a_card_comes_answers_and_goes(reader: PcscReader, sent: list[bytes]) -> None:
    assert asked(reader, sent, GET_STATUS) == (ABSENT, b"")
    assert asked(reader, sent, TRANSFER, GET_UID) == (FAILED | ABSENT, b"")
    reader.hold(UID)
    assert asked(reader, sent, GET_STATUS) == (INACTIVE, b"")
    assert asked(reader, sent, POWER_ON) == (0, ATR)
    assert asked(reader, sent, TRANSFER, GET_UID) == (0, UID + b"\x90\x00")
    reader.take_away()
    assert asked(reader, sent, POWER_ON) == (FAILED | ABSENT, b"")


def test_a_command_is_heard_however_it_is_cut(reader: PcscReader, sent: list[bytes]) -> None:
    for byte in b"\x00\xff" + frame(ESCAPE, b"\x02"):
        reader._hear(bytes((byte,)))
    assert len(sent) == 1
    assert FIRMWARE in sent[0]


def test_a_light_is_shown_with_and_without_a_card(reader: PcscReader, sent: list[bytes]) -> None:
    assert asked(reader, sent, ESCAPE, GREEN) == (ABSENT, b"\x90\x02")
    assert (reader.last_light, reader.beeps) == ("G", 1)
    reader.hold(UID)
    asked(reader, sent, POWER_ON)
    assert asked(reader, sent, TRANSFER, bytes.fromhex("FF00400D0401010301")) == (0, b"\x90\x01")
    assert (reader.last_light, reader.beeps) == ("R", 4)
    for command, letter in [("0F0401000101", "A"), ("0F0400000000", "W"), ("0D0408000101", "U")]:
        asked(reader, sent, TRANSFER, bytes.fromhex("FF0040" + command))
        assert reader.last_light == letter
    assert asked(reader, sent, TRANSFER, b"\xff\x00\x41") == (0, b"\x63\x00")


def test_noise_is_no_command(reader: PcscReader, sent: list[bytes]) -> None:
    reader._hear(b"\x03\x15\x16" * 10)
    assert sent == []
