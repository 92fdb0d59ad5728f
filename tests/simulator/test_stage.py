"""What is noticed, what is a false sighting, and what is neither: by camera, kind and time; the acts of a folder."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulator import stage_report
from simulator.clip_scenes import Scenes
from simulator.clips import clips, innocent
from simulator.footage_cameras import footage_cameras
from simulator.programme import CLASSROOM, DWELL_S, FIGHT_S, Act, chained, dwelling, programme
from simulator.stage import GRACE_S, LEARNS_S, Played, Review, Stage, Told
from simulator.truth import NOTICED
from tests.simulator.footage_made import SMALL, folder_of

FIRE = Act("fire", frozenset({"fire", "smoke"}), (Path("fire"),), ("fire.mp4",), onset_s=2.0, lasts_s=20.0)


def told(kind: str, seen_s: float, camera: str = "kitchen") -> Told:
    return Told(camera, kind, 0.9, "vote 0.900, needs 0.550", "e1", "b1", seen_s)


def review() -> tuple[Review, Played]:
    """A fire in the kitchen from 100 to 120."""
    found = Review()
    played = Played("kitchen", FIRE, 100.0)
    played.ended_s = 120.0
    found.played.append(played)
    return found, played


@pytest.mark.parametrize(
    ("one", "noticed", "also", "false"),
    [
        (told("fire", 105.0), True, 0, 0),
        (told("smoke", 120.0 + GRACE_S), True, 0, 0),
        (told("smoke", 120.1 + GRACE_S), False, 0, 1),
        (told("fire", 99.9), False, 0, 1),
        (told("flame", 105.0), False, 1, 0),
        (told("fight", 105.0), False, 1, 0),
        (told("fire", 105.0, "corridor"), False, 0, 1),
    ],
)
def test_a_suspicion_is_right_by_its_camera_kind_and_time(one: Told, noticed: bool, also: int, false: int) -> None:
    found, played = review()
    about = found.told(one)
    assert (about is played) == noticed
    assert (played.noticed is not None, len(played.also), len(found.false)) == (noticed, also, false)


def test_it_counts_from_the_first_flame_and_only_once() -> None:
    found, played = review()
    found.told(told("smoke", 105.5))
    assert found.told(told("fire", 110.0)) is None
    assert played.after_s == pytest.approx(3.5)
    assert (played.also, found.false) == ([], [])


@pytest.mark.parametrize(("lasted_s", "noticed"), [(4.2, False), (2.9, True), (0.0, True)])
def test_what_began_long_before_it_is_something_else(lasted_s: float, noticed: bool) -> None:
    found, played = review()
    found.told(told("fire", 101.0)._replace(lasted_s=lasted_s))
    assert (played.noticed is not None, len(played.also)) == (noticed, not noticed)


def test_eyes_that_were_ended_meanwhile_tell_the_end_as_news() -> None:
    found, played = review()
    played.broken.append("cells killed")
    found.told(told("fire", 120.0 + LEARNS_S))
    assert found.false == []
    found.told(told("fire", 121.0 + LEARNS_S))
    assert len(found.false) == 1


def test_what_is_not_over_covers_the_time_until_it_is() -> None:
    found, played = review()
    played.ended_s = None
    assert found.told(told("fire", 10_000.0)) is played


def test_innocent_time_is_what_is_left() -> None:
    found, _ = review()
    assert found.innocent_s(["kitchen", "corridor"], 90.0, 150.0) == {"kitchen": 40.0, "corridor": 60.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("footage"))


def test_without_footage_there_is_the_classroom_alone(tmp_path: Path) -> None:
    [part] = programme(tmp_path, shape=SMALL)
    assert part.camera == CLASSROOM
    assert [act.what for act in part.acts] == ["lens covered", "camera turned"]
    assert all(scene.exists() for scene in [*part.usual, *(scene for act in part.acts for scene in act.scenes)])
    [camera] = footage_cameras([part], tmp_path)
    assert camera.clip() == ""
    camera.rtsp._shown.parent.mkdir(parents=True)
    camera.rtsp._shown.write_text(f"12.5 0 {part.usual[0]}")
    assert (camera.clip(), camera.since_s()) == ("classroom.mp4", None)
    camera.act = part.acts[0]
    camera.rtsp._shown.write_text(f"12.5 0 {part.acts[0].scenes[0]}")
    assert (camera.clip(), camera.since_s()) == ("", 12.5)
    assert 'sees = ["tamper", "people"]' in camera.config()


def test_a_seed_gives_an_order_and_a_short_view_stays(tmp_path: Path, folder: Path) -> None:
    calm = innocent(clips(folder))
    assert chained(calm, 3) == chained(reversed(calm), 3)  # type: ignore[arg-type]
    assert {clip.name for clip in chained(calm, 4)} == {clip.name for clip in calm}
    scenes = Scenes(tmp_path, SMALL)
    order = dwelling(scenes, calm)
    assert sum(map(scenes.seconds, order)) >= DWELL_S * len(calm)
    assert list(dict.fromkeys(order)) == [scenes.plain(clip) for clip in calm]


class FakeSchool:
    """As much of a school as a stage looks at."""

    def __init__(self, cameras: list[Any], events: list[str]) -> None:
        self.devices = type("Devices", (), {"footage": cameras})
        self.events = events

    def status(self) -> dict[str, Any]:
        return {"eyes": {"kitchen": {"people": 3}}}

    def told(self, _type: str) -> list[str]:
        return self.events


def event(number: int, kind: str) -> str:
    data = {"camera": "kitchen", "suspected": kind, "score": 0.7, "evidence": "e1", "blurred": "b1"}
    data["since"] = "2026-11-26T04:46:57.216950Z"
    return json.dumps({"id": str(number), "type": NOTICED, "time": "2026-11-26T04:47:00.216950Z", "data": data})


def test_an_event_is_taken_once_from_the_box_or_the_centre(tmp_path: Path) -> None:
    stage = Stage(FakeSchool([], [event(1, "fire")]), 1.0, lambda _: None, lambda: "", None)  # type: ignore[arg-type]
    stage._look()
    stage._look()
    stage.complete([event(1, "fire"), event(2, "fight"), json.dumps({"id": "3", "type": "another"})])
    assert [one.kind for one in stage.review.false] == ["fire", "fight"]
    assert stage.people == {"kitchen": 3}


def test_the_report_says_noticed_or_not_and_who_could_open_the_still() -> None:
    part = type("Part", (), {"acts": (FIRE,), "clips": ("calm.mp4",), "distinct_s": 4.0})
    camera = type("Camera", (), {"name": "kitchen", "part": part})
    notes: list[str] = []
    stage = Stage(FakeSchool([camera], []), 1.0, notes.append, lambda: "", None)  # type: ignore[arg-type]
    stage.began_s, stage.ended_s = 0.0, 120.0
    for began_s, kinds in ((10.0, ("fire",)), (60.0, ())):
        played = Played("kitchen", FIRE, began_s)
        played.ended_s = began_s + 20.0
        stage.review.played.append(played)
        for kind in kinds:
            stage.review.told(told(kind, began_s + 6.0))
    stage.review.told(told("fight", 50.0)._replace(clip="calm/b.mp4"))
    found = stage_report.seen(stage, {"e1": "00", "b1": ""})
    hit, miss = found["played"]
    assert (hit["noticed"], hit["after_s"], hit["as"]) == (True, 4.0, "fire")
    assert hit["still_opened"] == {"police": True, "desk": False}
    assert (miss["noticed"], miss["after_s"], miss["still_opened"]) == (False, None, {})
    assert found["innocent"]["kitchen"]["false"] == {"fight": 1}
    assert found["innocent"]["kitchen"]["minutes"] == pytest.approx(80 / 60, abs=0.01)
    out = io.StringIO()
    stage_report.print_seen(Console(file=out, width=120), found)
    shown = out.getvalue()
    for words in (
        "after 4.0 s",
        "needs 0.550",
        "police",
        "desk CANNOT",
        "false sightings: fight 1 (b.mp4)",
        "docs/vision/fight.md",
    ):
        assert words in shown
    json.dumps(found)


def test_a_folder_gives_a_corridor_and_a_kitchen(tmp_path: Path, folder: Path) -> None:
    classroom, corridor = programme(tmp_path, folder, SMALL)
    assert classroom.camera == CLASSROOM
    assert [act.clips for act in corridor.acts] == [("fight/2.mp4", "fight/3.mp4"), ("fight/1.mp4",)]
    assert all((act.lasts_s or 0.0) >= FIGHT_S for act in corridor.acts)  # clips of a second, again and again
    assert set(corridor.clips) == {"calm/a.mp4", "calm/b.mp4"}
    # fires of a second are over before anybody could look


def test_a_kitchen_burns_for_a_while(tmp_path: Path) -> None:
    rows = [
        ("fire/soon.mp4", "fire", "fire", "shop", "1.0", "fixed"),
        ("fire/late.mp4", "fire", "fire", "b", "3.0", "cctv"),
    ]
    _, kitchen = programme(tmp_path / "cache", folder_of(tmp_path, rows, seconds=10), SMALL)
    [fire] = kitchen.acts
    assert (fire.clips, fire.onset_s) == (("fire/soon.mp4",), 1.0)
    assert fire.lasts_s == pytest.approx(10, abs=0.3)
    assert kitchen.clips == ("classroom.mp4",)  # the folder has nothing innocent
