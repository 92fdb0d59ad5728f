"""Better or worse than before: published cases, and what holds for every course of a trial."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.trials.verdict import KEEP, PATIENCE_S, WAIT, Seen, Verdict, Word, lost, lost_since, verdict

ALL = Seen(link=True, centre=True, working=frozenset({"canteen-1", "panel"}))
BOTH = {"canteen-1", "panel"}
LOST = [  # before, now, configured, what is lost
    ("all is as it was", ALL, ALL, BOTH, ()),
    ("the link", ALL, Seen(working=ALL.working), BOTH, ("link",)),
    ("the centre's answers", ALL, Seen(link=True, working=ALL.working), BOTH, ("centre",)),
    ("no link before", Seen(working=ALL.working), Seen(working=ALL.working), BOTH, ()),
    ("a broken receiver before", Seen(link=True), Seen(link=True), BOTH, ()),
    ("a device", ALL, Seen(link=True, centre=True, working=frozenset({"panel"})), BOTH, ("device/canteen-1",)),
    ("one that is left out", ALL, Seen(link=True, centre=True, working=frozenset({"panel"})), {"panel"}, ()),
    ("one that was in trouble before", Seen(), Seen(), BOTH, ()),
    ("a new one that does not work", Seen(), Seen(), {"gym"}, ()),
    ("a part", Seen(), Seen(failing=frozenset({"bells"})), (), ("part/bells",)),
    ("a part that failed before", Seen(failing=frozenset({"bells"})), Seen(failing=frozenset({"bells"})), (), ()),
    ("everything", ALL, Seen(failing=frozenset({"x"})), BOTH, ("link", "device/canteen-1", "device/panel", "part/x")),
]
CASES = [  # since when lost, elapsed, within, verdict
    ("begun", {}, 0, 300, WAIT),
    ("well, not over", {}, 299, 300, WAIT),
    ("well and over", {}, 300, 300, KEEP),
    ("starting", {"link": 0.0}, 119, 300, WAIT),
    ("never came", {"link": 0.0}, 120, 300, Verdict(Word.UNDO, "link_gone", ("link",))),
    ("the centre never answered", {"centre": 0.0}, 120, 300, Verdict(Word.UNDO, "link_gone", ("centre",))),
    ("lost late: it is waited for", {"device/a": 299.0}, 300, 300, WAIT),
    ("lost late, for good", {"device/a": 299.0}, 419, 300, Verdict(Word.UNDO, "device_lost", ("device/a",))),
    ("comes and goes", {"device/a": 419.5}, 420, 300, Verdict(Word.UNDO, "device_lost", ("device/a",))),
    ("a short trial", {"part/x": 0.0}, 3, 3, Verdict(Word.UNDO, "part_failed", ("part/x",))),
    ("one long, one short", {"link": 5.0, "device/a": 0.0}, 120, 300, Verdict(Word.UNDO, "device_lost", ("device/a",))),
]


@pytest.mark.parametrize(("before", "now", "configured", "found"), [row[1:] for row in LOST], ids=[r[0] for r in LOST])
def test_what_is_lost(before: Seen, now: Seen, configured: set[str], found: tuple[str, ...]) -> None:
    assert lost(before, now, configured) == found


@pytest.mark.parametrize(
    ("since_s", "elapsed_s", "within_s", "found"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_the_verdict(since_s: dict[str, float], elapsed_s: float, within_s: float, found: Verdict) -> None:
    assert verdict(since_s, elapsed_s, within_s) == found


things = st.frozensets(st.sampled_from(["link", "device/a", "device/b", "part/x"]), max_size=3)
courses = st.lists(st.tuples(things, st.floats(0.5, 60)), min_size=1, max_size=60)


def course(steps: list[tuple[frozenset[str], float]], within_s: float) -> tuple[Verdict, float, frozenset[str]]:
    """Looks one after the other, the last for ever; the verdict, when it came, what was lost at that look."""
    since_s: dict[str, float] = {}
    elapsed_s, at = 0.0, 0
    while True:
        things_now, pause_s = steps[min(at, len(steps) - 1)]
        since_s = lost_since(since_s, things_now, elapsed_s)
        found = verdict(since_s, elapsed_s, within_s)
        if found.word is not Word.WAIT:
            return found, elapsed_s, things_now
        elapsed_s, at = elapsed_s + pause_s, at + 1


@given(courses, st.floats(1, 3600))
def test_every_trial_comes_to_an_end_in_time(steps: list[tuple[frozenset[str], float]], within_s: float) -> None:
    found, elapsed_s, lost_now = course(steps, within_s)
    assert elapsed_s <= within_s + min(PATIENCE_S, within_s) + 60
    if found.word is Word.KEEP:
        assert not lost_now
        assert elapsed_s >= within_s
    else:
        assert found.reason
        assert set(found.lost) <= lost_now
        assert found.lost


@given(courses, st.floats(1, 3600))
def test_what_loses_nothing_is_kept(steps: list[tuple[frozenset[str], float]], within_s: float) -> None:
    found, _, _ = course([(frozenset(), pause_s) for _, pause_s in steps], within_s)
    assert found == KEEP


@given(st.frozensets(st.text(max_size=3)), st.frozensets(st.text(max_size=3)), st.frozensets(st.text(max_size=3)))
def test_a_device_that_is_left_out_on_purpose_is_never_lost(
    worked: frozenset[str], works: frozenset[str], left_in: frozenset[str]
) -> None:
    found = lost(Seen(working=worked), Seen(working=works), left_in)
    assert {thing.removeprefix("device/") for thing in found} == (worked & left_in) - works
