"""What footage says of a threshold, in every language: a bound that is too wide for the budget is said to be."""

from __future__ import annotations

import pytest

from agent.cli.footage_lines import footage_lines
from agent.pipelines.measured import USUAL, Curve
from agent.pipelines.watch import Detects, Watch
from agent.texts import LANGUAGES, load_texts

SAY = load_texts("en")


def curve(minutes: float) -> dict[Detects, Curve]:
    false = ((0.5, 9), (USUAL[Detects.FIGHT], 0), (0.99, 0))
    one = Curve(detector=Detects.FIGHT, head="fight.npz", sha256="", minutes=minutes, footage="", false=false)
    return {Detects.FIGHT: one}


FIGHT = Watch(sees=[Detects.TAMPER, Detects.FIGHT])
SET = Watch(sees=[Detects.FIGHT], thresholds={Detects.FIGHT: 0.6})


@pytest.mark.parametrize(
    ("watch", "minutes", "line"),
    [
        (FIGHT, 2.8, "fight at hall: from 0.8808 on. 2.8 minutes of footage (0 false) bound it at 64 an hour only, "
                     "too short for 1 a week: mektep camera tune"),
        (FIGHT, 60 * 600, "fight at hall: from 0.8808 on. On 36000.0 minutes of footage 0 false: at most 0.005 an "
                          "hour, within 1 a week."),
        (SET, 2.8, "fight at hall: set to 0.6000. On 2.8 minutes of footage 9 false: at most 337 an hour."),
        (FIGHT, 0, "fight at hall: from 0.8808 on. Not measured: nothing bounds its false alarms."),
    ],
)  # fmt: skip
def test_what_is_said(watch: Watch, minutes: float, line: str) -> None:
    curves = curve(minutes) if minutes else {}
    assert list(footage_lines({"hall": watch}, curves, SAY)) == [line]


def test_cameras_that_are_alike_are_told_together() -> None:
    other = Watch(sees=[Detects.FIGHT], budget=3.0)
    found = list(footage_lines({"hall": FIGHT, "yard": FIGHT, "gym": other}, curve(2.8), SAY))
    assert [line.split(":")[0] for line in found] == ["fight at hall, yard", "fight at gym"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("watch", "minutes"), [(FIGHT, 2.8), (FIGHT, 36_000), (SET, 2.8), (FIGHT, 0)])
def test_every_language_says_score_and_bound(language: str, watch: Watch, minutes: float) -> None:
    (line,) = footage_lines({"hall": watch}, curve(minutes) if minutes else {}, load_texts(language))
    assert "{" not in line
    assert ("0.6000" if watch is SET else "0.8808") in line
