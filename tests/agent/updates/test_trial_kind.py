"""A version on trial: what runs, what is asked of root, what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.trials.trial import Standing, Trial
from agent.trials.verdict import Seen
from agent.update_events import UpdateInstalled, UpdateUndone
from agent.updates.staged import Shelf, Step
from agent.updates.trial_kind import UpdateTrials
from tests.agent.updates.staging import staged


def trial(outcome: str = "", reason: str = "", lost: tuple[str, ...] = ()) -> Trial:
    return Trial(
        id="1", what="update", by="centre", began="2026-11-26T03:00:00Z", within_s=600, before=Seen(),
        change={"from": "0.1.0", "to": "0.2.0"}, order=7, outcome=outcome, reason=reason, lost=lost,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("running", "standing"),
    [("0.2.0", Standing.CHANGED), ("0.1.0", Standing.BEFORE), ("0.0.9", Standing.OTHER)],
)
def test_what_runs_says_how_it_stands_and_only_the_new_one_asks_to_go_back(
    tmp_path: Path, running: str, standing: Standing
) -> None:
    kind = UpdateTrials(Shelf(tmp_path, tmp_path), running)
    assert kind.standing(trial()) is standing
    kind.undo(trial("undone", "link_gone"))
    assert (tmp_path / "wish.json").exists() == (standing is Standing.CHANGED)


def test_its_end_is_an_event() -> None:
    kind = UpdateTrials(Shelf(Path("/nowhere")))
    assert kind.told(trial("kept")) == UpdateInstalled(version="0.2.0", before="0.1.0", order=7)
    assert kind.told(trial("undone", "device_lost", ("device/gate",))) == UpdateUndone(
        version="0.2.0", before="0.1.0", reason="device_lost", lost=["device/gate"], order=7
    )


@pytest.mark.parametrize(
    ("outcome", "reason", "step"),
    [("kept", "", Step.OVER), ("undone", "link_gone", Step.OVER), ("undone", "interrupted", Step.SWITCH)],
)
def test_what_failed_is_not_tried_again_but_for_a_power_cut(
    tmp_path: Path, outcome: str, reason: str, step: Step
) -> None:
    shelf = Shelf(tmp_path, tmp_path)
    shelf.note(staged(step=Step.TRIAL))
    UpdateTrials(shelf).settled(trial(outcome, reason))
    found = shelf.read()
    assert found is not None
    assert (found.step, found.said) == (step, f"{outcome} {reason}".strip())
