"""The kernel's word on its clock: asked, or told by a file that is fresh."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from agent import kernel_clock
from agent.kernel_clock import Vouched

UP_NS = 100 * 10**9


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: UP_NS)
    monkeypatch.setattr(kernel_clock, "ask", lambda: False)


@pytest.mark.parametrize("answer", [True, False])
def test_what_is_told_is_what_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, answer: bool) -> None:
    told = tmp_path / "synced"
    monkeypatch.setattr(kernel_clock, "ask", lambda: not answer)
    kernel_clock.tell(str(told), str(tmp_path / "held"))
    (tmp_path / "held").unlink(missing_ok=True)
    monkeypatch.setattr(kernel_clock, "ask", lambda: answer)
    kernel_clock.tell(str(told), str(tmp_path / "held"))  # written over
    monkeypatch.setattr(kernel_clock, "ask", lambda: not answer)
    assert kernel_clock.synced(str(told)) is answer
    assert len(told.read_bytes()) == len(b"1 \n") + 20


def test_everybody_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        kernel_clock.tell(str(tmp_path / "synced"), str(tmp_path / "held"))
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


# --- believed without a time server -----------------------------------------------------------------------------

DAY_NS = 86_400 * 10**9
UTC_NS = 1_795_420_800 * 10**9  # 2026-11-23T08:00:00Z
LAST = Vouched(UTC_NS, UP_NS)


@pytest.mark.parametrize(
    ("passed_ns", "off_ns", "held"),
    [
        (0, 0, True),
        (9 * 3_600 * 10**9, 0, True),  # the kernel has given it up
        (14 * DAY_NS, 10**9, True),  # a leap second
        (30 * DAY_NS, 0, True),
        (30 * DAY_NS + 1, 0, False),  # nobody knows by now how far it is off
        (3_600 * 10**9, 60 * 10**9, False),  # somebody has set it
        (3_600 * 10**9, -60 * 10**9, False),
        (-1, 0, False),  # of another start of the machine
    ],
)
def test_a_clock_that_was_right_is_believed_for_a_month(passed_ns: int, off_ns: int, *, held: bool) -> None:
    assert kernel_clock.holds(LAST, Vouched(UTC_NS + passed_ns + off_ns, UP_NS + passed_ns)) is held


def test_one_that_never_was_is_not() -> None:
    assert not kernel_clock.holds(None, LAST)


def test_a_school_without_a_line_knows_the_time_until_somebody_sets_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, held = str(tmp_path / "synced"), str(tmp_path / "held")
    machine = {"utc": UTC_NS, "up": UP_NS, "synced": True}
    monkeypatch.setattr(time, "time_ns", lambda: machine["utc"])
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: machine["up"])
    monkeypatch.setattr(kernel_clock, "ask", lambda: machine["synced"])

    def later(passed_ns: int, step_ns: int = 0) -> bool:
        machine["utc"] += passed_ns + step_ns
        machine["up"] += passed_ns
        kernel_clock.tell(told, held)
        return kernel_clock.synced(told)

    assert later(0)
    machine["synced"] = False
    assert all(later(DAY_NS) for _ in range(14))
    assert not later(DAY_NS, step_ns=-3_600 * 10**9)
    assert not later(DAY_NS)  # once set by hand it is not believed again
    machine["synced"] = True
    assert later(DAY_NS)
    machine["synced"] = False
    assert later(DAY_NS)


@pytest.mark.parametrize("words", [b"", b"1\n", b"now then\n", b"1 2 3\n", b"\xff \xff"])
def test_what_cannot_be_read_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: bytes) -> None:
    monkeypatch.setattr(kernel_clock, "ask", lambda: False)
    (tmp_path / "held").write_bytes(words)
    kernel_clock.tell(str(tmp_path / "synced"), str(tmp_path / "held"))
    assert not kernel_clock.synced(str(tmp_path / "synced"))
