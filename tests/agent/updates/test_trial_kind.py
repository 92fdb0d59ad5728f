"""A version on trial: what runs, what is asked of root, what is told."""

from __future__ import annotations

import json
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


def test_the_way_back_names_what_it_leads_from_so_that_asked_twice_it_leads_back_once(tmp_path: Path) -> None:
    UpdateTrials(Shelf(tmp_path, tmp_path), "0.2.0").undo(trial("undone", "link_gone"))
    wish = json.loads((tmp_path / "wish.json").read_text())
    assert (wish["do"], wish["version"]) == ("back", "0.2.0")


def test_a_switch_that_root_has_not_made_is_not_made_when_its_trial_is_over(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, tmp_path)
    shelf.wish(do="use", version="0.2.0")
    UpdateTrials(shelf, "0.1.0").undo(trial("undone", "interrupted"))
    assert not (tmp_path / "wish.json").exists()


@pytest.mark.parametrize(
    ("wish", "done", "reason", "step"),
    [
        ({"do": "guard"}, False, "did_not_start", Step.OVER),
        ({"do": "use", "version": "0.2.0", "id": "7"}, True, "did_not_start", Step.OVER),
        ({"do": "use", "version": "0.2.0"}, False, "interrupted", Step.SWITCH),
        ({"do": "install", "archive": "0.2.0.tar"}, True, "interrupted", Step.SWITCH),
    ],
)
def test_a_version_that_root_put_back_was_no_power_cut_and_is_not_tried_for_ever(
    tmp_path: Path, wish: dict[str, str], done: bool, reason: str, step: Step
) -> None:
    """One that cannot even begin writes nothing down: the version before finds itself running."""
    shelf = Shelf(tmp_path, tmp_path)
    shelf.note(staged(step=Step.TRIAL))
    (tmp_path / "outcome.json").write_text(json.dumps({"wish": wish, "done": done, "said": "", "version": "0.1.0"}))
    kind, over = UpdateTrials(shelf, "0.1.0"), trial("undone", "interrupted")
    told = kind.told(over)
    assert isinstance(told, UpdateUndone)
    assert told.reason == reason
    kind.settled(over)
    assert shelf.read() == staged(step=step, said=f"undone {reason}")


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
