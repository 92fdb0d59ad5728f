"""The detectors that the eyes run: how often, when at all, and how each is fed. Adding one: a class, a line in PLANS.

The detectors themselves are pure and stand in files of their own; here each gets the look that it wants and keeps its
memory from picture to picture.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import msgspec

from agent.pipelines import fight, fire, people, presence, tamper
from agent.pipelines.measured import USUAL, chosen
from agent.pipelines.networks import BACKBONE, POSE, Networks
from agent.pipelines.scene import Scene
from agent.pipelines.scores import Scored, logit, share
from agent.pipelines.settings import FightSettings, FireSettings, PeopleSettings, PresenceSettings, TamperSettings
from agent.pipelines.sighting import Sighting
from agent.pipelines.watch import Detects, Point, Watch
from drivers.readings import Counted, EyeTrouble

FIGHT_HEAD, FIRE_HEAD = "fight.npz", "fire.npz"


class Looker(Protocol):
    """One detector of one camera."""

    def look(self, scene: Scene) -> list[Sighting]:
        """What it says of the picture, after its vote."""
        ...

    def suspects(self) -> bool:
        """Whether the last picture spoke for something that is not told yet: then it wants every picture."""
        ...

    def scored(self) -> Scored | None:
        """What the last picture came to; None: nobody looked at it, or the detector has no scale."""
        ...


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """When a detector runs."""

    every_s: float  # at most so often
    moving: bool  # only while something moves in its zones
    zoned: bool = True  # whether it looks at zones; one that does not judges the whole picture
    whole_rate: bool = False  # while it runs it wants ten pictures a second, not five
    files: tuple[str, ...] = ()  # of models/, without which it cannot run
    make: Callable[[Watch, Networks], Looker]


class Tamper:
    """Grey pictures, twice a second."""

    def __init__(self, _watch: Watch, _networks: Networks) -> None:
        self._memory: tamper.Memory | None = None
        self._settings = TamperSettings()

    def look(self, scene: Scene) -> list[Sighting]:
        said, self._memory = tamper.observe(tamper.Look(scene.grey, scene.at_s), self._memory, self._settings)
        return [said] if said else []

    def suspects(self) -> bool:
        return self._memory is not None and tamper.suspects(self._memory)

    def scored(self) -> Scored | None:
        return None


class Fight:
    """Every picture makes the movement's views; about three times a second the network looks at them."""

    ANSWER_S = 0.28
    GAP_S = 0.3  # of the four pictures that a view is made of: further apart everything seems to move fast

    def __init__(self, watch: Watch, networks: Networks) -> None:
        self._networks = networks
        self._head = networks.head(FIGHT_HEAD)
        self._settings = fight_settings(_threshold(Detects.FIGHT, watch, networks))
        self._motion: fight.Motion | None = None
        self._memory: fight.Memory | None = None
        self._scored: Scored | None = None
        self._seen_s = self._answered_s = float("-inf")

    def look(self, scene: Scene) -> list[Sighting]:
        self._scored = None
        if scene.at_s - self._seen_s > self.GAP_S:
            self._motion = None
        self._seen_s = scene.at_s
        due = scene.at_s - self._answered_s >= self.ANSWER_S * (1 + scene.hurry)
        views, self._motion = fight.prepare(scene.bgr, self._motion, show=due)
        if not due:
            return []
        if views is not None and not scene.take_network():
            return []
        self._answered_s = scene.at_s
        answer = None
        if views is not None:
            answer = self._head.logits(self._networks.backbone.movement(views.change, views.course))["fight"]
        look = fight.Look(answer, scene.at_s, views.box if views else None)
        said, self._memory = fight.observe(look, self._memory, self._settings)
        self._scored = Scored(_share(answer), _share(fight.level(self._memory, self._settings)))
        return [said] if said else []

    def suspects(self) -> bool:
        return self._memory is not None and fight.suspects(self._memory, self._settings)

    def scored(self) -> Scored | None:
        return self._scored


