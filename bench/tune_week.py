"""Days of a made-up school's cameras in a box's database, written by the daemon's own keeper: for `mektep camera tune`.

python -m bench.tune_week FOLDER [--days 7] [--seed 1]   # writes FOLDER/box.toml and FOLDER/state/outbox.db
mektep camera tune FOLDER/box.toml --picture tune.png

Made     scores are drawn, not seen: calm for most of the time, louder in breaks; a lamp in the kitchen. Nothing
         in these figures says how a detector does.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent.book import EMPTY
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.outbox.outbox import open_outbox
from agent.outbox.settings import OutboxSettings
from agent.pipelines.measured import USUAL
from agent.pipelines.scores import Scored, Spread, logit, minus, share
from agent.pipelines.watch import Detects
from agent.sightings.rows import DAY_NS
from agent.sightings.verdicts import Verdict, record_verdict_of
from agent.watching.score_keeper import ScoreKeeper
from bench.box_toml import HEAD
from drivers.readings import Looked, Noticed, Scores, Watched, Worked

CAMERA = """[[camera]]
name = "{name}"
driver = "file"
file = "{folder}/{name}.mkv"
sees = {sees}
budget = {budget}
"""
REPORT_S, LOOK_S = 30, 10
REPORT_NS = REPORT_S * 1_000_000_000
AGAIN_S = 60.0
LOUD_MIN = ((8 * 60 + 45, 9 * 60), (9 * 60 + 45, 10 * 60 + 5), (12 * 60, 12 * 60 + 40))  # breaks, by the box's minute
BREATH_S = 40.0  # for so long a score goes on as it is


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How a detector's answers are spread at a camera, in logits."""

    calm: float
    loud: float  # at LOUD_MIN
    wide: float
    lamp: float | None = None  # what it answers all day from ten to four: something that fools it steadily
    true: tuple[tuple[float, float], ...] = ()  # day, answer: an incident that a person confirms


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A camera."""

    budget: float
    detectors: Mapping[Detects, Place | None]  # None: one without a scale


SCHOOL = {
    "hall": View(
        budget=1.0,
        detectors={
            Detects.FIGHT: Place(calm=-3.0, loud=-0.3, wide=1.0, true=((2.4, 4.6),)),
            Detects.FIRE: Place(calm=-3.5, loud=-3.2, wide=0.5),
            Detects.TAMPER: None,
        },
    ),
    "gym": View(budget=2.0, detectors={Detects.FIGHT: Place(calm=-2.4, loud=0.9, wide=1.2, true=((1.42, 3.4),))}),
    "kitchen": View(budget=1.0, detectors={Detects.FIRE: Place(calm=-3.0, loud=-1.4, wide=0.9, lamp=-0.6)}),
}


class Clock:
    """Of agent.clock.Clock, at the moment that is set."""

    boot_id = "made"

    def __init__(self, utc_ns: int) -> None:
        self.now_ns = utc_ns

    def utc_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    def synced(self) -> bool:
        return True

    def now(self) -> Moment:
        return Moment(self.now_ns, self.now_ns, True)

    def proven_ns(self) -> int:
        return self.now_ns

    def prove(self, utc_ns: int) -> None: ...

    def not_before(self, utc_ns: int) -> None: ...

    async def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


class Eye:
    """One detector at one camera, as the eyes' cell would report it."""

    def __init__(self, camera: str, detector: Detects, place: Place | None, rng: random.Random) -> None:
        self.camera, self.detector, self._place, self._rng = camera, detector, place, rng
        self._spread, self._reported, self._more = Spread(), Scores(), 0.0
        self._told_s = float("-inf")

    def report(self, begin_s: float, day: float) -> tuple[Worked, list[Noticed]]:
        """Half a minute."""
        if self._place is None:
            return Worked(runs=60), []
        noticed, runs, hits, threshold = [], 0, 0, logit(USUAL[self.detector])
        for at_s in range(int(begin_s), int(begin_s) + REPORT_S, LOOK_S):
            answer = self._answer(at_s, day)
            self._spread.add(Scored(share(answer + self._rng.gauss(0, 0.7)), share(answer)), at_s)
            runs, hits = runs + 1, hits + (answer > threshold - 1)
            if answer >= threshold and at_s - self._told_s > AGAIN_S:
                noticed.append(self._notice(answer, at_s))
            self._told_s = at_s if answer >= threshold else self._told_s
        scores = minus(self._spread.scores, self._reported)
        self._reported = self._spread.scores
        return Worked(runs=runs, hits=hits, votes=len(noticed), told=len(noticed), scores=scores), noticed

    def _answer(self, at_s: float, day: float) -> float:
        place, minute = self._place, at_s / 60 % 1440
        assert place is not None
        for when, answer in place.true:
            if 0 <= day - when < 60 / 86_400:
                return answer
        if place.lamp is not None and 600 <= minute < 960:
            return place.lamp + self._rng.gauss(0, 0.1)
        middle = place.loud if any(first <= minute < last for first, last in LOUD_MIN) else place.calm
        keep = 1 - LOOK_S / BREATH_S
        self._more = keep * self._more + (1 - keep * keep) ** 0.5 * self._rng.gauss(0, place.wide)
        return middle + self._more

    def _notice(self, answer: float, at_s: float) -> Noticed:
        return Noticed(
            camera=self.camera, detector=self.detector.value, kind=self.detector.value, zone="",
            score=round(share(answer), 4), lasted_s=2.0, box=None, detail="", jpeg=b"", blurred=b"",
            at_ns=round(at_s * 1e9), monotonic_ns=round(at_s * 1e9),
        )  # fmt: skip


