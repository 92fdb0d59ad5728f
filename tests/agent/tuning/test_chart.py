"""The picture of thresholds: what is said lies where the axes say, words stay apart and on the sheet."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.pipelines.scores import logit
from agent.tuning import chart
from agent.tuning.chart import HEAD, PANEL_H, PANEL_W, PRESENT, PROPOSED, Axes, drawn
from agent.tuning.proposal import Proposal
from tests.agent.tuning.test_proposal import places, proposal

RAISED = proposal(places(b30=900, b42=1, b43=1, b44=1), (0.99, "confirmed"), (0.93, "dismissed"))


def has(picture: chart.Bgr, colour: chart.Colour, x: int, y: int) -> bool:
    around = picture[y - 2 : y + 3, x - 2 : x + 3].astype(int)
    return bool((np.abs(around - np.array(colour)).max(axis=2) < 12).any())


def test_thresholds_stand_where_the_axis_says() -> None:
    made = drawn([RAISED], "school-07")
    axes = Axes(0, HEAD, 1000.0)
    middle = HEAD + PANEL_H // 2
    assert RAISED.present is not None
    assert RAISED.proposed is not None
    assert has(made, PRESENT, axes.x(logit(RAISED.present)), middle)
    assert has(made, PROPOSED, axes.x(logit(RAISED.proposed)), middle)
    assert has(made, chart.CONFIRMED, axes.x(logit(0.99)), HEAD + chart.TOP - 5)
    assert not has(made, PRESENT, axes.x(0.0), middle)


@pytest.mark.parametrize(("count", "shape"), [(0, (1, 1)), (1, (1, 1)), (2, (1, 2)), (3, (2, 2)), (5, (3, 2))])
def test_each_has_its_panel(count: int, shape: tuple[int, int]) -> None:
    height, width, _ = drawn([RAISED] * count, "school-07").shape
    rows, columns = shape
    assert (height, width) == (HEAD + rows * PANEL_H, max(columns * PANEL_W, PANEL_W + 160))


@pytest.mark.parametrize("now", [0.02, 0.12, 0.5, 0.9242, 0.99, 0.9996, 1.0])
@pytest.mark.parametrize("budget", [0.01, 1.0, 1000.0])
def test_words_stay_on_the_sheet_and_apart(monkeypatch: pytest.MonkeyPatch, now: float, budget: float) -> None:
    boxes: list[tuple[int, int, int, int]] = []
    put = cv2.putText

    def spied(sheet: chart.Bgr, words: str, at: tuple[int, int], font: int, size: float, *more: object) -> object:
        (wide, high), base = cv2.getTextSize(words, font, size, 1)
        boxes.append((at[0], at[1] - high, at[0] + wide, at[1] + base // 2))
        return put(sheet, words, at, font, size, *more)  # type: ignore[call-overload]

    monkeypatch.setattr(cv2, "putText", spied)
    long = proposal(places(b30=9_000, b60=300, b61=4), (0.9995, "confirmed"), now=now, budget=budget)
    made = drawn([long, long], "school-07: alarms a week by threshold, 2026-11-19 to 2026-11-26")
    height, width, _ = made.shape
    assert all(left >= 0 and top >= 0 and right <= width and low <= height for left, top, right, low in boxes)
    for number, (left, top, right, low) in enumerate(boxes):
        for other_left, other_top, other_right, other_low in boxes[number + 1 :]:
            assert right <= other_left or other_right <= left or low <= other_top or other_low <= top


def test_nothing_to_draw_is_said() -> None:
    none = Proposal(
        camera="hall", detector="tamper", budget=1, hours=0, camera_h=0, hits=0, votes=0, told=0, dismissed=0,
        confirmed=0, why=RAISED.why,
    )  # fmt: skip
    assert (drawn([none], "school-07")[HEAD + 25 : HEAD + 45, :600] < 200).any()


def test_a_week_without_any_alarm_can_be_drawn() -> None:
    assert drawn([proposal({}, hours=0.0), proposal({})], "").shape[1] == 2 * PANEL_W
