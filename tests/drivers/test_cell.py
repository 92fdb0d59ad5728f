"""The child's own manners: it begins with its rights, ends with its socket, and answers nonsense by ending."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.cell_wire import Begin, Close, Ended, FromCell, Open, Show, Taken, ToCell, frame, from_cell
from drivers.readings import Light

ROOT = str(Path(__file__).resolve().parents[2])
BEGIN = frame(Begin(200, 0, ()))


def child(*said: bytes) -> tuple[int, str, bytes]:
    """Run a cell to its end. Returns its exit code, what it wrote to standard error, and what it said."""
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "drivers.cell", str(os.getpid())],
            stdin=theirs.fileno(), stderr=subprocess.PIPE, env={"PYTHONPATH": ROOT},
        )  # fmt: skip
        theirs.close()
        for one in said:
            ours.sendall(one)
        ours.shutdown(socket.SHUT_WR)
        _, words = process.communicate(timeout=20)
        heard = b""
        while more := _more(ours):
            heard += more
    return process.returncode, words.decode(), heard


def _more(end: socket.socket) -> bytes:
    try:
        return end.recv(65536)
    except ConnectionResetError:
        return b""


def messages(heard: bytes) -> list[FromCell]:
    found = []
    while heard:
        length = int.from_bytes(heard[:4], "big")
        found.append(from_cell(heard[4 : 4 + length]))
        heard = heard[4 + length :]
    return found


def test_it_ends_with_its_socket() -> None:
    code, words, _ = child(BEGIN)
    assert (code, words) == (0, "")


def test_it_begins_with_its_rights() -> None:
    code, words, heard = child(frame(Taken(1)), BEGIN)
    assert (code, heard) == (1, b"")
    assert "begins with its rights" in words


@pytest.mark.parametrize("nonsense", [b"\xff" * 64, frame(Taken(1))[:4] + b"\x00" * 8, b"\0\0\0\1\xc1"])
def test_nonsense_ends_it(nonsense: bytes) -> None:
    code, words, _ = child(BEGIN, nonsense)
    assert code != 0
    assert "CellWireError" in words


def test_a_word_about_a_device_that_is_not_there_is_nobodys() -> None:
    strays: list[ToCell] = [Taken(9), Show(9, Light.WAIT), Close(9)]
    code, words, _ = child(BEGIN, *(frame(one) for one in strays))
    assert (code, words) == (0, "")


@pytest.mark.parametrize(
    ("module", "says"), [("drivers.readers.nothing", "ModuleNotFoundError"), ("drivers.errors", "AttributeError")]
)
def test_a_driver_that_cannot_be_loaded_is_a_defect(module: str, says: str) -> None:
    code, _, heard = child(BEGIN, frame(Open(1, module, {}, {})))
    (ended,) = [one for one in messages(heard) if isinstance(one, Ended)]
    assert code == 0
    assert (ended.channel, ended.trouble) == (1, None)
    assert ended.defect.startswith(says)