async def fill(
    folder: Path, *, end_ns: int, days: float = 7, seed: int = 1, school: Mapping[str, View] = SCHOOL
) -> Path:
    """Write configuration and database. Returns the configuration."""
    (folder / "state").mkdir(parents=True, exist_ok=True)
    text = HEAD.format(folder=folder)
    for name, view in school.items():
        sees = msgspec.json.encode([one.value for one in view.detectors]).decode()
        text += CAMERA.format(name=name, folder=folder, sees=sees, budget=view.budget)
    (folder / "box.toml").write_text(text, encoding="utf-8")
    rng, clock = random.Random(seed), Clock(round(end_ns - days * DAY_NS) // REPORT_NS * REPORT_NS)
    settings = OutboxSettings(ballast_mb=0, reserve_mb=1)
    path = folder / "state" / "outbox.db"
    async with open_outbox(path, school="school-07", clock=clock, settings=settings) as outbox:
        keeper = ScoreKeeper(outbox.transact, lambda: EMPTY, clock)
        eyes = [
            Eye(name, which, place, rng) for name, view in school.items() for which, place in view.detectors.items()
        ]
        begin_ns = clock.now_ns
        while clock.now_ns + REPORT_NS <= end_ns:
            await _half_minute(keeper, clock, eyes, (clock.now_ns - begin_ns) / DAY_NS)
        await keeper.finish()
        await outbox.transact(lambda transaction: _judged(transaction, school))
    return folder / "box.toml"


async def _half_minute(keeper: ScoreKeeper, clock: Clock, eyes: list[Eye], day: float) -> None:
    cameras: dict[str, Looked] = {}
    for eye in eyes:
        worked, noticed = eye.report(clock.now_ns / 1e9, day)
        before = cameras.get(eye.camera, Looked(pictures=REPORT_S))
        cameras[eye.camera] = msgspec.structs.replace(
            before, detectors={**before.detectors, eye.detector.value: worked}
        )
        for one in noticed:
            keeper.noticed(one)
    keeper.took(Watched(seconds=REPORT_S, cameras=cameras, troubles=(), at_ns=0, monotonic_ns=0))
    clock.now_ns += REPORT_NS
    if clock.now_ns // 1_000_000_000 % 3600 == 0:
        await keeper.look()


def _judged(transaction: Transaction, school: Mapping[str, View]) -> None:
    """A person confirmed what was true, and dismissed half of the rest."""
    rows = transaction.execute("select id, camera, kind, score, at_ns from sighting order by id").fetchall()
    true = {(name, which.value): {round(share(answer), 4) for _, answer in place.true}
            for name, view in school.items() for which, place in view.detectors.items() if place}  # fmt: skip
    for number, (_, camera, kind, score, at_ns) in enumerate(rows):
        confirmed = score in true.get((camera, kind), ())
        if confirmed or number % 2:
            record_verdict_of(
                transaction, camera, kind, first_ns=at_ns, last_ns=at_ns, at_ns=at_ns,
                verdict=Verdict.CONFIRMED if confirmed else Verdict.DISMISSED,
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tune_week", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(asyncio.run(fill(args.folder.absolute(), end_ns=time.time_ns(), days=args.days, seed=args.seed)))


if __name__ == "__main__":
    main()
