"""The head for fire, smoke and tended flames: trained on pictures, judged on pictures and on clips in time.

Trained on the pictures that may train and, as what is no fire, on the fight clips: their first frames, and the places
        in them that flickered like a flame. Of a picture with fire the part that shows it most is learned too.
Judged  pictures by folds by source; those that may not train by heads that never saw them. Clips by the vote itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines import fire
from agent.pipelines.heads import Features, Head
from agent.pipelines.settings import FireSettings
from agent.pipelines.sighting import Sighting
from bench.vision import logistic
from bench.vision.footage import Footage
from bench.vision.seen import Arrays, Seen
from bench.vision.skill import folds

RIDGE = 330.0
FOLDS = 10
CLASSES: dict[str, tuple[str, ...]] = {
    "fire": ("fire", "fire_smoke"),
    "smoke": ("smoke", "fire_smoke"),
    "flame": ("controlled",),
}
TILE_SHARE, FIGHT_TILE_SHARE = 0.3, 0.2  # what a part of an innocent picture counts for, beside a whole one


class Stills(msgspec.Struct, frozen=True):
    """Pictures, and clips by their first frame, with what was seen in their parts."""

    rows: list[Footage]
    parts: NDArray[np.float32]  # (pictures, 6, 1280)
    places: list[Features]  # of each row that is a clip: places in it that flickered

    @property
    def groups(self) -> list[str]:
        return [row.group for row in self.rows]

    @property
    def labels(self) -> NDArray[np.str_]:
        return np.array(["none" if row.task == "fight" else row.label for row in self.rows])

    def part(self, chosen: NDArray[np.bool_]) -> Stills:
        kept = np.flatnonzero(chosen)
        return Stills([self.rows[one] for one in kept], self.parts[kept], [self.places[one] for one in kept])


def stills(rows: Sequence[Footage], seen: Seen) -> Stills:
    """Pictures of the task, and the fight clips."""
    chosen = [row for row in rows if (row.task == "fire" and row.still) or (row.task == "fight" and row.may_train)]
    places = [_places(seen.fire(row)) if row.task == "fight" else np.zeros((0, 1280), np.float32) for row in chosen]
    return Stills(chosen, np.array([seen.still(row)["parts"] for row in chosen], np.float32), places)


def _places(seen: Arrays) -> Features:
    return seen["place"][seen["placed"] > 0] if len(seen["at_s"]) else np.zeros((0, 1280), np.float32)


def train(given: Stills) -> Head:
    """A head with a judge for each class."""
    given = given.part(np.array([row.may_train for row in given.rows]))
    heads = [_class(given, labels, name) for name, labels in CLASSES.items()]
    first = heads[0]
    return Head(
        tuple(CLASSES),
        first.mean,
        first.scale,
        np.concatenate([one.weight for one in heads], axis=1),
        np.concatenate([one.bias for one in heads]),
        tuple(sorted(row.sha256[:16] for row in given.rows)),
    )


def _class(given: Stills, labels: tuple[str, ...], name: str) -> Head:
    """Two rounds: in the second, of each picture that has it, the part that shows it most is learned as well."""
    truth = np.isin(given.labels, labels)
    first = _fit(given, truth, name, ())
    shown = ((given.parts[truth][:, 1:] - first.mean) / first.scale) @ first.weight[:, 0]
    return _fit(given, truth, name, given.parts[truth][np.arange(truth.sum()), 1 + shown.argmax(axis=1)])


def _fit(given: Stills, truth: NDArray[np.bool_], name: str, more: Sequence[Features] | Features) -> Head:
    innocent = given.labels == "none"
    fights = np.array([row.task == "fight" for row in given.rows])
    size = given.parts.shape[-1]
    lots: list[tuple[Features, bool | NDArray[np.bool_], float]] = [
        (given.parts[:, 0], truth, 1.0),
        (given.parts[innocent & ~fights][:, 1:].reshape(-1, size), False, TILE_SHARE),
        (given.parts[fights][:, 1:].reshape(-1, size), False, FIGHT_TILE_SHARE),
        (np.concatenate([np.zeros((0, size), np.float32), *given.places]), False, 1.0),
    ]
    fixed = np.concatenate([lot for lot, _, _ in lots])
    if len(more):
        lots.append((np.asarray(more), True, 1.0))
    rows = np.concatenate([lot for lot, _, _ in lots]).astype(np.float64)
    answers = np.concatenate([np.broadcast_to(answer, len(lot)) for lot, answer, _ in lots]).astype(bool)
    weights = np.concatenate([np.full(len(lot), share) for lot, _, share in lots])
    mean, scale = fixed.mean(axis=0).astype(np.float64), fixed.std(axis=0).astype(np.float64) + 1e-3
    weight, bias = logistic.fit((rows - mean) / scale, answers, logistic.balanced(answers, weights), RIDGE)
    return Head(
        (name,),
        mean.astype(np.float32),
        scale.astype(np.float32),
        weight[:, None].astype(np.float32),
        np.array([bias], np.float32),
    )


def judged(given: Stills, seed: int = 0) -> NDArray[np.float64]:
    """Logits (pictures, 6 parts, 3 classes) by heads that have not seen a picture's source."""
    fold = folds(given.groups, FOLDS, seed)
    found = np.zeros((*given.parts.shape[:2], len(CLASSES)))
    for number in range(FOLDS):
        head = train(given.part(fold != number))
        found[fold == number] = logits(head, given.parts[fold == number])
    return found


def logits(head: Head, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """The last axis becomes the classes."""
    return np.asarray((features - head.mean) / head.scale @ head.weight + head.bias, dtype=np.float64)


def hazard(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """One score of a picture, of fire or smoke: the mean of what the whole and the part that shows it most say.

    A part that is a little like both counts for more than one that is as much like one of them alone.
    """
    shown = np.logaddexp(found[..., 0], found[..., 1])
    return np.asarray((shown[:, 0] + shown.max(axis=1)) / 2)


def watch(head: Head, seen: Arrays, settings: FireSettings) -> list[Sighting]:
    """What the vote tells of a clip."""
    told, memory = [], None
    said = {part: logits(head, seen[part]) for part in ("whole", "tile", "place")} if len(seen["at_s"]) else {}
    for index, at_s in enumerate(seen["at_s"]):
        place = fire.Logits(*said["place"][index]) if seen["placed"][index] else None
        look = fire.Look(
            fire.Logits(*said["whole"][index]), fire.Logits(*said["tile"][index]), place, None, float(at_s)
        )
        one, memory = fire.observe(look, memory, settings)
        told += [one] if one else []
    return told


def heads_without(given: Stills) -> Callable[[str], Head]:
    """For each group the head that has not seen it; the one of all sources for a group that is not among them."""
    made: dict[str, Head] = {}

    def head(group: str) -> Head:
        key = group if group in set(given.groups) else ""
        if key not in made:
            made[key] = train(given.part(np.array([one != key for one in given.groups])))
        return made[key]

    return head
