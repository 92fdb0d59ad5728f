"""A camera's clock that is off is a trouble as long as it is; where nobody can tell, there is none."""

from __future__ import annotations

import pytest

from agent.config import SourceConfig
from agent.sources import SourceState, Station
from agent.watching.camera_clocks import CameraClocks, off_s
from drivers.driver import Counters, Video
from tests.clock import START_NS, FastClock


class Box:
    def __init__(self) -> None:
        self.clock = FastClock()
        self.gate = Station(
            SourceConfig(name="gate", kind="camera", driver="rtsp", settings=None, places={}), self.clock
        )  # type: ignore[arg-type]
        self.video = Video()
        self.gate.opened(Counters(video=self.video))
        self.gate.now(SourceState.WORKING, None, START_NS)
        self.clocks = CameraClocks([self.gate], self.clock)

    def tells(self, off: float) -> list[str]:
        """The camera's clock is so far ahead: what is told of it."""
        self.video.clock_ns = self.clock.utc_ns() - self.clock.monotonic_ns() + round(off * 1e9)
        return [f"{one.code} {one.what}" for one in self.clocks.trouble()]


SAID = [
    (0.3, []),
    (-1.9, []),
    (2.0, []),
    (2.1, ["V-401 the clock of gate is 2.1 s ahead"]),
    (-3.04, ["V-401 the clock of gate is 3.0 s behind"]),
    (180.2, ["V-401 the clock of gate is 3 min ahead"]),
    (-7_200.5, ["V-401 the clock of gate is 2 h behind"]),
    (-56 * 365.25 * 86_400, ["V-401 the clock of gate is 20454 days behind"]),
]


@pytest.mark.parametrize(("off", "said"), SAID)
def test_from_two_seconds_on_it_is_told(off: float, said: list[str]) -> None:
    box = Box()
    assert box.tells(off) == said
    assert off_s(box.gate, box.clock) == round(off, 1)


def test_it_does_not_flicker_and_keeps_its_beginning() -> None:
    box = Box()
    assert len(box.tells(2.2)) == 1
    box.clock.advance(60)
    assert len(box.tells(1.8)) == 1
    assert box.clocks.trouble()[0].since_ns == START_NS
    assert box.tells(1.4) == []
    assert box.tells(1.8) == []


def test_where_nobody_can_tell_nothing_is_told() -> None:
    box = Box()
    assert len(box.tells(60)) == 1
    box.clock.is_synced = False
    assert (box.clocks.trouble(), off_s(box.gate, box.clock)) == ([], None)
    box.clock.is_synced = True
    box.gate.now(SourceState.FAILED, None, START_NS)
    assert box.clocks.trouble() == []
    box.gate.now(SourceState.WORKING, None, START_NS)
    box.video.clock_ns = None
    assert box.clocks.trouble() == []
    box.gate.opened(Counters())
    assert off_s(box.gate, box.clock) is None


def test_it_follows_when_the_box_itself_is_set() -> None:
    """The camera is compared with the daemon's own time, whatever the system's was when its picture came."""
    box = Box()
    assert box.tells(0.0) == []
    box.clock.now_ns -= 10 * 10**9
    assert [one.what for one in box.clocks.trouble()] == ["the clock of gate is 10.0 s ahead"]
