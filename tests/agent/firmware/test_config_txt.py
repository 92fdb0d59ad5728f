"""config.txt with our lines: what holds on each board, what was there, what contradicted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.firmware.config_txt import AGAINST, active, contradicts, merged
from agent.firmware.wanted import OPTIONS, Wanted, read
from tests.agent.firmware.pi import CONFIG_TXT

WANTED = read("config.txt")
SETTINGS = [
    "dtparam=audio=on",
    "enable_uart=0",
    "dtoverlay=miniuart-bt",
    "[pi4]",
    "[pi5]",
    "[all]",
    "# word",
    "",
    "arm_64bit=1",
]


@pytest.mark.parametrize("family", ["pi3", "pi4", "pi5"])
@given(theirs=st.lists(st.sampled_from(SETTINGS), max_size=12), options=st.sets(st.sampled_from(OPTIONS)))
def test_what_is_wanted_holds_and_nothing_contradicts_it(family: str, theirs: list[str], options: set[str]) -> None:
    text = merged("\n".join(theirs), WANTED, options)
    wanted = [line for line in WANTED if line.holds(family, options)]
    ours = set(active(text, family)) & {line.text for line in WANTED}
    assert ours == {line.text for line in wanted}
    assert [line for line in wanted if contradicts(text, line, family)] == []
    assert merged(text, WANTED, options) == text


@given(st.lists(st.sampled_from(SETTINGS), max_size=12))
def test_what_was_there_stays_in_its_order(theirs: list[str]) -> None:
    text = merged("\n".join(theirs), WANTED, ())
    bad = {one for line in WANTED for one in AGAINST.get(line.text, ())}
    assert [one for one in text.splitlines() if one in theirs and one and one[0] not in "#["][
        : len([one for one in theirs if one and one[0] not in "#[" and one not in bad])
    ] == [one for one in theirs if one and one[0] not in "#[" and one not in bad]


def test_what_contradicts_is_named_and_put_out() -> None:
    uart = Wanted("pi4", "enable_uart=1", "why")
    assert contradicts(CONFIG_TXT, uart, "pi4") == "enable_uart=0"
    text = merged(CONFIG_TXT, WANTED, ())
    assert "#mektep# enable_uart=0" in text.splitlines()
    assert contradicts(text, uart, "pi4") == ""


def test_what_is_added_below_later_holds_for_every_board() -> None:
    text = merged(CONFIG_TXT, WANTED, ()) + "hdmi_blanking=2\n"
    assert all("hdmi_blanking=2" in active(text, family) for family in ("pi3", "pi4", "pi5"))


def test_no_comment_is_cut_by_the_firmware() -> None:
    assert [line for line in merged("", WANTED, OPTIONS).splitlines() if len(line) > 98] == []
