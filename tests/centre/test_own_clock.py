"""What the kernel says of its clock, asked by another program and by ours; both answers, whatever this machine's is."""

from __future__ import annotations

import ctypes
import struct

import pytest

from centre import own_clock

ADJTIMEX = "@I3l"


class Kernel:
    """adjtimex(2) that answers as told."""

    def __init__(self, state: int, error_us: int) -> None:
        self.state, self.error_us = state, error_us

    def adjtimex(self, timex: object) -> int:
        told = struct.pack(ADJTIMEX, 0, 0, 0, self.error_us)
        ctypes.memmove(timex, told, len(told))  # type: ignore[arg-type]
        return self.state


@pytest.mark.parametrize(("state", "right"), [(0, True), (1, True), (4, True), (5, False), (-1, False)])
def test_what_the_kernel_says(monkeypatch: pytest.MonkeyPatch, state: int, right: bool) -> None:
    monkeypatch.setattr(own_clock.ctypes, "CDLL", lambda *_, **__: Kernel(state, 12_345))
    found = own_clock.look()
    assert (found.synchronised, "adjtimex" in found.said, "0.012 s" in found.said) == (right, True, right)


def test_a_system_that_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_clock.ctypes, "CDLL", lambda *_, **__: object())
    assert not own_clock.look().synchronised


def test_this_kernel_answers() -> None:
    assert "adjtimex" in own_clock.look().said
