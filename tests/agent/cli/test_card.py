"""`mektep card`: a number as each vendor prints it; what is no number is named."""

from __future__ import annotations

import io

import pytest

from agent.cli.main import main
from drivers.cards import HEX_DIGITS
from drivers.readings import CardForm
from tests.agent.cli.command import mektep


def test_a_card_is_shown_in_every_way() -> None:
    done = mektep("card", "6F007B3972")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "hex                   6F007B3972",
        "decimal, 10 digits    0008075634",
        "facility,number       123,14706",
        "IronLogic             Em-Marine[6F00] 123,14706",
        "decimal of all bytes  476749445490",
    ]


def test_small_letters_are_the_same_card() -> None:
    assert mektep("card", "6f007b3972").stdout == mektep("card", "6F007B3972").stdout


@pytest.mark.parametrize("number", ["", "6F007B39", "6F007B397", "XX007B3972", "6F007B3972AA"])
def test_what_is_no_number_is_refused_with_words(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", number], io.StringIO()) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("C-120")
    assert "hex digits" in shown


@pytest.mark.parametrize("form", list(CardForm))
def test_every_form_can_be_shown(form: CardForm) -> None:
    out = io.StringIO()
    assert main(["card", "A" * HEX_DIGITS[form], "--form", form.value], out) == 0
    assert "A" * HEX_DIGITS[form] in out.getvalue()


def test_an_unknown_form_is_wrong_use() -> None:
    done = mektep("card", "6F007B3972", "--form", "rfid")
    assert done.returncode == 2
    assert "X-004  --form: 'rfid' is none of " in done.stderr
