"""Serial ports by names that survive a restart and a change of plugs. Looks at /dev, /sys and /proc; opens nothing.

Names   what udev was told to call it, else /dev/serial/by-id, else by-path. Adapters of one kind without serial
        numbers would share one by-id name, which goes to whichever comes last: for them by-path.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from drivers.discovery import holders, usb
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, printable, settings
from drivers.discovery.holders import Held, Holder
from drivers.discovery.kernel_files import inside, text
from drivers.discovery.usb import Usb

KERNEL_NAME = re.compile(r"(tty|serial[01]$|console|ptmx|pts|stdin|stdout|stderr|char|fd$)")  # no names of the admin's
IRONLOGIC = {"0403:1234": "IronLogic Z-2 USB"}  # a reader with numbers of its own, which tell its format
NEW_ID = "/sys/bus/usb-serial/drivers/ftdi_sio/new_id"
FTDI_OF_OTHERS = {"0403:1234": "0403 1234", "0403:1235": "0403 1235"}  # ftdi_sio must be told that they are its


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """One serial port of this box."""

    device: str  # as the kernel calls it now, "/dev/ttyUSB0"
    true: str  # where all its names lead
    name: str  # the name for the configuration
    names: tuple[str, ...]  # all of them
    what: str
    usb: str = ""  # vendor and product
    alike: bool = False  # another adapter cannot be told from it
    console: bool = False  # the kernel talks to it
    holder: Holder | None = None

    @property
    def free(self) -> bool:
        return self.holder is None and not self.console


def ports(root: Path) -> list[Port]:
    """All serial ports with hardware behind them, each with its names and who holds it."""
    return survey(root)[0]


def survey(root: Path) -> tuple[list[Port], bool]:
    """All ports, and whether every program could be asked whether it holds one."""
    found = list(_plain(root))
    counts = Counter((one.id, one.serial) for _, one in found if one)
    held = holders.look(root / "proc", [device for device, _ in found])
    consoles = _consoles(root)
    return [_port(root, device, one, counts, consoles, held) for device, one in found], held.complete


def _plain(root: Path) -> Iterator[tuple[Path, Usb | None]]:
    """The devices and their adapters, if they are on USB."""
    for entry in sorted(inside(root / "sys/class/tty"), key=lambda entry: len(entry.name)):
        device = root / "dev" / entry.name
        if not (entry / "device").exists() or usb.word(entry / "type") == "0" or not device.exists():
            continue  # a virtual terminal; a UART that is not there; a device that is gone
        yield device, usb.above(entry / "device", root / "sys")


def _port(
    root: Path, device: Path, one: Usb | None, counts: Counter[tuple[str, str]], consoles: set[str], held: Held
) -> Port:
    true = os.path.realpath(device)
    names = tuple(_names(root, true))
    alike = one is not None and counts[one.id, one.serial] > 1
    words = f"{one.words}, {one.serial}" if one and one.serial else one.words if one else "UART of the board"
    return Port(
        device=str(device), true=true, names=names, what=printable(f"{device.name}: {words}"),
        usb=one.id if one else "", alike=alike, name=_stable(names, on_board=one is None, alike=alike) or str(device),
        console=device.name in consoles, holder=held.by.get(true),
    )  # fmt: skip


def _names(root: Path, true: str) -> Iterator[str]:
    """The names that lead there: the administrator's first, then by-id, then by-path."""
    dev = root / "dev"
    for entry in inside(dev, dev / "serial/by-id", dev / "serial/by-path"):
        kernels = entry.parent == dev and KERNEL_NAME.match(entry.name)
        if entry.is_symlink() and not kernels and os.path.realpath(entry) == true:
            yield str(entry)


def _stable(names: tuple[str, ...], *, on_board: bool, alike: bool) -> str:
    """The name to write down; empty if there is none, as for a port on the board, which needs none."""
    order = ["/by-path/"] if alike else ["/by-id/", "/by-path/"]
    own = [name for name in names if "/dev/serial/" not in name]
    kept = [name for kind in order for name in names if kind in name]
    return next(iter(own + ([] if on_board else kept)), "")


def _consoles(root: Path) -> set[str]:
    """The ports on which the kernel writes; serial0 is the firmware's name for one of them."""
    named = set(re.findall(r"(?:^|\s)console=(\w+)", text(root / "proc/cmdline")))
    named |= set(usb.word(root / "sys/class/tty/console/active").split())
    return named | {Path(os.path.realpath(root / "dev" / name)).name for name in named if name.startswith("serial")}


async def look(root: Path) -> AsyncIterator[Found]:
    """Each port, and adapters that no driver of the kernel has taken."""
    found, complete = survey(root)
    for port in found:
        yield told(port)
    if found and not complete and os.geteuid() != 0:  # root who may not look cannot help it
        yield Found(
            kind=Kind.PORT, what="programs of other users", name="", sure=Sure.CERTAIN, why=Why.LISTED, code="X-119",
            fact="this user may not see whether a program, or the agent, holds a port: none is opened but by --port",
            do="Run it as root: sudo mektep discover",
        )  # fmt: skip
    for one in _without_driver(root):
        yield one


def told(port: Port) -> Found:
    """A port as it is shown, with the one thing about it that most needs doing."""
    code, fact, do = _trouble(port)
    reader = IRONLOGIC.get(port.usb)
    proposal = None
    if reader and not code:
        proposal = Proposal(kind="reader", driver="serial_ascii", settings=settings(port=port.name, format="ironlogic"))
    return Found(
        kind=Kind.READER if reader else Kind.PORT, what=reader or port.what, name=port.name,
        sure=Sure.LIKELY if reader else Sure.CERTAIN, why=Why.USB if port.usb else Why.LISTED,
        code=code, fact=fact, do=do, proposal=proposal,
        used_by=port.holder.used_by if port.holder else "",
    )  # fmt: skip


def in_trouble(port: Port, why: Why, code: str, fact: str, do: str) -> Found:
    """A port of which a look that opened it tells only this."""
    return Found(
        kind=Kind.PORT, what=port.what, name=port.name, sure=Sure.CERTAIN, why=why, code=code, fact=fact, do=do
    )


def _trouble(port: Port) -> tuple[str, str, str]:
    if port.holder is not None and not port.holder.ours:
        fact = f"{port.device} is held by {port.holder.command} (pid {port.holder.pid})"
        return "X-101", fact, "End that program if a device of the school is on this port; it was not opened."
    if port.console:
        fact = f"the kernel's console is on {port.device}"
        return "X-102", fact, "Run: sudo raspi-config nonint do_serial_cons 1, and restart the box."
    if port.alike:
        fact = f"{port.device} cannot be told from another adapter: same kind, same or no serial number"
        return "X-103", fact, "Leave the plugs where they are and mark the sockets: the name is that of the socket."
    return "", "", ""


def _without_driver(root: Path) -> Iterator[Found]:
    """FTDI chips under somebody else's number, which the kernel leaves alone."""
    for path in usb.devices(root / "sys"):
        one = usb.read(path)
        if one.id not in FTDI_OF_OTHERS or any(path.glob("*/tty*")):
            continue
        yield Found(
            kind=Kind.READER if one.id in IRONLOGIC else Kind.PORT, what=IRONLOGIC.get(one.id, one.words),
            name=f"USB {one.path}",
            sure=Sure.LIKELY, why=Why.USB, code="X-104",
            fact=f"no driver has taken {one.words} ({one.id})",
            do=f"Run as root: modprobe ftdi_sio; echo {FTDI_OF_OTHERS[one.id]} > {NEW_ID}",
        )  # fmt: skip
