"""The table: each check has a name, words in each language, and a limit; on a bare box none fails by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor.checks import CHECKS, Check
from agent.texts import LANGUAGES, load_texts
from tests.agent.doctor.boxes import box

MOST_S = 10.0


def test_no_name_is_taken_twice_and_no_check_takes_too_long() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert max(check.limit_s for check in CHECKS) < MOST_S


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_has_words(language: str) -> None:
    say = load_texts(language)
    assert [check.name for check in CHECKS if say(f"check.{check.name}") == f"check.{check.name}"] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_bare_box_without_a_configuration_is_no_reason_to_fail(check: Check, tmp_path: Path) -> None:
    for finding in check.look(box(tmp_path)):
        assert finding.fact
        assert bool(finding.code) == bool(finding.level)
        assert bool(finding.do) == bool(finding.code)
