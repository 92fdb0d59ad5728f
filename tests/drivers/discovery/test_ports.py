"""Ports by names that last: which name, which adapters cannot be told apart, consoles, holders, missing drivers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drivers.discovery import holders, ports
from drivers.discovery.found import Found, Kind, Sure, Why
from drivers.discovery.ports import Port
from tests.drivers.discovery.board import CH340, FTDI, Z2, Board, school
from tests.drivers.discovery.looked import all_of


def only(root: Path) -> Port:
    (port,) = ports.ports(root)
    return port


def name(port: Port, root: Path) -> str:
    return str(Path(port.name).relative_to(root))


def test_the_administrators_name_goes_first_then_by_id_then_by_path(tmp_path: Path) -> None:
    board = Board(tmp_path)
    links = {"by_path": "platform-usb-0:1.1:1.0-port0", "by_id": "usb-FTDI_A5-if00-port0", "own": "reader-canteen"}
    for number, kind in enumerate(links):
        kept = dict(list(links.items())[: number + 1])
        hardware = board.usb(f"1-{number}", FTDI, serial=f"A{number}")
        board.port(f"ttyUSB{number}", hardware, **{each: f"{link}-{number}" for each, link in kept.items()})
        assert links[kind] in ports.ports(tmp_path)[-1].name


def test_a_port_of_the_board_needs_no_link(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.link("dev/serial0", board.on_board("ttyAMA0"))
    assert name(only(tmp_path), tmp_path) == "dev/ttyAMA0"
    assert only(tmp_path).usb == ""


def test_what_has_no_hardware_is_no_port(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.write("sys/class/tty/tty1/dev", "4:1")
    board.on_board("ttyS1", type_="0")  # a UART that the kernel only expects
    board.on_board("ttyS2").unlink()  # gone meanwhile
    assert ports.ports(tmp_path) == []
    assert ports.ports(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("serials", "alike"),
    [(("", ""), True), (("1", "1"), True), (("1", "2"), False), (("", "2"), False)],
)
def test_adapters_that_cannot_be_told_apart_are_named_by_their_socket(
    tmp_path: Path, serials: tuple[str, str], alike: bool
) -> None:
    board = Board(tmp_path)
    for number, serial in enumerate(serials):
        hardware = board.usb(f"1-{number}", CH340, serial=serial)
        board.port(f"ttyUSB{number}", hardware, by_path=f"usb-0:{number}-port0")
    board.link("dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", tmp_path / "dev/ttyUSB1")
    last = ports.ports(tmp_path)[-1]
    assert last.alike is alike
    assert ("by-path" if alike else "by-id") in last.name


@pytest.mark.parametrize(
    ("line", "active", "console"),
    [
        ("console=serial0,115200 console=tty1", "", True),
        ("quiet console=ttyAMA0", "", True),
        ("console=tty1", "ttyAMA0", True),
        ("console=tty1", "tty0", False),
        ("splash noconsole=ttyAMA0", "", False),
        ("", "", False),
    ],
)
def test_the_kernels_console_is_seen(tmp_path: Path, line: str, active: str, console: bool) -> None:
    board = Board(tmp_path)
    board.link("dev/serial0", board.on_board("ttyAMA0"))
    board.write("proc/cmdline", line)
    board.write("sys/class/tty/console/active", active)
    assert only(tmp_path).console is console
    assert only(tmp_path).free is not console


def test_a_held_port_is_not_free(tmp_path: Path) -> None:
    board = Board(tmp_path)
    device = board.port("ttyUSB0", board.usb("1-1", FTDI, serial="A5"))
    assert only(tmp_path).free
    board.process(700, "minicom -D /dev/ttyUSB0", holds=device)
    found = ports.told(only(tmp_path))
    assert not only(tmp_path).free
    assert (found.code, found.used_by) == ("X-101", "")
    assert "minicom" in found.fact
    assert "700" in found.fact


async def test_a_whole_box(tmp_path: Path) -> None:
    board = school(tmp_path)
    board.usb("1-9", Z2)  # no driver has taken it
    found = await all_of(ports.look(tmp_path))
    assert [(one.kind, one.what, one.code, one.used_by) for one in found] == [
        (Kind.PORT, "ttyAMA0: UART of the board", "X-102", ""),
        (Kind.PORT, "ttyUSB0: FT232R USB UART (FTDI), A50285BI", "", "pid 612"),
        (Kind.PORT, "ttyUSB1: USB Serial", "X-103", ""),
        (Kind.PORT, "ttyUSB2: USB Serial", "X-103", ""),
        (Kind.READER, "IronLogic Z-2 USB", "", ""),
        (Kind.READER, "IronLogic Z-2 USB", "X-104", ""),
    ]
    assert {one.sure for one in found if one.kind is Kind.READER} == {Sure.LIKELY}
    assert {one.why for one in found[1:]} == {Why.USB}


async def test_a_port_that_the_agent_holds_or_that_is_in_trouble_is_not_proposed(tmp_path: Path) -> None:
    board = Board(tmp_path)
    device = board.port("ttyUSB0", board.usb("1-1", Z2, serial="K"), by_id="usb-z2")

    async def one() -> Found:
        (found,) = await all_of(ports.look(tmp_path))
        return found

    assert (await one()).proposal is not None
    board.process(700, "minicom", holds=device)
    assert (await one()).proposal is None


async def test_names_of_devices_cannot_move_the_cursor(tmp_path: Path) -> None:
    board = Board(tmp_path)
    about = {"id": "1a86:7523", "manufacturer": "\x1b[2J", "product": "a\nb"}
    board.port("ttyUSB0", board.usb("1-1", about, serial="\x07"))
    (found,) = await all_of(ports.look(tmp_path))
    assert found.what.isprintable()


async def test_programs_that_cannot_be_looked_into_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders, "look", lambda proc, wanted: holders.Held({}, complete=False))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    board = Board(tmp_path)
    assert await all_of(ports.look(tmp_path)) == []  # without a port nobody needs to know
    board.port("ttyUSB0", board.usb("1-1", FTDI, serial="A5"))
    assert [one.code for one in await all_of(ports.look(tmp_path))] == ["", "X-119"]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert [one.code for one in await all_of(ports.look(tmp_path))] == [""]
