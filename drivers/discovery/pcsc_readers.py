"""PC/SC readers: asks pcscd for their names, and USB for readers that pcscd does not show. No card is touched.

Without pyscard or pcscd USB still tells that a reader is plugged in.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from drivers.catalog import pip_install
from drivers.discovery import usb
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, printable, settings
from drivers.errors import DeviceError

CCID = "0b"  # the USB class of such readers
BY_NUMBER = {"072f:2200": "ACS ACR122U", "072f:90cc": "ACS ACR38"}  # readers older than the class
NFC_DRIVERS = {"pn533_usb", "nfcmrvl_usb", "port100"}  # the kernel's own, which keep pcscd away
PATIENCE_S = 5.0
Names = Callable[[], Sequence[str]]


def pcscd_names() -> Sequence[str]:
    """The readers of pcscd. Raises ModuleNotFoundError without pyscard, DeviceError without pcscd."""
    from drivers.pcsc_service import open_service

    with open_service() as service:
        return service.readers()


def pattern(name: str, names: Sequence[str]) -> str:
    """A name for the configuration: without the number of the socket at its end, where no other reader fits then."""
    short = re.sub(r"( [0-9A-F]{2}){1,2}$", "", name)
    alone = sum(other.startswith(short) for other in names) == 1
    plain = re.sub(r"([\[*?])", r"[\1]", short if alone else name)
    return f"{plain}*" if alone else plain


async def look(root: Path, names: Names = pcscd_names) -> AsyncIterator[Found]:
    """The readers of pcscd; if it shows none, those on USB with what to do."""
    told, code, fact, do = await _ask(names)
    for name in told:
        proposal = Proposal(kind="reader", driver="pcsc", settings=settings(reader=pattern(name, told)))
        yield Found(
            kind=Kind.READER, what=printable(name), name=printable(name),
            sure=Sure.CERTAIN, why=Why.LISTED, proposal=proposal,
        )  # fmt: skip
    if told:
        return
    for device in usb.devices(root / "sys"):
        if _is_reader(device):
            yield _unasked(device, code, fact, do)


async def _ask(names: Names) -> tuple[Sequence[str], str, str, str]:
    """The names; or why there are none: code, fact, instruction."""
    again = "Restart it: sudo systemctl restart pcscd"
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _in_a_thread(names), "X-110", "pcscd does not show it", again
    except ImportError:
        do = f"Run: sudo apt install pcscd; then: {pip_install('pcsc')}"
        return (), "X-109", "pyscard is not installed", do
    except TimeoutError:
        return (), "X-110", "pcscd does not answer", again
    except DeviceError as error:
        return (), error.code, error.what, error.do


async def _in_a_thread(names: Names) -> Sequence[str]:
    """A pcscd that hangs holds up this thread alone, and not the end of the program."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[Sequence[str]] = loop.create_future()

    def ask() -> None:
        try:
            answer = names()
        except Exception as error:  # noqa: BLE001 - goes to whoever waits
            _tell(loop, told, told.set_exception, error)
        else:
            _tell(loop, told, told.set_result, answer)

    threading.Thread(target=ask, name="pcscd", daemon=True).start()
    return await told


def _tell(loop: asyncio.AbstractEventLoop, told: asyncio.Future[Any], say: Callable[[Any], None], what: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(lambda: None if told.done() else say(what))


def _interfaces(device: Path) -> list[Path]:
    return [path for path in sorted(device.iterdir()) if (path / "bInterfaceClass").is_file()]


def _is_reader(device: Path) -> bool:
    classes = {usb.word(path / "bInterfaceClass") for path in _interfaces(device)}
    return CCID in classes or usb.read(device).id in BY_NUMBER


def _unasked(device: Path, code: str, fact: str, do: str) -> Found:
    one = usb.read(device)
    taken = {path.resolve().name for path in (place / "driver" for place in _interfaces(device)) if path.exists()}
    if taken & NFC_DRIVERS:
        code, fact = "X-111", f"the kernel's driver {', '.join(sorted(taken & NFC_DRIVERS))} keeps pcscd away"
        do = "Write `blacklist pn533_usb` and `blacklist nfc` to /etc/modprobe.d/mektep.conf and restart the box."
    return Found(
        kind=Kind.READER, what=BY_NUMBER.get(one.id, one.words), name=f"USB {one.path}",
        sure=Sure.LIKELY, why=Why.USB, code=code, fact=fact, do=do,
    )  # fmt: skip
