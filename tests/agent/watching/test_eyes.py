"""The daemon's side of the eyes: who is watched, what is told of detectors that are off, counts every five minutes."""

from __future__ import annotations

import msgspec

from agent.config import EYES, SourceConfig
from agent.datasets import Calendar
from agent.events import CameraCounts, SourceState
from agent.model import Lane, Moment
from agent.pipelines.budget import WEEK_S
from agent.pipelines.watch import Detects, Settings, Watch
from agent.watching.eyes import COUNTS_S, Board, added, watches, with_eyes
from drivers.errors import DeviceError
from drivers.readings import EyeTrouble, Looked, Scores, Watched, Worked
from tests.agent.school.test_noticed import NOTICE
from tests.clock import FastClock


class NoSettings(msgspec.Struct, frozen=True):
    pass


def camera(name: str, *sees: Detects) -> SourceConfig:
    return SourceConfig(
        name=name, kind="camera", driver="file", settings=NoSettings(), places={}, watch=Watch(sees=list(sees))
    )


GATE, HALL, YARD = camera("gate", Detects.TAMPER), camera("hall"), camera("yard", Detects.FIGHT)


def test_the_eyes_look_at_the_cameras_that_have_something_to_see() -> None:
    sources = (GATE, HALL, YARD)
    assert list(watches(sources)) == ["gate", "yard"]
    *before, eyes = with_eyes(sources, {"gate": "/dev/shm/a/gate", "yard": "/dev/shm/a/yard"})
    assert tuple(before) == sources
    assert (eyes.name, eyes.kind, eyes.driver) == (EYES, "eyes", "eyes")
    assert isinstance(eyes.settings, Settings)
    assert [(one.name, one.slot) for one in eyes.settings.cameras] == [
        ("gate", "/dev/shm/a/gate"), ("yard", "/dev/shm/a/yard"),
    ]  # fmt: skip


def test_without_slots_there_are_no_eyes() -> None:
    assert with_eyes((GATE, HALL), {}) == (GATE, HALL)


def report(*troubles: EyeTrouble, seconds: float = 30.0, looked: Looked | None = None) -> Watched:
    cameras = {"gate": looked or Looked()}
    return Watched(seconds=seconds, cameras=cameras, troubles=troubles, at_ns=0, monotonic_ns=0)


OFF = EyeTrouble(camera="gate", detector="fight", code="V-301", what="fight at gate failed", do="Send the log.")


def test_a_detector_that_goes_off_is_told_once_and_so_is_its_return() -> None:
    board = Board(FastClock())
    (failed,), _ = board.took(report(OFF))
    assert (failed.type, failed.lane, failed.source) == ("kz.mektep.source.failed.v1", Lane.ALARM, "gate/fight/state")
    assert failed.data == SourceState(
        source="gate/fight", code="V-301", what="fight at gate failed", do="Send the log."
    )
    assert board.took(report(OFF)) == ([], [])
    (trouble,) = board.trouble()
    assert (trouble.code, trouble.do) == ("V-301", "Send the log.")
    (restored,), _ = board.took(report())
    assert restored.type == "kz.mektep.source.restored.v1"
    assert board.trouble() == []


def test_a_trouble_of_all_cameras_is_the_eyes_own() -> None:
    (failed,), _ = Board(FastClock()).took(report(msgspec.structs.replace(OFF, camera="", detector="fire")))
    assert failed.source == "eyes/fire/state"


def test_that_nobody_can_look_is_a_trouble_from_the_start() -> None:
    board = Board(FastClock(), DeviceError("U-110", "no memory", do="Run df."))
    assert [(one.code, one.what, one.do) for one in board.trouble()] == [("U-110", "no memory", "Run df.")]


def test_counts_are_summed_and_told_every_five_minutes() -> None:
    board = Board(FastClock())
    looked = Looked(
        pictures=150, skipped=1, late_ms=20, people=3, entered=2, left=1,
        detectors={"fight": Worked(runs=100, ms=1000.4, hits=5, told=1)},
    )  # fmt: skip
    told = [board.took(report(looked=looked))[1] for _ in range(round(COUNTS_S / 30))]
    assert told[:-1] == [[]] * (len(told) - 1)
    ((event,),) = told[-1:]
    assert event.lane is Lane.TELEMETRY
    assert event.data == CameraCounts(
        camera="gate", seconds=300, pictures=1500, skipped=10, hits={"fight": 50}, told={"fight": 10},
        ms={"fight": 10004}, people=3, entered=20, left=10,
    )  # fmt: skip
    assert board.took(report(looked=looked))[1] == []


def test_sums_keep_a_detector_that_only_one_report_knows() -> None:
    one = Looked(detectors={"fire": Worked(runs=1)})
    both = added(one, Looked(detectors={"fight": Worked(runs=2, votes=1, scores=Scores(looks={3: 2}))}, late_ms=9))
    twice = added(both, both).detectors["fight"]
    assert (twice.votes, twice.scores.looks) == (2, {3: 4})
    assert {name: worked.runs for name, worked in both.detectors.items()} == {"fire": 1, "fight": 2}
    assert both.late_ms == 9


def test_that_a_detector_tells_too_much_is_told_since_it_does() -> None:
    clock = FastClock()
    board = Board(clock, watches=watches((YARD,)))
    for _ in range(2):
        board.noticed(msgspec.structs.replace(NOTICE, camera="yard"))
    since_ns = clock.utc_ns()
    assert [(one.code, one.since_ns) for one in board.trouble()] == [("V-305", since_ns)]
    clock.advance(3600)
    assert [(one.code, one.since_ns) for one in board.trouble()] == [("V-305", since_ns)]
    clock.advance(WEEK_S)
    assert board.trouble() == []


def test_a_detector_rests_outside_its_schedule_and_no_other_does() -> None:
    night = Watch(sees=[Detects.FIGHT, Detects.FIRE], schedule={Detects.FIGHT: ["22:00-06:00"]})
    board = Board(FastClock(), watches={"gate": night, "yard": Watch(sees=[Detects.FIGHT])})
    noon, midnight = (Moment(hour * 3_600_000_000_000, 0, True) for hour in (12, 0))
    calendar = Calendar(utc_offset_min=0, first="1970-01-01", last="1970-12-31", weekdays=[], shifts=[])
    assert board.resting(noon, calendar) == {"gate": ["fight"], "yard": []}
    assert board.resting(midnight, calendar) == {"gate": [], "yard": []}


def test_presence_rests_while_nobody_can_know_that_it_is_night() -> None:
    board = Board(FastClock(), watches={"gate": Watch(sees=[Detects.PRESENCE, Detects.FIGHT])})
    holidays = Calendar(utc_offset_min=0, first="1970-01-01", last="1970-12-31", weekdays=[], shifts=[])
    now = Moment(0, 0, True)
    assert board.resting(now, holidays) == {"gate": []}
    assert board.resting(now, None) == {"gate": ["presence"]}
    assert board.resting(msgspec.structs.replace(now, synced=False), holidays) == {"gate": ["presence"]}
