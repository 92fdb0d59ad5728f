"""The ribbon camera's live view: its small picture with the masks burnt in, or the word why there is none."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from drivers.cameras import csi, encoder
from drivers.cameras.csi_live import CsiLive
from drivers.cameras.ring import Packet
from drivers.cell import CellClock
from tests.drivers.cameras.test_anew import LEFT
from tests.drivers.cameras.test_encoder import HEIGHT, WIDTH, decoded
from tests.drivers.cameras.test_newest import planes
from tests.drivers.supervised import until


def nobody_hears(_reason: str, _what: str) -> None: ...


async def test_its_pictures_are_shown_with_the_masks_burnt_in() -> None:
    hurried: list[bool] = []
    it = CsiLive((LEFT,), CellClock(), lambda: hurried.append(True))
    it.take(planes(200))  # nobody looks
    idle_s = it.pause_s
    look = it.look(masked=True, on_over=nobody_hears)
    assert not isinstance(look, str)
    packets: list[Packet] = []

    def put(packet: Packet, _form: object) -> None:
        packets.append(packet)

    look.follow(put)
    await until(lambda: bool(hurried))
    assert it.pause_s < 0.2 < idle_s
    for count in range(3):
        it.take(planes(200))
        await until(lambda wanted=count: len(packets) > wanted)  # type: ignore[misc]
    look.unfollow(put)
    it.close()
    for one in decoded(packets):
        assert np.asarray(one)[:HEIGHT, : WIDTH // 2 - 2].max() < 30
        assert np.asarray(one)[:HEIGHT, WIDTH // 2 + 8 :].min() > 180


async def test_who_comes_while_another_leaves_has_a_place_of_its_own() -> None:
    """The thread of the earlier one, which is about to end, neither takes its pictures nor stops the camera."""
    it = CsiLive((), CellClock(), lambda: None)
    first, second = (it.look(masked=False, on_over=nobody_hears) for _ in range(2))
    assert not isinstance(first, str)
    assert not isinstance(second, str)
    packets: list[Packet] = []

    def put(packet: Packet, _form: object) -> None:
        packets.append(packet)

    first.follow(put)
    first.unfollow(put)
    second.follow(put)
    await until(lambda: it.pause_s < 1)
    it.take(planes(90))
    await until(lambda: len(packets) == 1)
    it.close()


async def test_why_there_is_none() -> None:
    it = CsiLive((), CellClock(), lambda: None)
    assert it.look(masked=True, on_over=nobody_hears) == "masked"  # by the daemon's configuration, not by its own
    assert it.prepare()
    it.close()


@pytest.mark.parametrize("lacks", ["the encoder", "PyAV"])
def test_without_what_it_needs_it_is_said(lacks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacks == "PyAV":
        monkeypatch.delitem(sys.modules, "drivers.cameras.anew")
        monkeypatch.setitem(sys.modules, "drivers.cameras.encoder", None)
    else:
        monkeypatch.setattr(encoder, "NAME", "libnothing")
    it = CsiLive((), CellClock(), lambda: None)
    assert (it.prepare(), it.look(masked=False, on_over=nobody_hears)) == (False, "no_encoder")
    it.close()


def test_the_eyes_are_fed_as_often_as_if_nobody_looked() -> None:
    made = csi.CsiCamera.__new__(csi.CsiCamera)
    made._feed, made._fed_ns = csi._feed(), -10_000_000_000
    fed = [
        made._is_fed(round(tick * 0.125e9)) for tick in range(25)
    ]  # a view's pictures; idle, the eyes want one a second
    assert [at for at, one in enumerate(fed) if one] == [0, 8, 16, 24]
