"""What commands write on: COLUMNS goes first, a pipe has 80, colours are for terminals that want them."""

from __future__ import annotations

import io
import os

import pytest

from agent.cli.screen import LEAST_WIDTH, PLAIN_WIDTH, console, has_colours, lines, trouble, width_of, write

SAID = "Plug the device in; check the udev name in the configuration: /dev/serial/by-id/usb-FTDI_FT232R_A50285BI"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("columns", "width"),
    [("120", 120), ("61", 61), ("3", LEAST_WIDTH), ("", PLAIN_WIDTH), ("0", PLAIN_WIDTH), ("wide", PLAIN_WIDTH)],
)
def test_columns_goes_first_and_a_pipe_has_eighty(monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for out in (io.StringIO(), Terminal()):  # a terminal that has no size is no reason to fail
        assert width_of(out) == width
        assert console(out).width == width


def test_a_terminal_says_how_wide_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "w") as terminal:
        assert width_of(terminal) == 132


@pytest.mark.parametrize(
    ("terminal", "environment", "colours"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours(monkeypatch: pytest.MonkeyPatch, terminal: bool, environment: dict[str, str], colours: bool) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    out = Terminal() if terminal else io.StringIO()
    assert has_colours(out) is colours
    console(out).print("red", style="red")
    assert ("\x1b[" in out.getvalue()) is colours


def test_brackets_of_a_configuration_are_no_markup() -> None:
    out = io.StringIO()
    console(out).print("correct [centre] :warning:")
    assert out.getvalue() == "correct [centre] :warning:\n"


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_text_is_wrapped_and_nothing_of_it_is_lost(width: int) -> None:
    found = lines(SAID, width, first="  → ", rest="    ")
    assert " ".join(" ".join(found).split()).removeprefix("→ ") == SAID
    assert all(len(line) <= width for line in found[:-1])
    assert found[-1].strip().startswith("/dev/serial")
    assert all(line.startswith("    ") for line in found[1:])


def test_an_empty_text_is_an_empty_line() -> None:
    out = io.StringIO()
    write(out, "")
    assert out.getvalue() == "\n"


def test_a_trouble_is_its_fact_and_beneath_it_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = io.StringIO()
    trouble(out, "P-104", "/dev/a went away: it hung up in the night", "Check the plug; if it comes back, change it.")
    assert out.getvalue().splitlines() == [
        "P-104  /dev/a went away: it hung up in",
        "       the night",
        "       → Check the plug; if it comes",
        "         back, change it.",
    ]
