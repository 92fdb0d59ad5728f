"""Pictures made anew: masked, however they come; an encoder for all who look; over, with the reason, when in doubt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from drivers.cameras import anew, encoder
from drivers.cameras.anew import Anew, Unshowable
from drivers.cameras.encoder import CLOCK, RATE, Picture
from drivers.cameras.ring import Form, Packet
from drivers.cell import CellClock
from tests.drivers.cameras.test_encoder import HEIGHT, WIDTH, decoded, grey
from tests.drivers.outlines import LEFT
from tests.drivers.supervised import until


class Bright:
    """A camera that sees the same bright thing, as often as it is asked."""

    def __init__(self, work: Callable[[], Picture | None] = lambda: grey(200)) -> None:
        self.work = work
        self.is_open = False
        self.opened = 0
        self.comes = threading.Event()
        self.comes.set()

    def open(self) -> None:
        self.is_open = True
        self.opened += 1

    def close(self) -> None:
        self.is_open = False

    def wait(self, seconds: float) -> bool:
        return self.comes.wait(seconds)

    def newest(self) -> Picture | None:
        return self.work()


class Viewer:
    """One who looks."""

    def __init__(self, of: Anew) -> None:
        self.packets: list[Packet] = []
        self.forms: set[Form] = set()
        self.ends: list[tuple[str, str]] = []
        self.look = of.look(lambda reason, what: self.ends.append((reason, what)))
        self.look.follow(self._put)

    def _put(self, packet: Packet, form: Form) -> None:
        self.packets.append(packet)
        self.forms.add(form)

    def goes(self) -> None:
        self.look.unfollow(self._put)


def of(source: Bright, *outlines: tuple[tuple[float, float], ...]) -> Anew:
    return Anew(lambda: source, outlines or (LEFT,), CellClock())


async def test_the_hidden_part_is_black_in_every_picture_and_the_rest_is_there() -> None:
    it = of(Bright())
    viewer = Viewer(it)
    await until(lambda: len(viewer.packets) > 4)
    viewer.goes()
    it.close()
    assert viewer.packets[0].is_key
    for one in decoded(viewer.packets):
        assert one[:HEIGHT, : WIDTH // 2 - 2].max() < 30
        assert one[:HEIGHT, WIDTH // 2 + 8 :].min() > 180


async def test_all_who_look_share_one_encoder_and_each_begins_with_a_keyframe() -> None:
    source = Bright()
    it = of(source)
    first = Viewer(it)
    await until(lambda: len(first.packets) > 2)
    second = Viewer(it)
    assert second.packets[0].is_key  # at once: the last group is there
    first.goes()
    count = len(first.packets)
    seen = len(second.packets)
    await until(lambda: len(second.packets) > seen + 1)
    assert (source.opened, source.is_open, len(first.packets)) == (1, True, count)
    second.goes()
    await until(lambda: not source.is_open)
    assert (first.ends, second.ends) == ([], [])
    again = Viewer(it)
    await until(lambda: bool(again.packets))
    assert (source.opened, again.packets[0].is_key) == (2, True)
    it.close()
    assert not source.is_open


async def test_a_picture_of_another_size_ends_all_views_and_is_not_shown() -> None:
    sizes = iter([(HEIGHT, WIDTH)] * 3 + [(HEIGHT, 240)] * 100)

    def work() -> Picture:
        height, width = next(sizes)
        return np.full((height * 3 // 2, width), 200, np.uint8)

    source = Bright(work)
    it = of(source)
    viewers = [Viewer(it), Viewer(it)]
    await until(lambda: all(one.ends for one in viewers))
    assert {(one.ends[0][0], len(one.ends)) for one in viewers} == {("masked", 1)}
    assert "320x180 and is 240x180" in viewers[0].ends[0][1]
    assert {one.shape for one in decoded(viewers[0].packets)} == {(HEIGHT * 3 // 2, WIDTH)}
    await until(lambda: not source.is_open)
    for one in viewers:
        one.goes()
    assert Viewer(it).ends == []  # ordered again it begins again
    it.close()


def fails(error: Exception) -> Callable[[], Picture]:
    def work() -> Picture:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "reason"), [(ZeroDivisionError(), "defect"), (Unshowable("masked", "so"), "masked")], ids=str
)
async def test_what_goes_wrong_ends_the_views_in_words(error: Exception, reason: str) -> None:
    source = Bright(fails(error))
    viewer = Viewer(of(source))
    await until(lambda: bool(viewer.ends))
    assert (viewer.ends[0][0], bool(viewer.ends[0][1]), viewer.packets) == (reason, True, [])
    await until(lambda: not source.is_open)


async def test_a_mask_that_cannot_be_painted_ends_the_view_and_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(anew.Masks, "burn", fail)
    viewer = Viewer(of(Bright()))
    await until(lambda: bool(viewer.ends))
    assert (viewer.ends[0][0], viewer.packets) == ("defect", [])


async def test_who_looks_after_a_thread_that_could_not_start_has_one_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    it = of(Bright())
    with monkeypatch.context() as here:
        here.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="thread"):
            Viewer(it)
    it.close()  # nothing to wait for
    viewer = Viewer(it)
    await until(lambda: bool(viewer.packets))
    it.close()


async def test_without_an_encoder_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "NAME", "libnothing")
    viewer = Viewer(of(Bright()))
    await until(lambda: bool(viewer.ends))
    assert viewer.ends == [("no_encoder", "FFmpeg has no H.264 encoder here")]


@pytest.mark.parametrize("comes", [False, True], ids=["nothing comes", "nothing of it is whole"])
async def test_without_a_whole_picture_it_is_over(comes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anew, "LOST_S", 0.3)
    source = Bright(lambda: None)
    if not comes:
        source.comes.clear()
    viewer = Viewer(of(source))
    await until(lambda: bool(viewer.ends))
    assert viewer.ends[0][0] == "no_picture"


@pytest.mark.parametrize("work_s", [0.0, 0.2])
async def test_it_rests_as_long_as_it_works_and_makes_no_more_pictures_than_it_may(work_s: float) -> None:
    """Only lower bounds: a busy machine makes it slower, never faster."""

    def work() -> Picture:
        threading.Event().wait(work_s)
        return grey(200)

    it = of(Bright(work))
    viewer = Viewer(it)
    await until(lambda: len(viewer.packets) > 3)
    it.close()
    apart_s = [(later.pts - one.pts) / CLOCK for one, later in pairwise(viewer.packets)]
    assert min(apart_s) >= max(1 / RATE, 2 * work_s) - 0.005
