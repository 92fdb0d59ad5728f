"""What is played to the cameras on a day, and what the agent says of it: noticed, after how long, false sightings.

Noticed  the box holds the suspicion, of the right kind, while the act is on or GRACE_S after it: as a watcher sees it.
False    a suspicion at a camera on which nothing is to be noticed. While something is, other kinds are told apart:
         where people fight, somebody may well lie on the floor.
Not      whether the stills can be opened at the centre: simulator/reckoning.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import cycle
from typing import Any, NamedTuple

from simulator.ending import ends_within
from simulator.footage_cameras import FootageCamera
from simulator.programme import Act
from simulator.school import School
from simulator.truth import NOTICED

LOOK_S = 0.2
BEGINS_S = 10.0  # to the next keyframe, and some more on a busy machine
GRACE_S = 5.0  # a vote that is over a moment after what it was about
LEARNS_S = 25.0  # after it for eyes that have learned a turned view as theirs: that it is turned back is told
BLINDS = {"cells killed", "agent killed"}
UNTOLD_S = 25.0  # what nobody tells ends, too


class Told(NamedTuple):
    """A suspicion, as the box holds it."""

    camera: str
    kind: str
    score: float
    vote: str  # and what it needs
    evidence: str
    blurred: str
    seen_s: float  # by the machine's steady clock
    lasted_s: float = 0.0  # since what speaks for it began
    clip: str = ""  # of the innocent ones: which was on

    @classmethod
    def of(cls, event: dict[str, Any], seen_s: float) -> Told:
        data = event["data"]
        since, at = (datetime.fromisoformat(text) for text in (data["since"], event["time"]))
        return cls(
            data["camera"], data["suspected"], data["score"], data.get("detail", ""), data.get("evidence", ""),
            data.get("blurred", ""), seen_s, (at - since).total_seconds(),
        )  # fmt: skip


class Played:
    """One act on one camera. Times by the machine's steady clock."""

    def __init__(self, camera: str, act: Act, began_s: float) -> None:
        self.camera, self.act, self.began_s = camera, act, began_s
        self.ended_s: float | None = None
        self.cut_short = False  # the day was over
        self.noticed: Told | None = None
        self.also: list[Told] = []
        self.broken: list[str] = []  # faults meanwhile

    @property
    def after_s(self) -> float | None:
        """From the first flame, blow or cloth until the box held it."""
        return self.noticed.seen_s - self.began_s - self.act.onset_s if self.noticed else None

    @property
    def blinded(self) -> bool:
        """Whether the eyes were ended meanwhile: they learn the place anew, as it is now."""
        return any(fault in BLINDS for fault in self.broken)

    def covers(self, told: Told) -> bool:
        """Whether it is of this act's camera and time."""
        grace_s = LEARNS_S if self.blinded else GRACE_S
        until_s = float("inf") if self.ended_s is None else self.ended_s + grace_s
        return told.camera == self.camera and self.began_s <= told.seen_s <= until_s

    def explains(self, told: Told) -> bool:
        """Whether it is of the right kind, and began with the act."""
        return told.kind in self.act.kinds and told.seen_s - told.lasted_s >= self.began_s - self.act.early_s


class Review:
    """Everything that was played and told. Pure."""

    def __init__(self) -> None:
        self.played: list[Played] = []
        self.false: list[Told] = []

    def told(self, told: Told) -> Played | None:
        """One more: what it was right about, if it is news."""
        about = next((one for one in reversed(self.played) if one.covers(told)), None)
        if about is None:
            self.false.append(told)
        elif not about.explains(told):
            about.also.append(told)
        elif about.noticed is None:
            about.noticed = told
            return about
        return None

    def innocent_s(self, cameras: Sequence[str], began_s: float, ended_s: float) -> dict[str, float]:
        """How long each camera showed nothing to be noticed."""
        acts = dict.fromkeys(cameras, 0.0)
        for one in self.played:
            acts[one.camera] += (one.ended_s or ended_s) - one.began_s
        return {name: max(0.0, ended_s - began_s - acted_s) for name, acted_s in acts.items()}


