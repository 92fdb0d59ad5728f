"""One place for the newest raw picture: taken while somebody looks, a copy, and the next one takes its place."""

from __future__ import annotations

import numpy as np

from drivers.cameras.encoder import RATE
from drivers.cameras.newest import APART_S, Newest
from drivers.cameras.raw_feed import IDLE_S, Planes


def planes(shade: int) -> Planes:
    sizes = ((180, 320), (90, 160), (90, 160))
    luma, blue, red = (np.full(size, shade + n, np.uint8) for n, size in enumerate(sizes))
    return luma, blue, red


def test_nothing_is_taken_while_nobody_looks() -> None:
    woken: list[bool] = []
    it = Newest(lambda: woken.append(True))
    it.put(planes(1))
    assert (it.wait(0), it.newest(), it.pause_s, woken) == (False, None, IDLE_S, [])
    it.open()
    assert (it.pause_s, woken) == (APART_S, [True])
    it.put(planes(1))
    it.close()
    assert (it.wait(0), it.pause_s) == (False, IDLE_S)


def test_the_next_one_takes_its_place_and_each_is_given_once() -> None:
    it = Newest(lambda: None)
    it.open()
    it.put(planes(10))
    it.put(planes(20))
    assert it.wait(0)
    found = it.newest()
    assert found is not None
    assert found.shape == (270, 320)
    assert (found[:180] == 20).all()
    assert (found[180:].reshape(2, 90, 160)[0] == 21).all()
    assert (found[180:].reshape(2, 90, 160)[1] == 22).all()
    assert it.newest() is None


def test_what_is_painted_into_it_is_in_no_other_picture() -> None:
    it, given = Newest(lambda: None), planes(10)
    it.open()
    it.put(given)
    found = it.newest()
    assert found is not None
    found[:] = 0
    assert given[0].min() == 10


def test_it_hurries_the_camera_as_much_as_the_encoder_takes() -> None:
    assert APART_S == 1 / RATE
