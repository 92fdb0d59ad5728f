"""What the cameras of the demonstration play: innocent video, and between it a fight, a fire, a covered or turned lens.

The classroom's camera plays what is shipped, which is all that may be shipped. Corridor and kitchen play clips of a
folder that whoever starts the demonstration has: fights and fires of real cameras.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulator import clips as footage
from simulator.clip_scenes import Scenes, covering, part, turning
from simulator.clips import Clip
from simulator.encoded import Shape

SEED = 7
CLASSROOM = "classroom"
INNOCENT_CLIPS = 12  # of the folder, at each of its cameras: as many as are transcoded in some seconds
DWELL_S = 10.0  # a view stays for so long at least: a camera does not change its place each two seconds
FIGHT_S = 12.0  # clips of one fight are played again until it has lasted so long: a true one lasts longer than a clip
ACTS_MOST, FIGHT_CLIPS = 4, 12  # sources of fights, and clips of each
FIRE_S = 8.0  # a fire burns for so long after its onset
HELD_S = 30.0  # a lens stays covered until it is told, and no longer
USUAL_S = 8.0  # of the classroom, whose clip is shorter than two keyframes
BUDGET = "budget = 1000\n"  # of alarms: it is covered on purpose all day long, and tamper's vote does not hang on it
HANGS, TURNED = (0.0, 0.1), (0.2, 0.1)  # left and top of what the classroom's camera shows
TAMPER = frozenset({"covered", "turned", "defocused"})


class Act(NamedTuple):
    """Something to be noticed."""

    what: str
    kinds: frozenset[str]  # of a suspicion that is right
    scenes: tuple[Path, ...]
    clips: tuple[str, ...]  # what it is made of
    onset_s: float = 0.0  # after the begin of its first scene
    lasts_s: float | None = None  # None: until it is told
    early_s: float = 3.0  # what spoke for it may have begun so much earlier: a vote looks back


class Part(NamedTuple):
    """What one camera plays."""

    camera: str
    sees: tuple[str, ...]
    usual: tuple[Path, ...]  # in which nothing is to be noticed
    acts: tuple[Act, ...]
    clips: tuple[str, ...]  # of the usual
    distinct_s: float  # how long the usual is before it comes again
    settings: str = ""  # further lines of the configuration


def programme(cache: Path, folder: Path | None = None, shape: Shape | None = None) -> list[Part]:
    """All parts; clips are transcoded where the cache has not got them. Raises ClipError."""
    scenes = Scenes(cache, shape)
    parts = [_classroom(scenes)]
    if folder is not None:
        found = footage.given(folder)
        calm = chained(footage.innocent(found), SEED)
        acts = {"corridor": _fights(scenes, found), "kitchen": _fires(scenes, found)}
        for at, (camera, played) in enumerate(acts.items()):
            if played:
                mine = calm[at * INNOCENT_CLIPS :][:INNOCENT_CLIPS] or calm[:INNOCENT_CLIPS]
                parts.append(_between(scenes, camera, played, mine))
    return parts


def chained(innocent: Sequence[Clip], seed: int) -> list[Clip]:
    """Innocent clips in an order that the seed gives."""
    order = sorted(innocent, key=lambda clip: clip.name)
    random.Random(seed).shuffle(order)
    return order


def dwelling(scenes: Scenes, clips: Sequence[Clip], dwell_s: float = DWELL_S) -> list[Path]:
    """The clips as scenes, a short one again and again until the view has stayed."""
    found: list[Path] = []
    for clip in clips:
        scene = scenes.plain(clip)
        found += [scene] * math.ceil(dwell_s / scenes.seconds(scene))
    return found


def _classroom(scenes: Scenes) -> Part:
    clip = footage.clips(footage.SHIPPED)[0]
    hangs = part(*HANGS)
    usual = scenes.made(clip, "hangs", hangs, USUAL_S)
    acts = [
        Act(what, TAMPER, (scenes.made(clip, name, treatment, HELD_S),), (clip.name,), early_s=1.0)
        for what, name, treatment in (
            ("lens covered", "covering", covering(hangs)),
            ("camera turned", "turning", turning(*TURNED)),
        )
    ]
    lasts_s = scenes.seconds(scenes.plain(clip))
    return Part(CLASSROOM, ("tamper", "people"), (usual,), tuple(acts), (clip.name,), lasts_s, BUDGET)


def _fights(scenes: Scenes, found: Sequence[Clip]) -> list[Act]:
    """Each of one source, whose clips follow each other: the longest first."""
    acts = []
    for source in footage.fights(found)[:ACTS_MOST]:
        once = [scenes.plain(clip) for clip in source[:FIGHT_CLIPS]]
        lasts_s = sum(map(scenes.seconds, once))
        times = math.ceil(FIGHT_S / lasts_s)
        names = tuple(clip.name for clip in source[:FIGHT_CLIPS])
        acts.append(Act("fight", frozenset({"fight"}), tuple(once * times), names, lasts_s=lasts_s * times))
    return acts


def _fires(scenes: Scenes, found: Sequence[Clip]) -> list[Act]:
    """Each once, the shortest first, so that many fit into a day; but none that is over before anybody could look."""
    acts = []
    for clip in footage.fires(found):
        scene, onset_s = scenes.plain(clip), clip.onset_s or 0.0
        act = Act("fire", frozenset({"fire", "smoke"}), (scene,), (clip.name,), onset_s, scenes.seconds(scene))
        if scenes.seconds(scene) - onset_s >= FIRE_S:
            acts.append(act)
    return sorted(acts, key=lambda act: act.lasts_s or 0.0)


def _between(scenes: Scenes, camera: str, acts: Sequence[Act], calm: Sequence[Clip]) -> Part:
    usual = calm or footage.clips(footage.SHIPPED)
    distinct_s = sum(scenes.seconds(scenes.plain(clip)) for clip in usual)
    return Part(
        camera, ("fight", "fire", "people"), tuple(dwelling(scenes, usual)), tuple(acts),
        tuple(clip.name for clip in usual), distinct_s,
    )  # fmt: skip
