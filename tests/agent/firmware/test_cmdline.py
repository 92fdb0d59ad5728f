"""The kernel's command line stays one line, and keeps what is not ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.firmware.cmdline import is_met, merged
from agent.firmware.wanted import read
from tests.agent.firmware.pi import CMDLINE

WANTED = read("cmdline.txt")
WORDS = [
    "console=serial0,115200",
    "console=ttyAMA0,9600",
    "console=tty1",
    "quiet",
    "root=PARTUUID=4e639091-02",
    "rootwait",
]


@pytest.mark.parametrize(
    ("family", "kept", "gone"),
    [
        ("pi3", ["console=tty1"], ["console=serial0,115200", "console=ttyAMA0,9600"]),
        ("pi4", ["console=tty1"], ["console=serial0,115200", "console=ttyAMA0,9600"]),
        ("pi5", ["console=tty1", "console=serial0,115200"], ["console=ttyAMA0,9600"]),
    ],
)
def test_no_console_where_the_readers_are(family: str, kept: list[str], gone: list[str]) -> None:
    words = merged(" ".join(WORDS), WANTED, family, ()).split()
    assert [one for one in kept if one not in words] == []
    assert [one for one in gone if one in words] == []


@given(st.lists(st.sampled_from(WORDS), max_size=8), st.sampled_from(["pi3", "pi4", "pi5"]))
def test_it_is_one_line_and_a_second_time_changes_nothing(words: list[str], family: str) -> None:
    once = merged("  ".join(words), WANTED, family, ["read-only-root"])
    assert once.count("\n") == 1
    assert merged(once, WANTED, family, ["read-only-root"]) == once
    assert all(is_met(once, line) for line in WANTED if line.holds(family, ["read-only-root"]))
    ours = [one for one in words if not one.startswith("console=") or one == "console=tty1"]
    assert [one for one in once.split() if one in ours] == ours


def test_an_option_goes_again_and_another_overlay_gives_way() -> None:
    text = CMDLINE.replace("rootwait", "rootwait overlayroot=tmpfs")
    on = merged(text, WANTED, "pi4", ["read-only-root"])
    assert [word for word in on.split() if word.startswith("overlayroot")] == ["overlayroot=tmpfs:recurse=0"]
    assert "overlayroot" not in merged(on, WANTED, "pi4", ())
