"""GPIO chips by the kernel's description."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery import chips
from drivers.discovery.chips import Chip, described
from drivers.discovery.found import Kind, Sure
from tests.drivers.discovery.looked import all_of


def test_the_request_is_the_kernels() -> None:
    """linux/gpio.h: _IOR(0xB4, 0x01, struct gpiochip_info), whose size is 68."""
    assert chips.GET_CHIPINFO == 0x8044B401


def test_a_description_is_read() -> None:
    data = b"gpiochip0".ljust(32, b"\0") + b"pinctrl-rp1".ljust(32, b"\0") + (54).to_bytes(4, "little")
    assert described(data) == Chip("gpiochip0", "pinctrl-rp1", 54)


@given(st.binary(min_size=68, max_size=68))
def test_any_description_can_be_shown(data: bytes) -> None:
    chip = described(data)
    assert chip.name.isprintable()
    assert chip.label.isprintable()


async def test_what_is_no_chip_or_may_not_be_opened_is_listed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/gpiochip0").write_text("")
    (tmp_path / "dev/gpiochip4").symlink_to("gpiochip0")
    (found,) = await all_of(chips.look(tmp_path))
    assert (found.kind, found.name, found.sure) == (Kind.CHIP, str(tmp_path / "dev/gpiochip0"), Sure.LIKELY)


async def test_the_chip_of_the_header_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev").mkdir()
    for number in (0, 10):
        (tmp_path / f"dev/gpiochip{number}").write_text("")
    told = {"gpiochip0": Chip("gpiochip0", "pinctrl-rp1", 54), "gpiochip10": Chip("gpiochip10", "gpio-brcmstb", 32)}
    monkeypatch.setattr(chips, "ask", lambda path: told[path.name])
    header, other = await all_of(chips.look(tmp_path))
    assert header.what == "pinctrl-rp1, 54 lines: the 40-pin header"
    assert (other.what, other.sure) == ("gpio-brcmstb, 32 lines", Sure.CERTAIN)


async def test_a_box_without_chips_has_none(tmp_path: Path) -> None:
    assert await all_of(chips.look(tmp_path)) == []
