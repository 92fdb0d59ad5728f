"""A rule that fails is told once in the log, as a trouble since its first failure, until it works again."""

from __future__ import annotations

import logging

import pytest

from agent.school.defects import Defects
from tests.clock import FastClock


def test_a_failing_rule_is_a_trouble_until_it_works(caplog: pytest.LogCaptureFixture) -> None:
    clock = FastClock()
    defects = Defects(clock)
    began_ns = clock.utc_ns()
    with caplog.at_level(logging.ERROR):
        defects.failed("meals", KeyError("lunch"))
        clock.advance(60)
        defects.failed("meals", ValueError("no window"))
    assert len(caplog.records) == 1
    (trouble,) = defects.trouble()
    assert (trouble.code, trouble.since_ns) == ("M-103", began_ns)
    assert trouble.what == "the rule meals failed by itself: ValueError: no window"
    defects.passed("club")
    assert defects.trouble() == [trouble]
    defects.passed("meals")
    assert defects.trouble() == []
