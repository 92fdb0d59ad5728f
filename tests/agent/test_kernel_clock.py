"""The kernel's word on its clock: asked, or told by a file that is fresh."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from agent import kernel_clock

UP_NS = 100 * 10**9


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: UP_NS)
    monkeypatch.setattr(kernel_clock, "ask", lambda: False)


@pytest.mark.parametrize("answer", [True, False])
def test_what_is_told_is_what_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, answer: bool) -> None:
    told = tmp_path / "synced"
    monkeypatch.setattr(kernel_clock, "ask", lambda: not answer)
    kernel_clock.tell(str(told))
    monkeypatch.setattr(kernel_clock, "ask", lambda: answer)
    kernel_clock.tell(str(told))  # written over
    monkeypatch.setattr(kernel_clock, "ask", lambda: not answer)
    assert kernel_clock.synced(str(told)) is answer
    assert len(told.read_bytes()) == len(b"1 \n") + 20


def test_everybody_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        kernel_clock.tell(str(tmp_path / "synced"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "synced").stat().st_mode) == 0o644


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("words", "synced"),
    [
        (b"1 %020d\n" % UP_NS, True),
        (b"1 %020d\n" % (UP_NS - 29 * 10**9), True),
        (b"1 %020d\n" % (UP_NS - 31 * 10**9), False),  # who told it has ended
        (b"1 %020d\n" % (UP_NS + 10**9), False),  # of another start of the machine
        (b"2 %020d\n" % UP_NS, False),
        (b"1\n", False),
        (b"1 now\n", False),
        (b"", False),
    ],
)
def test_an_answer_that_is_old_or_none_is_asked_for(tmp_path: Path, words: bytes, *, synced: bool) -> None:
    told = tmp_path / "synced"
    told.write_bytes(words)
    assert kernel_clock.synced(str(told)) is synced


def test_without_a_teller_the_kernel_is_asked(tmp_path: Path) -> None:
    assert kernel_clock.synced(str(tmp_path / "none")) is kernel_clock.ask()
