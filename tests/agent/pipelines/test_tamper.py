"""Tampering told from what is none, on made pictures of a room."""

from __future__ import annotations

import re
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.pipelines import tamper
from agent.pipelines.settings import TamperSettings
from agent.pipelines.sighting import Kind, Observe

_: Observe[tamper.Look, tamper.Memory, TamperSettings] = tamper.observe

Levels = NDArray[np.float64]
Change = Callable[[Levels, np.random.Generator, float], Levels]  # room, noise, seconds since it began
START_S, END_S = 20.0, 40.0


def room(seed: int = 5) -> Levels:
    """Walls, doors, furniture."""
    rng = np.random.default_rng(seed)
    picture = np.linspace(90, 150, tamper.COLUMNS)[None, :] + np.linspace(-20, 20, tamper.ROWS)[:, None]
    for _ in range(80):
        row, column = rng.integers(0, tamper.ROWS - 10), rng.integers(0, tamper.COLUMNS - 10)
        picture[row : row + rng.integers(8, 60), column : column + rng.integers(4, 40)] += rng.integers(-50, 50)
    return picture


def watched(change: Change, lasts_s: float = 99.0) -> list[tuple[Kind, float]]:
    """What is told of a room that changes at START_S, and when after that."""
    rng, memory, told = np.random.default_rng(1), None, []
    for number in range(int(END_S * 2)):
        at_s = number / 2
        picture = room()
        if START_S <= at_s < START_S + lasts_s:
            picture = change(picture, rng, at_s - START_S)
        grey = np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        said, memory = tamper.observe(tamper.Look(grey, at_s), memory, TamperSettings())
        if said:
            assert re.fullmatch(r"so for \d\.\d s, needs [46] s", said.detail)
            told.append((said.kind, said.at_s - START_S))
    return told


def blurred(picture: Levels, sigma: float) -> Levels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.float64)


def bag(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return np.full_like(picture, 60.0)


def hand(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return blurred(picture, 14) * 0.1


def paint(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    picture[:, : int(tamper.COLUMNS * min(1.0, past_s) * 0.5)] = 170.0
    return picture


def turned(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return np.roll(picture, (9, 70), axis=(0, 1))


def defocused(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return blurred(picture, 2.5)


TAMPERED = [
    ("a bag", bag, Kind.COVERED),
    ("a hand that lets light through", hand, Kind.COVERED),
    ("half sprayed", paint, Kind.COVERED),
    ("turned", turned, Kind.TURNED),
    ("out of focus", defocused, Kind.DEFOCUSED),
]


@pytest.mark.parametrize(("change", "kind"), [case[1:] for case in TAMPERED], ids=[case[0] for case in TAMPERED])
def test_tampering_is_told_once_within_ten_seconds(change: Change, kind: Kind) -> None:
    told = watched(change)
    assert [name for name, _ in told] == [kind]
    assert 0 < told[0][1] <= 10


def lights_out(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return picture * 0.15 + rng.normal(0, 3, picture.shape)


def lights_on(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return picture * 1.6


def shaking(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return np.roll(picture, rng.integers(-1, 2, 2), axis=(0, 1))


def rain(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
    return picture + rng.normal(0, 8, picture.shape)


INNOCENT = [
    ("lights out", lights_out, 99.0),
    ("lights on", lights_on, 99.0),
    ("shaken", shaking, 4.0),
    ("rain", rain, 99.0),
    ("somebody close", bag, 2.0),
]


@pytest.mark.parametrize(("change", "lasts_s"), [case[1:] for case in INNOCENT], ids=[case[0] for case in INNOCENT])
def test_what_is_no_tampering_is_not_told(change: Change, lasts_s: float) -> None:
    assert watched(change, lasts_s) == []


def test_it_is_told_again_after_the_picture_was_itself() -> None:
    def twice(picture: Levels, rng: np.random.Generator, past_s: float) -> Levels:
        return picture if 8 <= past_s < 13 else bag(picture, rng, past_s)

    assert [kind for kind, _ in watched(twice)] == [Kind.COVERED, Kind.COVERED]


def test_a_bare_wall_says_nothing() -> None:
    memory, rng = None, np.random.default_rng(2)
    for number in range(60):
        level = 120 if number < 30 else 60
        grey = np.clip(rng.normal(level, 1.5, (tamper.ROWS, tamper.COLUMNS)), 0, 255).astype(np.uint8)
        said, memory = tamper.observe(tamper.Look(grey, number / 2), memory, TamperSettings())
        assert said is None


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        tamper.observe(tamper.Look(np.zeros((90, 160), np.uint8), 0.0), None, TamperSettings())


def test_it_wants_more_looks_from_the_first_that_is_wrong_until_it_is_told() -> None:
    rng, memory, wanted = np.random.default_rng(1), None, []
    for number in range(60):
        picture = room() if number < 30 else bag(room(), rng, 0)
        grey = np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        said, memory = tamper.observe(tamper.Look(grey, number / 2), memory, TamperSettings())
        wanted.append(tamper.suspects(memory))
        if said:
            break
    assert not any(wanted[:30])
    assert wanted[-2]
    assert not wanted[-1]