def fight_settings(short: float) -> FightSettings:
    """With another threshold, a logit: the long vote as far below it as ever."""
    usual = FightSettings()
    return FightSettings(short=short, long=usual.long + short - usual.short)


def fire_settings(fire: float) -> FireSettings:
    """With another threshold, a logit: smoke and flame as far from it as ever."""
    usual = FireSettings()
    more = fire - usual.fire
    return FireSettings(fire=fire, smoke=usual.smoke + more, flame=usual.flame + more)


def _threshold(detector: Detects, watch: Watch, networks: Networks) -> float:
    """From which logit on it tells."""
    found = chosen(detector, watch, networks.curves.get(detector))
    return logit(found.score if found else USUAL[detector])


def _share(answer: float | None) -> float | None:
    return None if answer is None else share(answer)


class Fire:
    """Every picture makes what flickers; each 0.8 s the network looks, if something moves or is like a flame."""

    LOOK_S = 0.75  # four pictures of five a second
    QUIET_LOOK_S = 30.0  # so often at a still view: what is usual for it changes with the day

    def __init__(self, watch: Watch, networks: Networks) -> None:
        self._networks = networks
        self._head = networks.head(FIRE_HEAD)
        self._settings = fire_settings(_threshold(Detects.FIRE, watch, networks))
        self._flicker: fire.Flicker | None = None
        self._memory: fire.Memory | None = None
        self._looked_s = float("-inf")
        self._turn = 0
        self._scored: Scored | None = None

    def look(self, scene: Scene) -> list[Sighting]:
        self._scored = None
        self._flicker = fire.prepare(scene.small, self._flicker)
        past_s = scene.at_s - self._looked_s
        if past_s < self.LOOK_S:
            return []
        box = fire.place(self._flicker)
        if not (box is not None or self._wants(scene) or past_s >= self.QUIET_LOOK_S) or not scene.take_network():
            return []
        self._looked_s = scene.at_s
        crops = fire.crops(scene.bgr, box, self._turn)
        self._turn += 1
        look = self._ask(crops, scene.at_s)
        said, self._memory = fire.observe(look, self._memory, self._settings)
        self._scored = Scored(
            share(fire.look_level(self._memory, self._settings)), _share(fire.level(self._memory, self._settings))
        )
        return [said] if said else []

    def suspects(self) -> bool:
        return self._memory is not None and fire.suspects(self._memory, self._settings)

    def scored(self) -> Scored | None:
        return self._scored

    def _wants(self, scene: Scene) -> bool:
        more = scene.awake and self.suspects()  # for as long as the camera is kept awake for it
        return more or bool(scene.motion.any())

    def _ask(self, crops: fire.Crops, at_s: float) -> fire.Look:
        parts = [crops.whole, crops.tile, *([] if crops.place is None else [crops.place])]
        answers = [_logits(self._head.logits(row)) for row in self._networks.backbone.things(parts)]
        place = answers[2] if crops.place is not None else None
        return fire.Look(answers[0], answers[1], place, crops.box, at_s)


class People:
    """Poses: five times a second where a line is to be crossed, else about once a second."""

    SLOW_S = 0.8

    def __init__(self, watch: Watch, networks: Networks) -> None:
        self._networks = networks
        self._settings = PeopleSettings(lines=tuple(watch.line), zones=_outlines(Detects.PEOPLE, watch))
        self._memory: people.Memory | None = None
        self._looked_s = float("-inf")

    def look(self, scene: Scene) -> list[Sighting]:
        if not self._settings.lines and scene.at_s - self._looked_s < self.SLOW_S * (1 + scene.hurry / 4):
            return []
        if not scene.take_network():
            return []
        self._looked_s = scene.at_s
        width, height = scene.size
        found = people.people(self._networks.poses(scene), self._settings.least, width / height)
        look = people.Look(found, scene.at_s, width / height)
        said, self._memory = people.observe(look, self._memory, self._settings)
        return [said] if said else []

    def suspects(self) -> bool:
        return False

    def scored(self) -> Scored | None:
        return None

    def counted(self) -> Counted:
        """Since it began."""
        if self._memory is None:
            return Counted()
        left, entered = (sum(pair[side] for pair in self._memory.crossed) for side in (0, 1))
        return Counted(people=self._memory.headcount[0], entered=entered, left=left)


