"""The table of lanes: telemetry gives way, sooner when the disk is low; alarms and records never."""

from __future__ import annotations

import pytest

from agent.model import Lane
from agent.outbox.lanes import STARVED_BYTES, Rule, rules
from agent.outbox.settings import MB, OutboxSettings

SETTINGS = OutboxSettings(alarm_mb=3, record_mb=5, telemetry_mb=7)


@pytest.mark.parametrize(
    ("lane", "low", "rule"),
    [
        (Lane.ALARM, False, Rule(3 * MB, sheds=False)),
        (Lane.ALARM, True, Rule(3 * MB, sheds=False)),
        (Lane.RECORD, False, Rule(5 * MB, sheds=False)),
        (Lane.RECORD, True, Rule(5 * MB, sheds=False)),
        (Lane.TELEMETRY, False, Rule(7 * MB, sheds=True)),
        (Lane.TELEMETRY, True, Rule(STARVED_BYTES, sheds=True)),
    ],
)
def test_each_lane_has_its_rule(lane: Lane, low: bool, rule: Rule) -> None:
    assert rules(SETTINGS, disk_low=low)[lane] == rule


@pytest.mark.parametrize("low", [False, True])
def test_no_lane_is_without_a_rule(low: bool) -> None:
    assert set(rules(OutboxSettings(), disk_low=low)) == set(Lane)
