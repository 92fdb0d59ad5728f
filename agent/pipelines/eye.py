"""The eye on one camera: the newest picture, masks black, through the motion gate to the detectors that are due.

A picture that was replaced before its turn is skipped and counted; none waits.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines import clock_overlay, scores, still
from agent.pipelines.blur import blurred
from agent.pipelines.detectors import Plan
from agent.pipelines.duty import Duty, fact
from agent.pipelines.motion import NOTHING, between
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Masks, Scene, inside
from agent.pipelines.sighting import Box, Kind, Sighting
from agent.pipelines.tally import minus
from agent.pipelines.watch import Detects, WatchedCamera, Zone
from drivers.driver import Clock
from drivers.frame_slot import FrameSlot, Picture
from drivers.readings import EyeTrouble, Looked, Noticed, Worked

MOTION_LEAST_S = 0.15  # in a shorter time nobody moves by a cell
MOTION_S = 5.0  # pictures that lie further apart tell nothing of movement
AGAIN_S = 60.0  # the same suspicion at the same place is told once in this time
# Their detectors tell these once while they last: what is dropped here would never be told.
TOLD_ONCE = frozenset({Kind.COVERED, Kind.TURNED, Kind.DEFOCUSED, Kind.CROWD, Kind.LYING, Kind.PRESENCE})
WISH_S = 3.0  # a suspicion that grows wants every picture for so long
HURRY_MORE, HURRY_LESS, HURRY_MOST = 0.1, 0.98, 3.0  # for each picture that was skipped; for each that was not
STILLS = "stills"  # in the counts: the pictures in which people were hidden, and what that cost
CLOCK = "clock"  # likewise: looks for the clock that the camera draws into its picture
OFF_NS = 10_000_000_000  # after a picture that could not be looked at

Cells = NDArray[np.bool_]


class Eye:
    """Used by one thread at a time; `looked_ns` is when it last was."""

    def __init__(
        self, camera: WatchedCamera, slot: FrameSlot, plans: Mapping[Detects, Plan], networks: Networks, clock: Clock
    ) -> None:
        self.name = camera.name
        self.busy = False
        self.looked_ns = 0
        self._slot = slot
        self._networks = networks
        self._clock = clock
        self._masks = Masks([list(one) for one in camera.watch.masks])
        self._duties = [
            Duty(name, plans[name], camera, _cells(name, camera.watch.zone), networks)
            for name in camera.watch.sees
            if name in plans
        ]
        self._before: Scene | None = None
        self._told_s: dict[tuple[str, str], float] = {}
        self._number = 0
        self._off_until_ns = 0
        self._trouble: EyeTrouble | None = None
        self._counts = Looked()  # since the eyes began
        self._reported = Looked()  # of it
        self._late_ms = 0.0
        self._hurry = 0.0
        self._stills = self._clocks = Worked()  # since the eyes began
        self._clock_mask = camera.watch.clock_mask
        self._overlay: clock_overlay.Memory | None = None

    def newest(self) -> Picture | None:
        """The newest picture if there is one that was not looked at."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._off_until_ns or (picture := self._slot.newer()) is None:
            return None
        gap = max(0, picture.number - self._number - 1) if self._number else 0
        self._hurry = min(HURRY_MOST, self._hurry + HURRY_MORE * gap) if gap else HURRY_LESS * self._hurry
        self._number, self.looked_ns = picture.number, now_ns
        self._late_ms = max(self._late_ms, (now_ns - picture.monotonic_ns) / 1e6)
        self._counts = msgspec.structs.replace(
            self._counts, pictures=self._counts.pictures + 1, skipped=self._counts.skipped + gap
        )
        return picture

    def look(self, picture: Picture) -> list[Noticed]:
        """What the detectors notice in it. Raises nothing: pictures that are none cost this camera alone."""
        try:
            found = self._look(picture)
        except Exception as error:  # noqa: BLE001 - supervised: this camera is off for a while, the others go on
            self._off_until_ns = self._clock.monotonic_ns() + OFF_NS
            what = f"the pictures of {self.name} cannot be looked at: {fact(error)}"
            do = "Send the log to support; the agent tries it again by itself."
            self._trouble = EyeTrouble(camera=self.name, detector="", code="V-303", what=what, do=do)
            return []
        self._trouble = None
        return found

    def rest(self, detectors: Collection[str]) -> None:
        """These do not run from now on; all others do. What they have learned of the place they keep."""
        for duty in self._duties:
            duty.rests = duty.name.value in detectors

    def looked(self) -> Looked:
        """What was done since the last time; for one caller."""
        worked = {duty.name.value: duty.worked for duty in self._duties}
        if self._stills.runs:
            worked[STILLS] = self._stills
        if self._clocks.runs:
            worked[CLOCK] = self._clocks
        counted = [one for one in (duty.counted() for duty in self._duties) if one.people >= 0]
        now = msgspec.structs.replace(
            self._counts,
            detectors=worked,
            entered=sum(one.entered for one in counted),
            left=sum(one.left for one in counted),
        )
        before, self._reported = self._reported, now
        late_ms, self._late_ms = self._late_ms, 0.0
        return Looked(
            pictures=now.pictures - before.pictures,
            skipped=now.skipped - before.skipped,
            late_ms=round(late_ms, 1),
            detectors={name: minus(one, before.detectors.get(name, Worked())) for name, one in worked.items()},
            clock=self._clock_box(),
            resting=tuple(duty.name.value for duty in self._duties if duty.rests),
            people=max((one.people for one in counted), default=-1),
            entered=max(0, now.entered - before.entered),  # one that failed counts from the beginning
            left=max(0, now.left - before.left),
        )

    def troubles(self) -> list[EyeTrouble]:
        """What is off."""
        return [trouble for trouble in (self._trouble, *(duty.trouble for duty in self._duties)) if trouble]

    # --- inside -------------------------------------------------------------------------------------------------

    def _look(self, picture: Picture) -> list[Noticed]:
        scene = Scene(picture, self._masks, self._clock_box())
        scene.hurry = self._hurry
        self._gate(scene)
        noticed = []
        for duty in self._duties:
            if duty.due(scene):
                for sighting in duty.run(scene):
                    zone = self._place(duty, sighting)
                    if zone is not None and self._is_news(sighting, zone):
                        duty.told()
                        noticed.append(self._noticed(duty.name, sighting, zone, scene))
        if any(duty.wants_more(scene) for duty in self._duties if not duty.rests):
            self._slot.wish(self._clock.monotonic_ns() + round(WISH_S * 1e9))
        self._look_for_clock(scene)
        return noticed

    def _clock_box(self) -> Box | None:
        return self._overlay.box if self._overlay is not None else None

    def _look_for_clock(self, scene: Scene) -> None:
        """What is found holds from the next picture on; what it costs is counted beside the detectors."""
        if not self._clock_mask or not clock_overlay.is_due(scene.at_s, self._overlay):
            return
        began_ns, before = time.thread_time_ns(), self._clock_box()
        self._overlay = clock_overlay.observe(scene.with_clock, scene.at_s, self._overlay)
        if self._clock_box() != before:
            self._before = None  # that it is hidden from now on, or seen again, is no movement
        self._clocks = _one_more(self._clocks, began_ns)

    def _gate(self, scene: Scene) -> None:
        """Where it moves, against a picture that lies long enough ago."""
        before = self._before
        past_s = scene.at_s - before.at_s if before is not None else MOTION_S + 1
        if before is not None and 0 <= past_s < MOTION_LEAST_S:
            scene.motion = before.motion
            return
        if before is not None and 0 < past_s <= MOTION_S:
            scene.motion = between(before.grey, scene.grey)
        self._before = scene

    def _place(self, duty: Duty, sighting: Sighting) -> str | None:
        """The zone in which it is, "" if it is the whole picture's; None: it is in none of those that it looks at."""
        if sighting.box is None:
            return ""
        left, top, right, bottom = sighting.box
        row, column = _cell((top + bottom) / 2, NOTHING.shape[0]), _cell((left + right) / 2, NOTHING.shape[1])
        found = next((name for name, cells in duty.zones.items() if cells[row, column]), None)
        return found if duty.zones and sighting.kind not in TOLD_ONCE else found or ""

    def _is_news(self, sighting: Sighting, zone: str) -> bool:
        key = (sighting.kind.value, zone)
        if sighting.kind in TOLD_ONCE:
            return True
        if sighting.at_s - self._told_s.get(key, float("-inf")) < AGAIN_S:
            return False
        self._told_s[key] = sighting.at_s
        return True

    def _noticed(self, detector: Detects, sighting: Sighting, zone: str, scene: Scene) -> Noticed:
        return Noticed(
            camera=self.name,
            detector=detector.value,
            kind=sighting.kind.value,
            zone=zone,
            score=round(sighting.score, scores.DIGITS),
            lasted_s=round(max(0.0, sighting.at_s - sighting.since_s), 3),
            box=sighting.box,
            detail=sighting.detail,
            jpeg=still.jpeg(scene.shown),
            blurred=self._blurred(scene, sighting),
            at_ns=scene.at_ns,
            monotonic_ns=scene.monotonic_ns,
        )

    def _blurred(self, scene: Scene, sighting: Sighting) -> bytes:
        """The still with nobody to be recognised; what that costs is counted beside the detectors."""
        began_ns = time.thread_time_ns()
        picture = blurred(scene.shown, still.bodies(self._networks.who(scene), scene.motion, sighting))
        self._stills = _one_more(self._stills, began_ns)
        return still.jpeg(picture)


def _one_more(worked: Worked, began_ns: int) -> Worked:
    """A run of this thread, begun then."""
    ms = (time.thread_time_ns() - began_ns) / 1e6
    return msgspec.structs.replace(worked, runs=worked.runs + 1, ms=worked.ms + ms)


def _cells(detector: Detects, zones: list[Zone]) -> dict[str, Cells]:
    """The zones that a detector looks at, as cells of the motion."""
    rows, columns = NOTHING.shape
    return {zone.name: inside([list(zone.outline)], columns, rows) for zone in zones if zone.binds(detector)}


def _cell(share: float, count: int) -> int:
    return min(count - 1, max(0, int(share * count)))
