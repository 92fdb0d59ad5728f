"""Stills: two of them fit a reading, whatever they show; in one of them nobody is to be recognised."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.pipelines import inference, still
from agent.pipelines.blur import TALL, Box, blurred, step, widened
from agent.pipelines.motion import NOTHING, UNKNOWN, Motion, between
from agent.pipelines.networks import POSE, Networks
from agent.pipelines.scene import Masks, Scene
from agent.pipelines.sighting import Kind, Sighting
from agent.pipelines.still import bodies, jpeg
from drivers.frame_slot import Picture
from drivers.readings import BLOCKS, SNAPSHOT_BYTES
from tests.agent.pipelines.drawn import HEIGHT, SIGN, WIDTH, Bgr, i420, room

NOISE = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)  # no picture is larger as a JPEG
NEAR, FAR = (200, 60, 260), (460, 90, 220)
NEAR_BOX: Box = (0.22, 0.16, 0.40, 0.90)
QUIET = Motion()


def said(kind: Kind = Kind.FIGHT, box: Box | None = None) -> Sighting:
    return Sighting(kind=kind, score=0.9, at_s=1.0, since_s=0.0, box=box)


def moving(*places: tuple[int, int]) -> Motion:
    """In these cells, of 9 by 16."""
    cells = NOTHING.copy()
    for place in places:
        cells[place] = True
    return Motion(cells)


def test_two_stills_fit_a_reading_whatever_they_show() -> None:
    data = jpeg(NOISE)
    assert 0 < len(data) <= SNAPSHOT_BYTES // 2
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    assert found.shape == NOISE.shape


def test_what_has_no_room_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still, "MOST_BYTES", 100)
    assert jpeg(NOISE) == b""


# --- what is hidden -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "motion", "sighting", "hidden"),
    [
        (None, QUIET, said(), None),  # nobody looked for people
        ([], UNKNOWN, said(), None),  # nor for what moves
        ([], moving((4, 8)), said(), None),  # who moves was not found
        ([], QUIET, said(), []),
        ([NEAR_BOX], UNKNOWN, said(), [NEAR_BOX]),
        ([NEAR_BOX], QUIET, said(), [NEAR_BOX]),
        ([NEAR_BOX], moving((4, 4), (5, 5)), said(), [NEAR_BOX]),  # he moves
        ([NEAR_BOX], moving((4, 4), (4, 12), (5, 13)), said(), [NEAR_BOX, (12 / 16, 4 / 9, 14 / 16, 6 / 9)]),
        ([NEAR_BOX], moving((0, 0), (8, 15)), said(), [NEAR_BOX, (0, 0, 1 / 16, 1 / 9), (15 / 16, 8 / 9, 1, 1)]),
        ([], moving((4, 8)), said(Kind.FIRE, (0.45, 0.4, 0.6, 0.6)), []),  # the flame moves
        ([], moving((4, 8), (4, 0)), said(Kind.FIRE, (0.45, 0.4, 0.6, 0.6)), None),  # and somebody else
        ([], moving((4, 8)), said(Kind.FIGHT, (0.45, 0.4, 0.6, 0.6)), None),
        ([], moving((4, 8)), said(Kind.FIRE), None),
    ],
)
def test_what_is_hidden(found: list[Box] | None, motion: Motion, sighting: Sighting, hidden: list[Box] | None) -> None:
    assert bodies(found, motion, sighting) == (None if hidden is None else [pytest.approx(box) for box in hidden])


@pytest.fixture(scope="module")
def networks() -> Networks:
    made = Networks()
    made.load({POSE})
    return made


def seen(picture: Bgr, before: Bgr | None = None) -> Scene:
    made = Scene(Picture(1, WIDTH, HEIGHT, 1, 1, True, i420(picture)), Masks([]))
    if before is not None:
        made.motion = between(Scene(Picture(1, WIDTH, HEIGHT, 1, 1, True, i420(before)), Masks([])).grey, made.grey)
    return made


def hidden(scene: Scene, networks: Networks, sighting: Sighting | None = None) -> Bgr:
    return np.asarray(blurred(scene.bgr, bodies(networks.who(scene), scene.motion, sighting or said())))


def largest_block(picture: Bgr, x: int, y: int) -> int:
    """How far one colour reaches to the right of a place, in pixels, and to its left."""
    row = (picture[y] == picture[y, x]).all(axis=1)
    left, right = np.nonzero(~row[:x])[0], np.nonzero(~row[x:])[0]
    return (x + int(right[0]) if right.size else WIDTH) - (int(left[-1]) + 1 if left.size else 0)


def test_who_stands_there_is_a_few_blocks_and_a_sign_can_be_read(networks: Networks) -> None:
    picture = hidden(seen(room(NEAR, FAR), room(NEAR, FAR)), networks)
    for x, top, high in (NEAR, FAR):
        least = step(0.8 * high / TALL)
        assert largest_block(picture, x, round(top + 0.075 * high)) >= least, "the face"
        assert largest_block(picture, x, round(top + 0.35 * high)) >= least, "the body"
    left, top, right, bottom = SIGN
    sign, beside = picture[(top + bottom) // 2, (left + right) // 2], picture[(top + bottom) // 2, left - 20]
    assert np.abs(sign.astype(int) - (40, 90, 20)).max() < 25
    assert np.abs(sign.astype(int) - beside.astype(int)).max() > 80


def test_who_moves_and_is_not_found_is_hidden_too(networks: Networks) -> None:
    """Somebody half out of the picture: the network misses him."""
    now, before = room(NEAR), room(NEAR)
    now[200:300, 560:640], before[200:300, 480:560] = (30, 30, 90), (30, 30, 90)
    scene = seen(now, before)
    found = networks.who(scene)
    assert found
    assert not any(box[2] > 0.85 for box in found), "found after all: the test needs another shape"
    picture = hidden(scene, networks)
    assert len(np.unique(picture[210:290, 570:630].reshape(-1, 3), axis=0)) <= 16


@pytest.mark.parametrize("why", ["not loaded", "fails", "finds nobody who moves"])
def test_where_nobody_was_found_and_somebody_may_be_there_all_is_coarse(
    why: str, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise inference.NO_NETWORK[0]("a defect")

    scene = seen(room(NEAR), room(FAR))
    if why == "fails":
        monkeypatch.setattr(networks.pose, "poses", fails)
    if why == "finds nobody who moves":
        monkeypatch.setattr(networks.pose, "poses", lambda *_: np.zeros((6, 56), np.float32))
    picture = hidden(scene, Networks() if why == "not loaded" else networks)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) <= BLOCKS * BLOCKS


def test_the_network_looks_at_a_picture_once(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Bgr] = []
    real = networks.pose.poses
    monkeypatch.setattr(networks.pose, "poses", lambda frame: looks.append(frame) or real(frame))
    scene = seen(room(NEAR))
    assert networks.poses(scene) is networks.poses(scene)
    assert len(networks.who(scene) or []) == 1
    assert len(looks) == 1


def test_a_box_of_somebody_near_is_wide_enough_for_his_hair_and_his_hands(networks: Networks) -> None:
    (box,) = networks.who(seen(room(NEAR))) or []
    left, top, right, bottom = widened(box, WIDTH, HEIGHT)
    x, head, high = NEAR
    assert left <= x - 0.17 * high
    assert right >= x + 0.17 * high
    assert top <= head
    assert bottom >= head + 0.97 * high
