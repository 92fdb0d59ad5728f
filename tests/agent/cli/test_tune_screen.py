"""The table of thresholds on a screen of a hundred columns, in three languages."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from agent.cli.tune_screen import draw
from agent.texts import LANGUAGES, load_texts
from agent.tuning.proposal import Proposal, Why
from agent.tuning.view import Tuned
from tests.agent.tuning.test_proposal import places, proposal

RAISED = proposal(places(b42=1, b43=99, b44=1))
CAPPED = proposal(places(b42=5, b50=5), (0.95, "confirmed"), (0.93, "dismissed"))
CASES = [RAISED, CAPPED, proposal(places(b63=9)), proposal({}, hours=3), proposal({20: 9}, hours=700), proposal({})]


def screen(
    *proposals: Proposal, language: str = "en", first: str = "2026-11-19T05:00:00.000000Z", lines: int = 0
) -> str:
    out = io.StringIO()
    tuned = Tuned(
        school="school-07", days=7, first=first, last="2026-11-26T05:00:00.000000Z", proposals=list(proposals),
        lines=[f"[camera.thresholds] # {number}" for number in range(lines)],
    )  # fmt: skip
    draw(tuned, ["footage"], Path("/etc/mektep/agent.toml"), out, load_texts(language))
    return out.getvalue()


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # a row is a line


def test_each_detector_has_its_row() -> None:
    _, days, head, row, reason, footage = screen(RAISED).splitlines()
    assert days == "2026-11-19T05:00 – 2026-11-26T05:00 UTC"
    assert head.split()[:7] == ["camera", "detector", "hours", "hits", "votes", "told", "dismissed"]
    assert " ".join(row.split()) == "hall fight 168 0 0 0 0 0.9242 → 0.9526 101 ≤119 → 1.0 ≤4.7"
    assert (reason, footage) == ("hall fight: raised, to keep 1 a week", "footage")


def test_what_to_write_stands_at_the_end_as_it_is() -> None:
    *_, where, one, two = screen(RAISED, lines=2).splitlines()
    assert where == "Write this into /etc/mektep/agent.toml, then restart the agent:"
    assert (one, two) == ("  [camera.thresholds] # 0", "  [camera.thresholds] # 1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_may_be_said_has_its_words_and_fits(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert {one.why for one in CASES} == set(Why) - {Why.NO_SCALE}
    text = screen(*CASES, language=language, lines=3)
    assert max(len(line) for line in text.splitlines()) <= 80
    for key in ("tune.", "tuned.", "{", "…"):
        assert key not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_days_and_no_cameras_are_told_with_what_to_wait_for(language: str) -> None:
    say = load_texts(language)
    unwrapped = " ".join(screen(proposal({}, hours=0), first="", language=language).split())
    assert say("tune.wait") in unwrapped
    assert screen(language=language).splitlines()[1] == say("tune.nothing")
