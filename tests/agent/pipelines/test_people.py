"""Followed, counted, over lines, in a crowd, on the floor: made people on made paths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.pipelines import people
from agent.pipelines.people import Memory, Person
from agent.pipelines.settings import PeopleSettings
from agent.pipelines.sighting import Kind, Observe, Sighting
from agent.pipelines.watch import Line

_: Observe[people.Look, people.Memory, PeopleSettings] = people.observe

ASPECT = 16 / 9
DOOR = Line(name="door", begin=(0.0, 0.5), end=(1.0, 0.5))  # seen along it, the lower half is on the right
Path = list[tuple[float, float] | None]  # the middle of somebody in each picture; None: not found in it


def somebody(x: float, y: float, *, flat: bool = False) -> Person:
    return Person((x - 0.03, y - 0.12, x + 0.03, y + 0.12), 0.5, flat)


def seen(paths: list[Path], settings: PeopleSettings, *, flat: bool = False) -> tuple[list[Sighting], Memory]:
    """What five pictures a second of some people lead to."""
    memory: Memory | None = None
    told = []
    for number in range(max(len(path) for path in paths)):
        places = [path[number] for path in paths if number < len(path)]
        found = tuple(somebody(*place, flat=flat) for place in places if place)
        said, memory = people.observe(people.Look(found, number / 5, ASPECT), memory, settings)
        told += [said] if said else []
    assert memory is not None
    return told, memory


def walk(x: float, y_from: float, y_to: float, looks: int = 20) -> Path:
    return [(x, y_from + (y_to - y_from) * step / (looks - 1)) for step in range(looks)]


CROSSINGS: list[tuple[str, list[Path], tuple[int, int]]] = [
    ("one down", [walk(0.3, 0.2, 0.8)], (0, 1)),
    ("one up", [walk(0.3, 0.8, 0.2)], (1, 0)),
    ("two that meet", [walk(0.3, 0.2, 0.8), walk(0.5, 0.8, 0.2)], (1, 1)),
    ("three abreast", [walk(x, 0.2, 0.8) for x in (0.2, 0.4, 0.6)], (0, 3)),
    ("turned back before it", [walk(0.3, 0.2, 0.47) + walk(0.3, 0.47, 0.2)], (0, 0)),
    ("stands on it", [[(0.3, 0.5 + 0.01 * (-1) ** n) for n in range(40)]], (0, 0)),
    ("there and back", [walk(0.3, 0.2, 0.8) + walk(0.3, 0.8, 0.2)], (1, 1)),
    ("not found while on it", [[p if not 8 <= n < 13 else None for n, p in enumerate(walk(0.3, 0.2, 0.8))]], (0, 1)),
    ("along it", [[(0.1 + n * 0.03, 0.3) for n in range(25)]], (0, 0)),
]


@pytest.mark.parametrize(("paths", "counted"), [c[1:] for c in CROSSINGS], ids=[c[0] for c in CROSSINGS])
def test_a_line_is_crossed_once_by_each_who_crosses_it(paths: list[Path], counted: tuple[int, int]) -> None:
    assert seen(paths, PeopleSettings(lines=(DOOR,)))[1].crossed == (counted,)


def test_a_line_ends_where_it_ends() -> None:
    short = Line(name="gate", begin=(0.0, 0.5), end=(0.4, 0.5))
    assert seen([walk(0.8, 0.2, 0.8)], PeopleSettings(lines=(short,)))[1].crossed == ((0, 0),)


@given(st.lists(st.tuples(st.floats(0.05, 0.95), st.booleans()), max_size=4, unique_by=lambda one: round(one[0], 1)))
def test_who_goes_one_way_is_counted_one_way(who: list[tuple[float, bool]]) -> None:
    paths = [walk(x, 0.2, 0.8) if down else walk(x, 0.8, 0.2) for x, down in who if abs(x * 10 % 1 - 0.5) > 0.2]
    down = sum(1 for path in paths if path[0] and path[0][1] < 0.5)
    left, right = seen(paths or [[None]], PeopleSettings(lines=(DOOR,)))[1].crossed[0]
    assert left + right == len(paths)
    if len(paths) == down or down == 0:
        assert (left, right) == (len(paths) - down, down)


def test_the_headcount_is_who_is_in_view_although_the_network_misses_some() -> None:
    missed: list[Path] = [[(x, 0.5) if (n + i) % 4 else None for n in range(30)] for i, x in enumerate((0.2, 0.4, 0.6))]
    assert seen(missed, PeopleSettings())[1].headcount[0] == 3
    assert seen([[None] * 5], PeopleSettings())[1].headcount == (0, 0)


def test_a_crowd_is_told_once_while_it_lasts() -> None:
    crowd: list[Path] = [[(0.1 + 0.13 * i, 0.5)] * 120 for i in range(6)]
    told, _ = seen(crowd, PeopleSettings(crowd=6, crowd_s=10))
    assert [one.kind for one in told] == [Kind.CROWD]
    assert told[0].at_s - told[0].since_s >= 10
    assert seen(crowd, PeopleSettings(crowd=7, crowd_s=10))[0] == []


def test_somebody_who_lies_is_told_after_a_while_and_who_stands_is_not() -> None:
    still: list[Path] = [[(0.5, 0.7)] * 60]
    assert [one.kind for one in seen(still, PeopleSettings(lying_s=5), flat=True)[0]] == [Kind.LYING]
    assert seen(still, PeopleSettings(lying_s=5))[0] == []
    assert seen([[(0.5, 0.7)] * 20], PeopleSettings(lying_s=5), flat=True)[0] == []


def pose(box: tuple[float, float, float, float], score: float, *, lying: bool = False) -> np.ndarray:
    """A row of the network: shoulders and hips within a box (left, top, right, bottom)."""
    left, top, right, bottom = box
    points = np.zeros((17, 3), np.float32)
    for index in (*people.SHOULDERS, *people.HIPS):
        far = 0.75 if index in people.HIPS else 0.25
        y, x = (0.5, far) if lying else (far, 0.5)
        points[index] = top + (bottom - top) * y, left + (right - left) * x, 0.9
    return np.concatenate([points.ravel(), [top, left, bottom, right, score]]).astype(np.float32)


def test_people_are_read_from_the_networks_answer() -> None:
    standing, lying = (0.1, 0.2, 0.2, 0.8), (0.5, 0.6, 0.9, 0.8)
    rows = [pose(standing, 0.6), pose((0.11, 0.2, 0.2, 0.8), 0.4), pose(lying, 0.5, lying=True), pose(lying, 0.05)]
    found = people.people(np.stack(rows), 0.2, ASPECT)
    assert [person.box for person in found] == [pytest.approx(standing), pytest.approx(lying)]
    assert [person.flat for person in found] == [False, True]


@given(st.binary(min_size=6 * people.ROW * 4, max_size=6 * people.ROW * 4))
def test_any_numbers_are_read(data: bytes) -> None:
    rows = np.nan_to_num(np.frombuffer(data, np.float32).reshape(6, people.ROW), nan=0.0, posinf=1e6, neginf=-1e6)
    assert len(people.people(rows, 0.2, ASPECT)) <= 6


LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def test_who_is_in_none_of_the_zones_is_not_counted_and_may_lie_there() -> None:
    settings = PeopleSettings(zones=(LEFT_HALF,), lying_s=5, crowd=3)
    paths: list[Path] = [[(x, 0.7)] * 90 for x in (0.2, 0.7, 0.9)]
    told, memory = seen(paths, settings)
    assert (told, memory.headcount[0]) == ([], 1)
    assert [one.kind for one in seen(paths, PeopleSettings(crowd=3))[0]] == [Kind.CROWD]
    assert seen([[(0.7, 0.7)] * 60], settings, flat=True)[0] == []
    ((lying),) = seen([[(0.2, 0.7)] * 60, [(0.7, 0.7)] * 60], settings, flat=True)[0]
    assert (lying.kind, lying.box) == (Kind.LYING, pytest.approx(somebody(0.2, 0.7).box))


def test_a_line_is_crossed_wherever_it_lies() -> None:
    settings = PeopleSettings(lines=(DOOR,), zones=(LEFT_HALF,))
    assert seen([walk(0.8, 0.2, 0.8)], settings)[1].crossed == ((0, 1),)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_a_point_is_on_one_side_of_a_cut_square(x: float, y: float) -> None:
    assume(abs(x - y) > 1e-9)
    above, below = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert people.within([above], (x, y)) != people.within([below], (x, y))
    assert people.within([above, below], (x, y))
    assert people.within([], (x, y))
