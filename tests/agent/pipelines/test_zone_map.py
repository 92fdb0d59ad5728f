"""What is configured lies where the grid says; golden/ holds a map that somebody has looked at."""

from __future__ import annotations

import os

import cv2
import numpy as np

from agent.pipelines import zone_map
from agent.pipelines.blur import rough
from agent.pipelines.watch import Detects, Line, Watch, Zone
from agent.pipelines.zone_map import EDGE, LINE, WIDE, ZONES, drawn
from tests.agent.pipelines.test_blur import GOLDEN, corridor

WATCH = Watch(
    sees=[Detects.TAMPER, Detects.FIGHT, Detects.PEOPLE],
    masks=[[(0.42, 0.02), (0.7, 0.02), (0.7, 0.14), (0.42, 0.14)]],
    zone=[
        Zone(name="stairs", outline=[(0.05, 0.5), (0.3, 0.5), (0.3, 0.95), (0.05, 0.95)], sees=[Detects.FIGHT]),
        Zone(name="lockers", outline=[(0.75, 0.15), (0.98, 0.15), (0.98, 0.8)]),
    ],
    line=[Line(name="door", begin=(0.35, 0.8), end=(0.7, 0.8))],
)


def near(picture: zone_map.Bgr, x: float, y: float, colour: tuple[int, int, int]) -> bool:
    """Whether a colour is there, give or take three pixels of the map."""
    height = picture.shape[0] - 2 * EDGE - legend()
    column, row = EDGE + round(x * (picture.shape[1] - 2 * EDGE)), EDGE + round(y * height)
    around = picture[row - 3 : row + 4, column - 3 : column + 4].astype(int)
    return bool((np.abs(around - np.array(colour)).max(axis=2) < 12).any())


def legend() -> int:
    return zone_map.ROW * (2 + len(WATCH.masks) + len(WATCH.zone) + len(WATCH.line))


def test_zones_lines_and_masks_lie_where_the_configuration_says() -> None:
    made = drawn(np.full((360, 640, 3), 128, np.uint8), WATCH)
    assert made.shape == (720 + 2 * EDGE + legend(), WIDE + 2 * EDGE, 3)
    for zone, colour in zip(WATCH.zone, ZONES, strict=False):
        assert all(near(made, x, y, colour) for x, y in zone.outline)
    assert near(made, 0.45, 0.8, LINE)
    assert near(made, 0.525, 0.83, LINE)  # "in" is to the right of who looks from begin to end: below this one
    assert not near(made, 0.48, 0.77, LINE)
    assert near(made, 0.42, 0.08, zone_map.MASK)
    assert not near(made, 0.15, 0.25, ZONES[0])


def test_a_large_picture_is_not_made_larger_and_the_given_one_stays() -> None:
    picture = np.full((720, 1300, 3), 128, np.uint8)
    before = picture.copy()
    assert drawn(picture, Watch()).shape[1] == 1300 + 2 * EDGE
    assert (picture == before).all()


def test_whatever_is_configured_at_the_edges_can_be_drawn() -> None:
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    watch = Watch(
        masks=[corners, [(x / 31, 0.9 if x % 2 else 0.1) for x in range(32)]],
        zone=[Zone(name=f"z{number}", outline=corners) for number in range(16)],
        line=[Line(name="a", begin=(0.0, 0.0), end=(1.0, 1.0)), Line(name="b", begin=(1.0, 0.0), end=(0.0, 0.0))],
    )
    for size in ((9, 16), (480, 640), (640, 480)):
        assert drawn(np.zeros((*size, 3), np.uint8), watch).shape[2] == 3


def test_it_looks_as_it_did_when_somebody_looked() -> None:
    made = cv2.resize(drawn(rough(corridor()[0]), WATCH), None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    path = GOLDEN / "zones.png"
    if os.environ.get("MEKTEP_GOLDEN"):
        cv2.imwrite(str(path), made)
    golden = cv2.imread(str(path))
    assert golden is not None
    assert np.abs(made.astype(int) - golden).mean() < 0.5


def test_a_clock_that_was_found_is_drawn_and_one_that_is_not_looked_for_is_told() -> None:
    grey = np.full((360, 640, 3), 128, np.uint8)
    made = drawn(grey, Watch(), (0.7, 0.02, 0.95, 0.1))
    without = drawn(grey, Watch())
    assert made.shape[0] == without.shape[0] + zone_map.ROW
    assert drawn(grey, Watch(clock_mask=False)).shape == made.shape
    column, row = EDGE + round(0.7 * WIDE), EDGE + round(0.06 * 720)
    around = made[row - 3 : row + 4, column - 3 : column + 4].astype(int)
    assert (np.abs(around - np.array(zone_map.CLOCK)).max(axis=2) < 12).any()
