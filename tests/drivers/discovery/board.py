"""A box's /dev, /sys and /proc as a folder: ports with their links, cameras, keyboards, chips, who holds what."""

from __future__ import annotations

import os
from pathlib import Path

FTDI = {"id": "0403:6001", "manufacturer": "FTDI", "product": "FT232R USB UART"}
CH340 = {"id": "1a86:7523", "manufacturer": "", "product": "USB Serial"}
Z2 = {"id": "0403:1234", "manufacturer": "RF Reader", "product": "Z-2 USB"}
ACR122U = {"id": "072f:2200", "manufacturer": "ACS", "product": "ACR122U PICC Interface"}


class Board:
    """Everything lies below `root`; links are relative, as udev makes them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("dev", "sys/class/tty", "sys/bus/usb/devices", "proc"):
            (root / folder).mkdir(parents=True, exist_ok=True)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def link(self, path: str, to: Path | str) -> Path:
        """A link to a place below the root, or to any other one."""
        link = self.root / path
        link.parent.mkdir(parents=True, exist_ok=True)
        target = Path(to)
        link.symlink_to(os.path.relpath(target, link.parent) if target.is_relative_to(self.root) else target)
        return link

    def usb(self, path: str, about: dict[str, str], *, serial: str = "", interface: str = "1.0") -> Path:
        """A USB device in a socket, "1-1.2"; returns its interface."""
        device = f"sys/devices/platform/usb1/{path}"
        vendor, product = about["id"].split(":")
        for name, text in {
            "idVendor": vendor,
            "idProduct": product,
            "serial": serial,
            "manufacturer": about["manufacturer"],
            "product": about["product"],
        }.items():
            if text:
                self.write(f"{device}/{name}", f"{text}\n")
        self.link(f"sys/bus/usb/devices/{path}", self.root / device)
        self.write(f"{device}/{path}:{interface}/bInterfaceNumber", "00\n")
        return self.root / device / f"{path}:{interface}"

    def port(self, name: str, hardware: Path, *, to: Path | None = None, **links: str) -> Path:
        """A serial port; `to`: the pty that stands for it; links: by_id, by_path, own = a name."""
        below = hardware / name / "tty" / name if (hardware / "bInterfaceNumber").exists() else hardware / "tty" / name
        below.mkdir(parents=True, exist_ok=True)
        (below / "device").symlink_to(os.path.relpath(hardware, below))
        self.link(f"sys/class/tty/{name}", below)
        device = self.link(f"dev/{name}", to) if to else self.write(f"dev/{name}", "")
        for kind, link in links.items():
            folder = {"by_id": "dev/serial/by-id", "by_path": "dev/serial/by-path", "own": "dev"}[kind]
            self.link(f"{folder}/{link}", device)
        return device

    def on_board(self, name: str, *, type_: str = "32", to: Path | None = None) -> Path:
        """A UART of the board itself."""
        hardware = self.root / "sys/devices/platform" / f"{name}.serial"
        hardware.mkdir(parents=True)
        device = self.port(name, hardware, to=to)
        (self.root / f"sys/class/tty/{name}/type").write_text(f"{type_}\n")
        return device

    def process(self, pid: int, command: str, *, parent: int = 1, holds: Path | None = None) -> None:
        self.write(f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0")
        self.write(f"proc/{pid}/stat", f"{pid} (a b) c) S {parent} 0 0")
        (self.root / f"proc/{pid}/fd").mkdir()
        (self.root / f"proc/{pid}/fd/0").symlink_to("/dev/null")
        if holds:
            (self.root / f"proc/{pid}/fd/3").symlink_to(os.path.realpath(holds))

    def keyboard(self, event: str, link: str, hardware: Path, name: str) -> None:
        below = hardware / "input" / "input7"
        self.write(f"{below.relative_to(self.root)}/name", f"{name}\n")
        (below / event).mkdir(parents=True)
        (below / event / "device").symlink_to("..")
        self.link(f"sys/class/input/{event}", below / event)
        self.link(f"dev/input/by-id/{link}", self.write(f"dev/input/{event}", ""))

    def camera(self, node: str, hardware: Path, name: str, *, index: str = "0", link: str = "") -> None:
        below = hardware / "video4linux" / node
        for file, text in {"name": name, "index": index}.items():
            self.write(f"{below.relative_to(self.root)}/{file}", f"{text}\n")
        (below / "device").symlink_to("../..")
        self.link(f"sys/class/video4linux/{node}", below)
        device = self.write(f"dev/{node}", "")
        if link:
            self.link(f"dev/v4l/by-id/{link}", device)


def school(root: Path) -> Board:
    """A box as a technician finds it: adapters with names and without, a Z-2, a console, a camera."""
    board = Board(root)
    first = board.usb("1-1.1", FTDI, serial="A50285BI")
    held = board.port("ttyUSB0", first, by_id="usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0", own="fire-panel")
    for number in (2, 3):
        alike = board.usb(f"1-1.{number}", CH340)
        board.port(f"ttyUSB{number - 1}", alike, by_path=f"platform-xhci-usb-0:1.{number}:1.0-port0")
    board.link("dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", board.root / "dev/ttyUSB2")
    board.port("ttyUSB3", board.usb("1-1.4", Z2, serial="K1"), by_id="usb-RF_Reader_Z-2_USB_K1-if00-port0")
    uart = board.on_board("ttyAMA0")
    board.link("dev/serial0", uart)
    board.on_board("ttyS0", type_="0")
    board.write("proc/cmdline", "coherent_pool=1M console=ttyAMA0,115200 console=tty1 root=PARTUUID=1\n")
    board.process(612, "/opt/mektep/bin/python /opt/mektep/bin/mektep run", holds=held)
    board.keyboard("event3", "usb-Sycreader_USB_Reader-event-kbd", board.usb("1-2", {
        "id": "ffff:0035", "manufacturer": "Sycreader", "product": "SYC ID&IC USB Reader"}),
        "Sycreader RFID Technology Co., Ltd SYC ID&IC USB Reader")  # fmt: skip
    webcam = board.usb("1-3", {"id": "046d:0825", "manufacturer": "", "product": "Webcam C270"}, serial="9F")
    board.camera("video0", webcam, "Webcam C270", link="usb-046d_Webcam_C270_9F-video-index0")
    board.camera("video1", webcam, "Webcam C270", index="1")
    board.usb("1-4", ACR122U)
    return board
