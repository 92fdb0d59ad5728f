"""The examination as it is read: faults first, each with its instruction; what is well in few lines."""

from __future__ import annotations

import io

import msgspec
import pytest

from agent.cli.doctor_screen import NARROW, Progress, draw
from agent.doctor.finding import Finding, fault, note, warn, well
from agent.texts import LANGUAGES, load_texts

FOUND = [
    msgspec.structs.replace(one, check=check)
    for check, one in (
        ("disk", well("20 of 30 GB free")),
        ("rtc", note("H-132", "no clock", "Fit one.")),
        ("power", fault("H-101", "the supply voltage is too low now", "Change the power supply.")),
        ("clock", warn("H-131", "nobody vouches for the time", "Check NTP.")),
        ("devices", well("gate: working")),
        ("devices", well("hall: working")),
    )
]


def shown(findings: list[Finding], language: str = "en", *, running: bool = True) -> str:
    out = io.StringIO()
    draw("school-07", running, findings, out, load_texts(language))
    return out.getvalue()


def test_what_does_not_work_goes_first_and_says_what_to_do() -> None:
    text = shown(FOUND)
    assert text.splitlines()[0].startswith("school-07  1 fault   1 warning   1 to know   3 well")
    assert text.index("H-101") < text.index("H-131") < text.index("H-132") < text.index("20 of 30 GB")
    assert "→ Change the power supply." in text
    assert text.count("devices") == 1
    assert "does not run" not in text


def test_a_dead_agent_is_said_at_once() -> None:
    assert "The agent does not run" in shown(FOUND, running=False)


def test_all_is_well() -> None:
    assert "Everything that was looked at is well." in shown([FOUND[0]])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_wider_than_a_terminal(language: str) -> None:
    long = msgspec.structs.replace(FOUND[2], fact="long " * 60)
    assert max(map(len, shown([*FOUND, long], language).splitlines())) <= 80


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_how_far_it_is_stands_on_a_terminal_alone_and_goes_away() -> None:
    plain, terminal = io.StringIO(), Terminal()
    for out in (plain, terminal):
        with Progress(out, load_texts("en")) as progress:
            progress(3, 30, ["disk", "clock"] * 20)
    assert plain.getvalue() == ""
    assert "3/30 looking at: disk space, clock" in terminal.getvalue()
    assert all(len(part) <= NARROW for part in terminal.getvalue().split("\r"))
    assert terminal.getvalue().split("\r")[-2].strip() == ""
