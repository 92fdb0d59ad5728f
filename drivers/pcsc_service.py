"""The PC/SC service (pcscd) in a few calls: its readers, the state of one, one command to a card or to the reader.

Every call blocks, some for as long as the service likes: call them from a thread of your own.
Source  PC/SC 2.01 parts 3, 5 and 10; pcsc-lite (a count of card events stands in the upper half of a reader's state).
Raises  DeviceError R-301 no service, R-302 the reader is not there, R-303 several fit, R-304 it refuses us, R-305 it
        fails otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from typing import Any

from smartcard import scard

from drivers.errors import DeviceError

AWAY = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE
PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
ESCAPE = scard.SCARD_CTL_CODE(1)  # IOCTL_CCID_ESCAPE: a command for the reader itself
SHOWN_READERS = 5


def _codes(*codes: int) -> frozenset[int]:
    return frozenset(code & 0xFFFFFFFF for code in codes)


SERVICE_GONE = _codes(
    scard.SCARD_E_NO_SERVICE,
    scard.SCARD_E_SERVICE_STOPPED,
    scard.SCARD_E_INVALID_HANDLE,
    scard.SCARD_F_COMM_ERROR,
)
REFUSED = _codes(scard.SCARD_W_SECURITY_VIOLATION)
READER_GONE = _codes(scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE)
NO_ANSWER = _codes(  # the card was taken away, or cannot be talked to: nothing is wrong with the reader
    scard.SCARD_E_NO_SMARTCARD,
    scard.SCARD_W_REMOVED_CARD,
    scard.SCARD_W_RESET_CARD,
    scard.SCARD_W_UNPOWERED_CARD,
    scard.SCARD_W_UNRESPONSIVE_CARD,
    scard.SCARD_W_UNSUPPORTED_CARD,
    scard.SCARD_E_NOT_TRANSACTED,
    scard.SCARD_E_PROTO_MISMATCH,
    scard.SCARD_E_SHARING_VIOLATION,
)


class Service:
    """An open context. Use open_service(); one thread at a time."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def readers(self) -> list[str]:
        """By the names that pcscd gives them. Raises DeviceError."""
        code, names = _call(scard.SCardListReaders, self._context, [])
        if code == scard.SCARD_E_NO_READERS_AVAILABLE & 0xFFFFFFFF:
            return []
        _check(code, "the list of readers")
        return list(names)

    def find(self, pattern: str) -> str:
        """The one reader whose name fits. Raises DeviceError R-302, R-303."""
        there = self.readers()
        fitting = [name for name in there if fnmatchcase(name, pattern)]
        if len(fitting) > 1:
            do = "Write more of the name into `reader`: the serial number, or the number at its end."
            raise DeviceError("R-303", f"several readers fit {pattern!r}: {_named(fitting)}", do=do)
        if not fitting:
            raise _absent(f"no reader fits {pattern!r}; there is {_named(there) or 'none'}")
        return fitting[0]

    def state(self, reader: str, known: int, wait_ms: int) -> int:
        """The reader's state once it is another than the known one, or the known one after a while."""
        code, states = _call(scard.SCardGetStatusChange, self._context, wait_ms, [(reader, known)])
        if code == scard.SCARD_E_TIMEOUT & 0xFFFFFFFF:
            return known
        _check(code, reader)
        state = int(states[0][1])
        if state & AWAY:
            raise _absent(f"{reader} went away")
        return state

    def transmit(self, reader: str, command: bytes) -> bytes:
        """What the card before the reader answers; nothing if there is none, or none that answers."""
        code, card, protocol = _call(scard.SCardConnect, self._context, reader, scard.SCARD_SHARE_SHARED, PROTOCOLS)
        if code in NO_ANSWER:
            return b""
        _check(code, reader)
        try:
            header = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
            code, answer = _call(scard.SCardTransmit, card, header, list(command))
        finally:
            _close(scard.SCardDisconnect, card, scard.SCARD_LEAVE_CARD)
        if code in NO_ANSWER:
            return b""
        _check(code, reader)
        return bytes(answer)

    def escape(self, reader: str, command: bytes) -> bytes:
        """What the reader itself answers, card or no card; nothing where its driver does not let commands pass."""
        code, handle, _ = _call(scard.SCardConnect, self._context, reader, scard.SCARD_SHARE_DIRECT, 0)
        if code in NO_ANSWER:
            return b""
        _check(code, reader)
        try:
            code, answer = _call(scard.SCardControl, handle, ESCAPE, list(command))
        finally:
            _close(scard.SCardDisconnect, handle, scard.SCARD_LEAVE_CARD)
        if code in SERVICE_GONE | READER_GONE:
            _check(code, reader)
        return bytes(answer) if code == scard.SCARD_S_SUCCESS else b""


@contextmanager
def open_service() -> Iterator[Service]:
    """A context, given back at the end. Raises DeviceError R-301, R-304."""
    code, context = _call(scard.SCardEstablishContext, scard.SCARD_SCOPE_USER)
    _check(code, "the service")
    try:
        yield Service(context)
    finally:
        _close(scard.SCardReleaseContext, context)


def _call(function: Any, *arguments: Any) -> tuple[Any, ...]:
    """The answer, its code unsigned. pyscard fails with SystemError where the service died within the call."""
    try:
        answer = function(*arguments)
    except SystemError as error:
        raise _no_service(str(error)) from error
    code, *rest = answer
    return (code & 0xFFFFFFFF, *rest)


def _close(function: Any, *arguments: Any) -> None:
    """What is gone already need not be given back."""
    with suppress(SystemError):
        function(*arguments)


def _check(code: int, what: str) -> None:
    if code == scard.SCARD_S_SUCCESS:
        return
    fact = f"{what}: {scard.SCardGetErrorMessage(code)}".rstrip(". ")
    if code in SERVICE_GONE:
        raise _no_service(fact)
    if code in REFUSED:
        do = "Give the agent's user leave by the polkit rule in docs/drivers/pcsc.md."
        raise DeviceError("R-304", f"pcscd refuses the agent: {fact}", do=do)
    if code in READER_GONE:
        raise _absent(fact)
    raise DeviceError("R-305", fact, do="Unplug the reader and plug it in again; look into `journalctl -u pcscd`.")


def _no_service(fact: str) -> DeviceError:
    do = "Run: sudo systemctl restart pcscd.socket pcscd; `journalctl -u pcscd` says why it ended."
    return DeviceError("R-301", f"the PC/SC service does not answer: {fact}", do=do)


def _absent(fact: str) -> DeviceError:
    do = "Plug the reader in; `pcsc_scan -r` lists the names; docs/drivers/pcsc.md names kernel modules that take it."
    return DeviceError("R-302", fact, do=do)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_READERS} more" if len(names) > SHOWN_READERS else ""
    return ", ".join(repr(name) for name in names[:SHOWN_READERS]) + more
