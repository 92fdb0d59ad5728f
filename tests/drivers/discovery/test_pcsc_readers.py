"""PC/SC readers by what pcscd says; without pcscd or pyscard by USB, with what to do; a pcscd that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from drivers.discovery import pcsc_readers
from drivers.discovery.found import Found, Kind, Proposal, Sure, settings
from drivers.errors import DeviceError
from tests.drivers.discovery.board import ACR122U, Board
from tests.drivers.discovery.looked import all_of

NAME = "ACS ACR122U PICC Interface 00 00"


def fails(error: Exception) -> Callable[[], Sequence[str]]:
    def names() -> Sequence[str]:
        raise error

    return names


async def look(root: Path, names: Callable[[], Sequence[str]]) -> list[Found]:
    return await all_of(pcsc_readers.look(root, names))


async def test_pcscds_readers_are_proposed_by_their_names(tmp_path: Path) -> None:
    Board(tmp_path).usb("1-4", ACR122U)
    (found,) = await look(tmp_path, lambda: [NAME])
    assert (found.kind, found.what, found.sure, found.code) == (Kind.READER, NAME, Sure.CERTAIN, "")
    assert found.proposal == Proposal(
        kind="reader", driver="pcsc", settings=settings(reader="ACS ACR122U PICC Interface*")
    )


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (lambda: [], "X-110"),
        (fails(ImportError("smartcard")), "X-109"),
        (fails(DeviceError("R-301", "pcscd does not run", do="Start it.")), "R-301"),
    ],
)
async def test_a_reader_that_pcscd_does_not_show_is_told_with_what_to_do(
    tmp_path: Path, names: Callable[[], Sequence[str]], code: str
) -> None:
    Board(tmp_path).usb("1-4", ACR122U)
    (found,) = await look(tmp_path, names)
    assert (found.what, found.name, found.sure, found.code) == ("ACS ACR122U", "USB 1-4", Sure.LIKELY, code)
    assert found.fact.isprintable()
    assert found.do


async def test_a_reader_is_known_by_its_class(tmp_path: Path) -> None:
    board = Board(tmp_path)
    interface = board.usb("1-4", {"id": "1234:5678", "manufacturer": "", "product": "Some CCID"})
    (interface / "bInterfaceClass").write_text("0b\n")
    (found,) = await look(tmp_path, lambda: [])
    assert found.what == "Some CCID"


async def test_the_kernels_own_driver_in_the_way_is_named(tmp_path: Path) -> None:
    board = Board(tmp_path)
    interface = board.usb("1-4", ACR122U)
    (interface / "bInterfaceClass").write_text("ff\n")
    driver = tmp_path / "sys/bus/usb/drivers/pn533_usb"
    driver.mkdir(parents=True)
    (interface / "driver").symlink_to(driver)
    (found,) = await look(tmp_path, lambda: [])
    assert found.code == "X-111"
    assert "pn533_usb" in found.fact


async def test_without_a_reader_nothing_is_said_of_pcscd(tmp_path: Path) -> None:
    Board(tmp_path).usb("1-1", {"id": "046d:c31c", "manufacturer": "", "product": "Keyboard"})
    assert await look(tmp_path, fails(ImportError("smartcard"))) == []


async def test_a_pcscd_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcsc_readers, "PATIENCE_S", 0.1)
    Board(tmp_path).usb("1-4", ACR122U)
    let_go = threading.Event()
    try:
        (found,) = await look(tmp_path, lambda: ["late"] if let_go.wait(10) else [])
        assert (found.code, found.fact) == ("X-110", "pcscd does not answer")
    finally:
        let_go.set()


async def test_names_cannot_move_the_cursor(tmp_path: Path) -> None:
    (found,) = await look(tmp_path, lambda: ["\x1b[2JReader"])
    assert found.what.isprintable()


PATTERNS = [
    ("ACS ACR122U PICC Interface 00 00", [], "ACS ACR122U PICC Interface*"),
    ("ACS ACR122U PICC Interface 00 00", ["ACS ACR122U PICC Interface 01 00"], "ACS ACR122U PICC Interface 00 00"),
    ("HID Omnikey 5022 [CCID Interface] (0) 00 00", [], "HID Omnikey 5022 [[]CCID Interface] (0)*"),
    ("Reader", [], "Reader*"),
    ("What? [x] 00 00", ["What? [x] 01 00"], "What[?] [[]x] 00 00"),
]


@pytest.mark.parametrize(("name", "others", "pattern"), PATTERNS)
def test_a_name_is_written_so_that_only_this_reader_fits(name: str, others: list[str], pattern: str) -> None:
    assert pcsc_readers.pattern(name, [name, *others]) == pattern
    assert [one for one in [name, *others] if fnmatchcase(one, pattern)] == [name]


async def test_the_real_service_is_asked(tmp_path: Path) -> None:
    """Whatever pcscd this machine has: names, or its trouble in words."""
    Board(tmp_path).usb("1-4", ACR122U)
    found = await all_of(pcsc_readers.look(tmp_path))
    assert [one for one in found if one.proposal or one.code.startswith(("R-30", "X-1"))] == found != []
