"""The last report of the eyes by the second and by the run."""

from __future__ import annotations

from agent.ops.eyes_view import eye_views
from agent.ops.status import DetectorView, EyeView, WeekView
from agent.sightings.rows import Sums
from drivers.readings import Looked, Watched, Worked


def test_a_report_by_the_second_and_by_the_run() -> None:
    worked = {"tamper": Worked(runs=60, ms=90.0, hits=3, votes=2, told=1), "fight": Worked()}
    looked = Looked(pictures=150, skipped=2, late_ms=30.5, detectors=worked, people=4, resting=("fight",))
    watched = Watched(seconds=30, cameras={"gate": looked}, troubles=(), at_ns=0, monotonic_ns=0)
    assert eye_views(watched, {"gate": Sums(hits=900, votes=12, told=3, dismissed=2, confirmed=1)}) == {
        "gate": EyeView(
            pictures_per_s=5.0, skipped=2, late_ms=30.5, people=4,
            week=WeekView(hits=900, votes=12, told=3, dismissed=2, confirmed=1),
            detectors={
                "tamper": DetectorView(runs_per_s=2.0, ms=1.5, hits=3, votes=2, told=1),
                "fight": DetectorView(runs_per_s=0.0, ms=0.0, hits=0, told=0, rests=True),
            },
        )
    }  # fmt: skip


def test_before_the_first_report_there_is_nothing_to_show() -> None:
    assert eye_views(None) == {}
    assert eye_views(Watched(seconds=0, cameras={"gate": Looked()}, troubles=(), at_ns=0, monotonic_ns=0)) == {}
