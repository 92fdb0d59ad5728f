"""A source that chatters is gathered: all is counted, the first fire always passes, the state told is the last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import Flapping, ZoneChanged, draft
from agent.model import Draft, Lane, Moment, Severity
from agent.paths.flapping import FATAL_AGAIN_S, PASS, WINDOW_S, Flaps
from agent.wall_time import rfc3339

START_NS = 1_795_420_800_000_000_000


def at(now_s: float) -> Moment:
    return Moment(START_NS + round(now_s * 1e9), round(now_s * 1e9), True)


def zone(now_s: float, *, state: str = "fault", source: str = "panel/1") -> Draft:
    data = ZoneChanged(sensor="panel", zone=1, place="gym", state=state, before="", codes=[], words=state)
    severity = Severity.FATAL if state == "fire" else Severity.WARN
    return draft(data, at(now_s), severity=severity, source=source)


def chatter(flaps: Flaps, times: list[float], **kinds: str) -> list[bool]:
    return [flaps.passes(zone(now_s, **kinds), now_s, full=False) for now_s in times]


def has_room(_last: Draft) -> bool:
    return True


def told(flaps: Flaps, now_s: float) -> list[Flapping]:
    found = [event.data for event in flaps.due(now_s, at(now_s), has_room)]
    assert all(isinstance(data, Flapping) for data in found)
    return [data for data in found if isinstance(data, Flapping)]


def test_a_calm_source_passes_for_ever() -> None:
    flaps = Flaps()
    assert all(chatter(flaps, [n * WINDOW_S / PASS for n in range(20 * PASS)]))
    assert told(flaps, 1e6) == []


def test_what_is_beyond_the_window_is_gathered_with_first_last_and_count() -> None:
    flaps = Flaps()
    passed = chatter(flaps, [float(n) for n in range(PASS + 5)])
    assert passed == [True] * PASS + [False] * 5
    assert told(flaps, WINDOW_S - 0.1) == []
    (data,) = told(flaps, WINDOW_S)
    assert (data.source, data.type, data.count) == ("panel/1", "kz.mektep.fire.zone.v1", 5)
    assert (data.first, data.last) == (rfc3339(at(PASS).utc_ns), rfc3339(at(PASS + 4).utc_ns))
    assert data.latest["state"] == "fault"


def test_the_gathered_event_goes_to_the_alarm_lane_of_its_source_at_the_last_severity() -> None:
    flaps = Flaps()
    chatter(flaps, [0.0] * PASS)
    flaps.passes(zone(1.0, state="normal"), 1.0, full=False)
    (event,) = flaps.due(WINDOW_S, at(WINDOW_S), has_room)
    assert (event.lane, event.source, event.severity) == (Lane.ALARM, "panel/1", Severity.WARN)
    assert event.at == at(WINDOW_S)


def test_one_source_does_not_gather_another() -> None:
    flaps = Flaps()
    chatter(flaps, [0.0] * (PASS + 1))
    assert flaps.passes(zone(0.0, source="panel/2"), 0.0, full=False)


def test_the_first_fire_passes_a_chattering_source() -> None:
    flaps = Flaps()
    chatter(flaps, [0.0] * (PASS + 3))
    assert chatter(flaps, [1.0], state="fire") == [True]


def test_a_fire_that_repeats_at_once_is_gathered_and_passes_again_later() -> None:
    flaps = Flaps()
    chatter(flaps, [0.0] * (PASS + 3))
    assert chatter(flaps, [1.0, 2.0, 1.0 + FATAL_AGAIN_S], state="fire") == [True, False, True]


def test_the_state_told_is_that_of_a_fire_that_passed_later() -> None:
    flaps = Flaps()
    chatter(flaps, [0.0] * PASS)
    chatter(flaps, [1.0], state="normal")
    chatter(flaps, [5.0], state="fire")
    (event,) = flaps.due(WINDOW_S, at(WINDOW_S), has_room)
    assert isinstance(event.data, Flapping)
    assert (event.data.latest["state"], event.data.count) == ("fire", 1)
    assert event.severity is Severity.FATAL
    assert event.data.last == rfc3339(at(5.0).utc_ns)


def test_a_source_that_goes_on_chattering_is_told_once_a_window() -> None:
    flaps, counts = Flaps(), []
    passed = 0
    for second in range(round(10 * WINDOW_S) + 1):
        passed += chatter(flaps, [float(second)]).count(True)
        counts += [data.count for data in told(flaps, float(second))]
    assert len(counts) == 10
    assert passed <= 2 * PASS + 10


def test_a_source_that_has_calmed_down_passes_again() -> None:
    flaps = Flaps()
    chatter(flaps, [0.0] * (PASS + 1))
    assert len(told(flaps, WINDOW_S)) == 1
    assert told(flaps, 2 * WINDOW_S) == []
    assert chatter(flaps, [2 * WINDOW_S] * PASS) == [True] * PASS


@pytest.mark.parametrize("state", ["fault", "fire"])
def test_what_is_gathered_when_nothing_follows_is_still_told(state: str) -> None:
    flaps = Flaps()
    gathered = chatter(flaps, [0.0] * (PASS + 40), state=state).count(False)
    assert [data.count for data in told(flaps, WINDOW_S)] == [gathered]


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.5, 3.0, 11.0, 61.0]),
            st.sampled_from(["fault", "normal", "fire"]),
            st.sampled_from(["panel/1", "panel/2"]),
        ),
        max_size=80,
    )
)
def test_every_event_passes_or_is_counted_and_the_last_told_state_is_the_last_state(
    steps: list[tuple[float, str, str]],
) -> None:
    flaps, now_s, passed, counted = Flaps(), 0.0, 0, 0
    heard: dict[str, str] = {}
    truth: dict[str, str] = {}
    steps = [(0.0, "fault", "panel/1")] * PASS + steps  # it chatters already
    for wait_s, state, source in steps:
        now_s += wait_s
        truth[source] = state
        if flaps.passes(zone(now_s, state=state, source=source), now_s, full=False):
            passed += 1
            heard[source] = state
        for data in told(flaps, now_s):
            counted += data.count
            heard[data.source] = str(data.latest["state"])
    for data in told(flaps, now_s + WINDOW_S):
        counted += data.count
        heard[data.source] = str(data.latest["state"])
    assert passed + counted == len(steps)
    assert heard == truth
