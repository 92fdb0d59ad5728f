"""The gate: somebody who walks opens it where he walks; noise and a switched light do not."""

from __future__ import annotations

import numpy as np

from agent.pipelines.motion import NOTHING, between
from tests.agent.pipelines.watched import walker


def test_nothing_moves_between_the_same_pictures_with_noise() -> None:
    rng = np.random.default_rng(1)
    before, now = (np.clip(walker(60) + rng.normal(0, 3, (180, 320)), 0, 255).astype(np.uint8) for _ in range(2))
    assert not between(before, now).any()


def test_somebody_who_walks_moves_where_he_was_and_is() -> None:
    motion = between(walker(60), walker(100))
    assert motion.any()
    assert {int(column) for column in np.nonzero(motion.cells)[1]} == {3, 4, 5, 6}


def test_a_switched_light_is_no_movement() -> None:
    motion = between(walker(60), (walker(60) // 3))
    assert not motion.any()
    assert not motion.known, "who moves while it is switched is not seen to"


def test_it_can_be_asked_of_a_part() -> None:
    motion = between(walker(60), walker(100))
    left, right = NOTHING.copy(), NOTHING.copy()
    left[:, :4], right[:, 10:] = True, True
    assert (motion.any(left), motion.any(right)) == (True, False)
