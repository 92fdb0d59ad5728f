"""The ribbon camera's live view: its small picture with the masks burnt in, or the word why there is none."""

from __future__ import annotations

import sys
import threading
import types

import numpy as np
import pytest

from agent.clock import SystemClock
from drivers.cameras import csi, encoder
from drivers.cameras.csi import Settings
from drivers.cameras.csi_live import CsiLive
from drivers.cameras.ring import Packet
from drivers.cell import CellClock
from drivers.readings import PictureState
from tests.clock import FastClock
from tests.drivers.cameras.ribbon import StandIn, encode_jpeg, in_place
from tests.drivers.cameras.test_encoder import HEIGHT, WIDTH, decoded
from tests.drivers.cameras.test_newest import planes
from tests.drivers.outlines import LEFT
from tests.drivers.supervised import until
from tests.secrets import no_secrets


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


# --- with its camera -----------------------------------------------------------------------------------------------


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    return in_place(monkeypatch)


def encodes(source: csi.CsiCamera) -> bool | None:
    assert source.counters.video is not None
    return source.counters.video.encodes


async def test_no_picture_waits_for_what_a_live_view_needs(
    camera: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()

    def prepare(_live: CsiLive) -> bool:
        loaded.wait(20)
        return True

    monkeypatch.setattr(CsiLive, "prepare", prepare)
    try:
        async with csi.connect(Settings(), FastClock(), no_secrets) as source:
            assert (await anext(aiter(source))).state is PictureState.CLEAR
            assert encodes(source) is None
        assert camera.open_now == 0, "nor does its end"
    finally:
        loaded.set()


async def test_who_looks_live_sees_the_small_picture_with_the_masks_burnt_in(
    camera: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    packets: list[Packet] = []

    def put(packet: Packet, _form: object) -> None:
        packets.append(packet)

    stand_in = types.SimpleNamespace(encode_jpeg=encode_jpeg, encode_jpeg_yuv_planes=lambda *_, **__: b"jpeg")
    monkeypatch.setitem(sys.modules, "simplejpeg", stand_in)
    async with csi.connect(Settings(masks=(LEFT,)), SystemClock(), no_secrets) as source:
        await until(lambda: encodes(source) is True)
        look = source.live(main=True, masked=True, on_over=lambda _reason, _what: None)
        assert not isinstance(look, str)
        look.follow(put)
        await until(lambda: len(packets) > 3)
        look.unfollow(put)
    shown = decoded(packets)
    assert {one.shape for one in shown} == {(540, 640)}
    assert max(int(one[:360, :310].max()) for one in shown) < 40
    assert min(int(one[:360, 330:].mean()) for one in shown) > 60
