"""What USB says of a device, wherever below it one begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.discovery import usb
from tests.drivers.discovery.board import CH340, FTDI, Board


def test_a_device_is_found_above_its_interface(tmp_path: Path) -> None:
    interface = Board(tmp_path).usb("1-1.2", FTDI, serial="A5")
    one = usb.above(interface, tmp_path / "sys")
    assert one == usb.Usb("0403:6001", "A5", "FTDI", "FT232R USB UART", "1-1.2")
    assert one.words == "FT232R USB UART (FTDI)"


def test_what_is_not_on_usb_has_none_above_it(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.write("sys/devices/platform/serial0/x", "")
    assert usb.above(tmp_path / "sys/devices/platform/serial0", tmp_path / "sys") is None
    assert usb.above(tmp_path / "sys/nowhere", tmp_path / "sys") is None


def test_all_devices_are_listed_without_their_interfaces(tmp_path: Path) -> None:
    board = Board(tmp_path)
    for path in ("1-1", "1-2"):
        board.usb(path, CH340)
    board.link("sys/bus/usb/devices/1-1:1.0", tmp_path / "sys/devices/platform/usb1/1-1/1-1:1.0")
    assert [path.name for path in usb.devices(tmp_path / "sys")] == ["1-1", "1-2"]
    assert usb.devices(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("maker", "product", "words"),
    [
        ("", "USB Serial", "USB Serial"),
        ("ACS", "ACS ACR122U", "ACS ACR122U"),  # the maker stands in the name already
        ("", "", "1a86:7523"),
        ("Evil\x1b]0;x", "Y", "Y (Evil�]0;x)"),
    ],
)
def test_its_words(tmp_path: Path, maker: str, product: str, words: str) -> None:
    board = Board(tmp_path)
    interface = board.usb("1-1", {"id": "1a86:7523", "manufacturer": maker, "product": product})
    one = usb.above(interface, tmp_path / "sys")
    assert one is not None
    assert one.words == words