class Presence:
    """Poses: about once a second while something moves, three times a second once somebody may be there."""

    SLOW_S, FAST_S = 0.8, 0.3

    def __init__(self, watch: Watch, networks: Networks) -> None:
        self._networks = networks
        found = chosen(Detects.PRESENCE, watch, networks.curves.get(Detects.PRESENCE))
        usual = PresenceSettings()
        self._settings = PresenceSettings(
            least=found.score if found else usual.least, zones=_outlines(Detects.PRESENCE, watch)
        )
        self._memory: presence.Memory | None = None
        self._looked_s = float("-inf")
        self._scored: Scored | None = None

    def look(self, scene: Scene) -> list[Sighting]:
        self._scored = None
        wait_s = self.FAST_S if self.suspects() else self.SLOW_S * (1 + scene.hurry / 4)
        if scene.at_s - self._looked_s < wait_s:
            return []
        if scene.poses is None and not scene.take_network():
            return []
        self._looked_s = scene.at_s
        aspect = scene.size[0] / scene.size[1]
        found = people.people(self._networks.poses(scene), presence.LEAST, aspect)
        who = presence.movers(found, scene.motion.cells, self._settings.zones)
        said, self._memory = presence.observe(people.Look(who, scene.at_s, aspect), self._memory, self._settings)
        self._scored = Scored(presence.look_level(self._memory), presence.level(self._memory, self._settings))
        return [said] if said else []

    def suspects(self) -> bool:
        return self._memory is not None and presence.suspects(self._memory, self._settings)

    def scored(self) -> Scored | None:
        return self._scored


def _outlines(detector: Detects, watch: Watch) -> tuple[tuple[Point, ...], ...]:
    return tuple(tuple(zone.outline) for zone in watch.zone if zone.binds(detector))


def _logits(found: dict[str, float]) -> fire.Logits:
    return fire.Logits(fire=found["fire"], smoke=found["smoke"], flame=found["flame"])


PLANS: Mapping[Detects, Plan] = {
    Detects.TAMPER: Plan(every_s=0.5, moving=False, zoned=False, make=Tamper),
    Detects.FIRE: Plan(every_s=0.2, moving=False, files=(BACKBONE, FIRE_HEAD), make=Fire),
    Detects.FIGHT: Plan(every_s=0.1, moving=True, whole_rate=True, files=(BACKBONE, FIGHT_HEAD), make=Fight),
    Detects.PEOPLE: Plan(every_s=0.2, moving=True, files=(POSE,), make=People),
    Detects.PRESENCE: Plan(every_s=0.2, moving=True, files=(POSE,), make=Presence),
}


def usable(
    plans: Mapping[Detects, Plan], wanted: Collection[Detects], networks: Networks
) -> tuple[dict[Detects, Plan], list[EyeTrouble]]:
    """Load what the wanted detectors need: those that can run, and those that cannot, with the file that is wrong."""
    chosen = {name: plan for name, plan in plans.items() if name in wanted}
    files = {file for plan in chosen.values() for file in plan.files}
    networks.load(files | {POSE} if files else files)  # where people are in a still, whatever it shows
    wrong = {name: [networks.broken[file] for file in plan.files if file in networks.broken]
             for name, plan in chosen.items()}  # fmt: skip
    troubles = [
        EyeTrouble(
            camera="",
            detector=name.value,
            code="V-304",
            what=f"{name} is off at all cameras: {'; '.join(why)}",
            do="Install the agent again: this file is not the one that it came with.",
        )
        for name, why in wrong.items()
        if why
    ]
    return {name: plan for name, plan in chosen.items() if not wrong[name]}, troubles