class Stage:
    """play() goes on until the day ends, watch() until nothing is owed any more."""

    def __init__(
        self,
        school: School,
        every_s: float,
        note: Callable[[str], None],
        fault: Callable[[], str],
        ending: asyncio.Event,
    ) -> None:
        self.review = Review()
        self.people: dict[str, int] = {}  # most that were counted at each camera
        self.began_s = self.ended_s = time.monotonic()
        self._school = school
        self._every_s = every_s
        self._note, self._fault, self._ending = note, fault, ending
        self._known: set[str] = set()  # ids of events

    @property
    def cameras(self) -> list[FootageCamera]:
        return self._school.devices.footage

    async def play(self, camera: FootageCamera) -> None:
        """Its acts in turn, with innocent video between them."""
        for act in cycle(camera.part.acts):
            if await ends_within(self._ending, self._every_s):
                return
            camera.play(act)
            if not await self._until(lambda: camera.since_s() is not None, BEGINS_S):
                camera.calm()
                if not self._ending.is_set():
                    self._note(f"{camera.name}: {act.what} did not begin")
                continue
            played = Played(camera.name, act, camera.since_s() or time.monotonic())
            self.review.played.append(played)
            self._note(f"{camera.name}: {act.what} ({act.clips[0]}{' ...' if act.clips[1:] else ''})")
            await self._until_over(camera, played)

    async def watch(self) -> None:
        """What the box holds, as it comes, until this is cancelled."""
        self.began_s = time.monotonic()
        try:
            while True:
                self._look()
                await asyncio.sleep(LOOK_S)
        finally:
            self.ended_s = time.monotonic()

    def complete(self, events: Iterable[str]) -> None:
        """What the centre holds and the box had no longer when it was looked at: by the time of the event."""
        steady_s = time.monotonic() - time.time()
        for event in map(json.loads, events):
            if event["type"] == NOTICED:
                self._take(event, datetime.fromisoformat(event["time"]).timestamp() + steady_s)

    # --- inside -------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        for played in self.review.played:
            fault = self._fault()
            if played.ended_s is None and fault and fault not in played.broken:
                played.broken.append(fault)
        for camera, view in self._school.status().get("eyes", {}).items():
            self.people[camera] = max(self.people.get(camera, -1), view.get("people", -1))
        with contextlib.suppress(sqlite3.Error):  # locked, full, or the box was just killed
            for text in self._school.told(NOTICED):
                self._take(json.loads(text), time.monotonic())

    def _take(self, event: dict[str, Any], seen_s: float) -> None:
        if event["id"] in self._known:
            return
        self._known.add(event["id"])
        told = Told.of(event, seen_s)
        told = told._replace(clip=next((one.clip() for one in self.cameras if one.name == told.camera), ""))
        about = self.review.told(told)
        if about is not None:
            self._note(f"{told.camera}: {about.act.what} is noticed after {about.after_s:.1f} s as {told.kind}")
        elif self.review.false and self.review.false[-1] is told:
            self._note(f"{told.camera}: a false sighting, {told.kind} ({told.clip})")

    async def _until_over(self, camera: FootageCamera, played: Played) -> None:
        """It lasts as long as it lasts, or until it is told."""
        act = played.act
        if act.lasts_s is None:
            await self._until(lambda: played.noticed is not None or played.blinded, UNTOLD_S)
        else:
            await ends_within(self._ending, act.lasts_s)
        played.cut_short = self._ending.is_set()
        camera.calm()
        played.ended_s = time.monotonic()
        if not played.noticed:
            self._note(f"{camera.name}: {act.what} is over, and not noticed so far")

    async def _until(self, true: Callable[[], bool], patience_s: float) -> bool:
        deadline_s = time.monotonic() + patience_s
        while not true():
            if time.monotonic() > deadline_s or await ends_within(self._ending, LOOK_S / 2):
                return true()
        return True
