"""The screen of discover: groups, troubles with what to do, lines that can be copied; every language, every width."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import tomllib
from pathlib import Path

import pytest

from agent.cli.discover_proposal import Device, propose
from agent.cli.discover_screen import bars, draw
from agent.texts import LANGUAGES, load_texts
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, settings

FILE = Path("/etc/mektep/agent.toml")
BY_ID = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"


def found(kind: Kind = Kind.PORT, **words: object) -> Found:
    told = {"kind": kind, "what": "ttyUSB0: FT232R", "name": BY_ID, "sure": Sure.CERTAIN, "why": Why.USB}
    return Found(**(told | words))  # type: ignore[arg-type]


READER = found(
    Kind.READER, what="em4100, 9600 baud", why=Why.CARD,
    proposal=Proposal(kind="reader", driver="serial_ascii", settings=settings(port=BY_ID * 3)),
)  # fmt: skip
TROUBLE = found(code="X-103", fact="it cannot be told from another", do="Mark the sockets.")


def screen(*many: Found, language: str = "en", hint: bool = False) -> str:
    out, say = io.StringIO(), load_texts(language)
    draw(many, propose(many, (), say), FILE, out, say, hint=hint)
    return out.getvalue()


def test_things_stand_in_their_groups_with_how_sure_they_are() -> None:
    lines = [line.strip() for line in screen(found(), READER).splitlines()]
    assert lines[:3] == ["Serial ports", "●  ttyUSB0: FT232R", BY_ID]
    assert lines[4] == "Card readers"
    assert re.fullmatch(r"●  em4100, 9600 baud +certain, a card was read", lines[5])


def test_a_thing_with_two_troubles_stands_once() -> None:
    text = screen(TROUBLE, found(code="X-105", fact="nothing was heard", do="Show a card.", why=Why.SILENT))
    assert text.count("ttyUSB0") == text.count(BY_ID) == 1
    assert text.index("X-103") < text.index("X-105")
    assert text.splitlines()[1].endswith("nothing came")


@pytest.mark.parametrize(("sure", "mark"), [(Sure.CERTAIN, "●"), (Sure.LIKELY, "◐"), (Sure.POSSIBLE, "○")])
def test_the_mark_tells_how_sure_it_is(sure: Sure, mark: str) -> None:
    assert screen(found(Kind.CAMERA, sure=sure)).splitlines()[1].split()[0] == mark


def test_a_trouble_is_code_fact_and_instruction() -> None:
    text = screen(TROUBLE)
    assert text.splitlines()[1].split()[0] == "!"
    assert "X-103  it cannot be told from another" in text
    assert "→ Mark the sockets." in text
    assert "→ Не переставляйте разъёмы" in screen(TROUBLE, language="ru")


def test_what_is_configured_or_used_says_so() -> None:
    assert "configured as canteen-1" in screen(found(configured="canteen-1", used_by="pid 7"))
    assert "in use by the agent, pid 7" in screen(found(used_by="pid 7"))


def test_the_proposal_is_whole_lines_that_can_be_copied() -> None:
    _, _, lines = screen(READER).partition(f"append it to {FILE}\n")
    assert tomllib.loads(lines)["reader"][0]["port"] == BY_ID * 3


def test_nothing_found_is_told() -> None:
    assert "Nothing was found" in screen()


def test_the_next_step_is_hinted_at_where_there_is_a_port() -> None:
    assert "--listen" in screen(found(), hint=True)
    assert "--listen" not in screen(found())
    assert "--listen" not in screen(READER, hint=True)


def test_what_a_device_calls_itself_cannot_move_the_cursor_or_become_markup() -> None:
    evil = "\x1b[2J[bold red]x[/]\x07\u202e"
    text = screen(found(what=evil, name=evil, code="X-101", fact=evil, configured=""))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "[bold red]x[/]" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_there(language: str) -> None:
    every = [found(kind, sure=sure, why=why) for kind in Kind for sure in Sure for why in Why]
    text = screen(*every, TROUBLE, READER, found(configured="x"), found(used_by="x"), language=language, hint=True)
    text += screen(language=language)
    text += " ".join(load_texts(language)(f"look.{title}") for title in ("osdp", "modbus", "listen", "network", "scan"))
    for section in ("discover.", "sure.", "why.", "look."):
        assert section not in text  # a key shows itself where a language lacks it


def terminal(width: int, *many: Found, devices: list[Device] | None = None, language: str = "en") -> str:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as out:
        draw(many, devices or [], FILE, out, load_texts(language), hint=False)
    return read_all(master)


def read_all(master: int) -> str:
    """All that was written; the other end is closed."""
    data = b""
    with contextlib.suppress(OSError):  # EIO: that is the end
        while piece := os.read(master, 65_536):
            data += piece
    os.close(master)
    return data.decode()


OSDP = "OSDP reader, address 12, 115200 baud, maker 5C2623, model 41, serial 4294967295, firmware 255.255.255"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int, language: str) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    many = (found(what="x" * 300, name="/dev/" + "y" * 300), TROUBLE, found(Kind.READER, what=OSDP, why=Why.ANSWER))
    text = terminal(width, *many, language=language)
    assert "\x1b[" in text  # colours, on a terminal
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert max(len(line) for line in plain.splitlines()) <= width


def test_a_pipe_gets_no_colours_and_no_bars() -> None:
    out = io.StringIO()
    with bars(out, load_texts("en")) as shown:
        shown.bar("/dev/x", "osdp")(1, 2)
        shown.show_cards(2)
    assert out.getvalue() == "Show a card to each reader now. Ports that listen: 2\n\n"
    assert "\x1b[" not in screen(TROUBLE, READER)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_terminal_gets_bars_with_words(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as out, bars(out, load_texts(language)) as shown:
        shown.bar("/dev/x\x1b[2J", "network")(1, 2)
    text = read_all(master)
    assert "/dev/x�[2J" in text
    assert "look." not in text
