"""A Pi's card (scripts/deb/card-image), and a Pi that starts from it: QEMU's arm64 board under the name of a Pi 3.

Firmware  what the Pi's does is done here at each power-on: kernel, command line and, where config.txt says so, the
          first file system are read from the boot partition as it is then
Missing   the Pi itself: its firmware's other settings, its UARTs, GPIO and watchdog; the card is a virtio disk, and
          what the machine has written is on it when QEMU is killed: no card that loses what it has said it holds
"""

from __future__ import annotations

import hashlib
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.deb.machine import Machine

MODEL = "Raspberry Pi 3 Model B Plus Rev 1.3"
BOOT, ROOT, DATA = 0, 1, 2  # partitions
SECTOR, CHUNK = 512, 1 << 22
BOARD = (
    "qemu-system-aarch64", "-accel", "tcg,thread=multi", "-cpu", "cortex-a53", "-m", "1024", "-smp", "2", "-nodefaults",
    "-display", "none", "-no-reboot",
)  # fmt: skip


class Card(NamedTuple):
    """An image with a partition table."""

    path: Path

    def extent(self, partition: int) -> tuple[int, int]:
        """Where it begins and how long it is, in bytes."""
        with self.path.open("rb") as card:
            first, count = struct.unpack_from("<II", card.read(SECTOR), 446 + 16 * partition + 8)
        return first * SECTOR, count * SECTOR

    def put(self, *files: Path) -> None:
        """Onto the boot partition, as whoever holds the card in a computer."""
        subprocess.run(["mcopy", "-o", "-i", self._boot(), *files, "::"], check=True)

    def take(self, name: str, to: Path) -> Path:
        subprocess.run(["mcopy", "-n", "-o", "-i", self._boot(), f"::{name}", to / name], check=True)
        return to / name

    def _boot(self) -> str:
        return f"{self.path}@@{self.extent(BOOT)[0]}"

    def digest(self, partition: int) -> str:
        """Of every byte of it."""
        at, left = self.extent(partition)
        found = hashlib.sha256()
        with self.path.open("rb") as card:
            card.seek(at)
            while left:
                data = card.read(min(CHUNK, left))
                found.update(data)
                left -= len(data)
        return found.hexdigest()

    def swap(self, partition: int, head: bytes) -> bytes:
        """Other bytes at the begin of a partition. Returns those that were there."""
        with self.path.open("r+b") as card:
            card.seek(self.extent(partition)[0])
            before = card.read(len(head))
            card.seek(-len(head), 1)
            card.write(head)
        return before


def pi(card: Card, folder: Path, reader: Path) -> Machine:
    """reader: a serial line of this machine, plugged in at the Pi's USB."""
    dtb = folder / "board.dtb"

    def command(console: Path) -> list[str]:
        config = card.take("config.txt", folder).read_text().splitlines()
        words = [*BOARD, "-kernel", str(card.take("kernel8.img", folder)), "-dtb", str(dtb)]
        words += ["-append", card.take("cmdline.txt", folder).read_text().strip()]
        if "auto_initramfs=1" in [line.strip() for line in config]:
            words += ["-initrd", str(card.take("initramfs8", folder))]
        return [*words, "-M", "virt", *_plugged(card, console, folder, reader)]

    dump = [*BOARD, "-M", f"virt,dumpdtb={dtb}", *_plugged(card, folder / "none", folder, reader)]
    subprocess.run(dump, check=True, capture_output=True)
    subprocess.run(["fdtput", "-t", "s", dtb, "/", "model", MODEL], check=True)
    return Machine(folder / "console", command)


def _plugged(card: Card, console: Path, folder: Path, reader: Path) -> list[str]:
    return [
        "-drive", f"file={card.path},format=raw,if=virtio,cache=writeback",
        "-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0", "-device", "virtio-rng-pci",
        "-device", "virtio-serial-pci", "-chardev", f"socket,id=console,path={console},server=on,wait=off",
        "-device", "virtconsole,chardev=console", "-serial", f"file:{folder}/uart",
        "-device", "qemu-xhci", "-chardev", f"serial,id=reader,path={reader}", "-device", "usb-serial,chardev=reader",
    ]  # fmt: skip
