"""All cameras in turn: each gets its share, the newest picture, and none is late when there is more work than time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from agent.clock import SystemClock
from agent.pipelines.detectors import Plan
from agent.pipelines.eye import Eye
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Scene
from agent.pipelines.scores import Scored
from agent.pipelines.sighting import Sighting
from agent.pipelines.watch import Detects, Watch
from agent.pipelines.watcher import Watcher
from drivers.frame_slot import FrameSlot
from tests.agent.pipelines.watched import Filled

LOOK_S = 0.02
CAMERAS = 6
PUT_EVERY_S = 0.02
WHILE_S = 1.6


class Slow:
    """A detector that takes its time, and knows whether two were at one camera at once."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self._alone = threading.Lock()

    def look(self, scene: Scene) -> list[Sighting]:
        assert self._alone.acquire(blocking=False)
        time.sleep(LOOK_S)
        self.seen.append(scene.at_s)
        self._alone.release()
        return []

    def suspects(self) -> bool:
        return False

    def scored(self) -> Scored | None:
        return None


class Street:
    """Cameras that give more pictures than anybody can look at."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.slow = [Slow() for _ in range(CAMERAS)]
        self.filled = [Filled(folder, f"camera-{at}", Watch(sees=[Detects.FIGHT])) for at in range(CAMERAS)]
        self.watcher = Watcher([self._eye(slow, filled) for slow, filled in zip(self.slow, self.filled, strict=True)])
        self._over = threading.Event()

    def _eye(self, slow: Slow, filled: Filled) -> Eye:
        plans = {Detects.FIGHT: Plan(every_s=0.0, moving=False, make=lambda *_: slow)}
        return Eye(filled.camera, FrameSlot.open(filled.camera.slot), plans, Networks(), self.clock)

    def run(self, seconds: float, threads: int = 2) -> None:
        looking = [threading.Thread(target=self._look) for _ in range(threads)]
        for thread in looking:
            thread.start()
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            for one in self.filled:
                one.put(at_s=self.clock.monotonic_ns() / 1e9)
            time.sleep(PUT_EVERY_S)
        self._over.set()
        for thread in looking:
            thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            if self.watcher.turn() is None:
                time.sleep(0.001)


def test_with_more_work_than_time_each_camera_has_its_share_and_none_is_late(tmp_path: Path) -> None:
    street = Street(tmp_path)
    street.run(WHILE_S)
    looked = street.watcher.looked()
    pictures = [one.pictures for one in looked.values()]
    assert min(pictures) >= 3
    assert max(pictures) - min(pictures) <= 2 + max(pictures) // 4
    assert all(one.skipped > one.pictures for one in looked.values())
    a_round_ms = 1000 * WHILE_S / min(pictures)
    assert all(one.late_ms < 2 * a_round_ms for one in looked.values())  # it does not grow with what came
    assert street.watcher.pictures == sum(pictures)
    assert street.watcher.troubles() == ()  # nor were two threads at one camera


def test_no_new_picture_no_work(tmp_path: Path) -> None:
    street = Street(tmp_path)
    assert street.watcher.turn() is None
    street.filled[0].put(at_s=1.0)
    assert street.watcher.turn() == []
    assert street.watcher.turn() is None


def test_the_one_that_waited_longest_is_next(tmp_path: Path) -> None:
    street = Street(tmp_path)
    for _ in range(2):
        for one in street.filled:
            one.put(at_s=street.clock.monotonic_ns() / 1e9)
        for _ in street.filled:
            street.watcher.turn()
    now_s = street.clock.monotonic_ns() / 1e9
    street.filled[0].put(at_s=now_s)
    street.watcher.turn()
    street.filled[0].put(at_s=now_s + 1)
    street.filled[5].put(at_s=now_s + 2)
    street.watcher.turn()
    assert street.slow[5].seen[-1] == now_s + 2
