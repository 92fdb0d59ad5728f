"""The boot EEPROM's settings with ours in them."""

from __future__ import annotations

import pytest

from agent.firmware.settings_file import merged
from agent.firmware.wanted import read

WANTED = read("eeprom.txt")
PI4 = "[all]\nBOOT_UART=0\nWAKE_ON_GPIO=1\nPOWER_OFF_ON_HALT=1\nBOOT_ORDER=0xf14\n"  # the order differs: USB first


@pytest.mark.parametrize(
    ("before", "family", "after"),
    [
        (PI4, "pi4", PI4.replace("HALT=1", "HALT=0").replace("0xf14", "0xf41")),
        ("[all]\nBOOT_UART=1\n", "pi4", "[all]\nBOOT_UART=1\nBOOT_ORDER=0xf41\nPOWER_OFF_ON_HALT=0\n"),
        (
            "[all]\nA=1\n[gpio8=0]\nB=2\n",
            "pi4",
            "[all]\nA=1\n[gpio8=0]\nB=2\n[all]\nBOOT_ORDER=0xf41\nPOWER_OFF_ON_HALT=0\n",
        ),
        ("", "pi4", "[all]\nBOOT_ORDER=0xf41\nPOWER_OFF_ON_HALT=0\n"),
        (PI4, "pi3", PI4),
    ],
)
def test_ours_replace_what_has_their_name(before: str, family: str, after: str) -> None:
    assert merged(before, WANTED, family) == after
    assert merged(after, WANTED, family) == after


def test_a_pi_5_starts_when_the_power_comes_back() -> None:
    assert "WAIT_FOR_POWER_BUTTON=0" in merged("[all]\nWAIT_FOR_POWER_BUTTON=1\n", WANTED, "pi5").splitlines()
