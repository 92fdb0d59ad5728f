"""The service's codes as troubles; and on a real pcscd what is told without a card, with one, and after it died."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from smartcard import scard

from drivers import pcsc_service
from drivers.errors import DeviceError
from drivers.pcsc_service import open_service
from drivers.readers.pcsc import PRESENT, UNAWARE
from tests.drivers.far_pcsc import NAME, far_reader

FULL_NAME = f"{NAME} 00 00"
UID = bytes.fromhex("24548AAC")
GET_UID = bytes.fromhex("FFCA000000")
CODES = [
    ("SCARD_E_NO_SERVICE", "R-301"),
    ("SCARD_E_SERVICE_STOPPED", "R-301"),
    ("SCARD_F_COMM_ERROR", "R-301"),
    ("SCARD_E_INVALID_HANDLE", "R-301"),
    ("SCARD_E_UNKNOWN_READER", "R-302"),
    ("SCARD_E_READER_UNAVAILABLE", "R-302"),
    ("SCARD_W_SECURITY_VIOLATION", "R-304"),
    ("SCARD_E_NO_MEMORY", "R-305"),
    ("SCARD_F_INTERNAL_ERROR", "R-305"),
]


def test_the_states_are_those_of_the_library() -> None:
    assert (UNAWARE, PRESENT) == (scard.SCARD_STATE_UNAWARE, scard.SCARD_STATE_PRESENT)


@pytest.mark.parametrize(("name", "code"), CODES)
@pytest.mark.parametrize("bits", [32, 64])
def test_a_code_is_a_trouble(name: str, code: str, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it comes as a signed number of 32 bits or as an unsigned one of 64."""
    raw = getattr(scard, name) & 0xFFFFFFFF
    given = raw - 2**32 if bits == 32 else raw
    monkeypatch.setattr(scard, "SCardEstablishContext", lambda _scope: (given, 0))
    with pytest.raises(DeviceError) as caught, open_service():
        pass
    assert caught.value.code == code


def test_a_library_that_fails_by_itself_is_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise SystemError("returned NULL without setting an exception")

    monkeypatch.setattr(scard, "SCardEstablishContext", lambda _scope: (0, 0))
    monkeypatch.setattr(scard, "SCardListReaders", fail)
    with pytest.raises(DeviceError, match="R-301"), open_service() as service:
        service.readers()


def test_many_readers_are_not_all_named() -> None:
    assert pcsc_service._named(["a"] * 7) == "'a', 'a', 'a', 'a', 'a' and 2 more"


def _without_a_card() -> tuple[list[str], int, bytes, bytes, bytes]:
    with open_service() as service:
        state = service.state(FULL_NAME, UNAWARE, 100)
        same = service.state(FULL_NAME, state, 20)
        assert same == state
        beep = service.escape(FULL_NAME, bytes.fromhex("FF00520000"))
        unknown = service.escape(FULL_NAME, b"\xe0")
        return service.readers(), state, service.transmit(FULL_NAME, GET_UID), beep, unknown


async def test_a_reader_without_a_card(tmp_path: Path) -> None:
    async with far_reader(tmp_path):
        names, state, answer, beep, unknown = await asyncio.to_thread(_without_a_card)
    assert names == [FULL_NAME]
    assert not state & PRESENT
    assert answer == b""
    assert (beep, unknown) == (b"\x90\x00", b"\x63\x00")


def _with_a_card() -> tuple[int, bytes]:
    with open_service() as service:
        state = service.state(FULL_NAME, service.state(FULL_NAME, UNAWARE, 100), 2000)
        return state, service.transmit(FULL_NAME, GET_UID)


async def test_a_card_wakes_who_waits_and_answers(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader:
        waiting = asyncio.create_task(asyncio.to_thread(_with_a_card))
        reader.hold(UID)
        state, answer = await waiting
    assert state & PRESENT
    assert answer == UID + b"\x90\x00"


async def test_a_reader_that_is_not_known_went_away(tmp_path: Path) -> None:
    def look() -> None:
        with open_service() as service:
            service.state("no such reader", UNAWARE, 100)

    async with far_reader(tmp_path):
        with pytest.raises(DeviceError, match="R-302"):
            await asyncio.to_thread(look)
