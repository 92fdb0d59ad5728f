"""What the shipped pipeline sees of footage: features clip by clip, kept in a folder so that they are made once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.pipelines import fight, fire, inference
from agent.pipelines.fight import Views
from agent.pipelines.fire import Crops
from agent.pipelines.heads import Features
from bench.vision.footage import Footage, Frame, frames, picture

Arrays = dict[str, NDArray[np.float32]]
FIGHT_RATE, FIRE_RATE, POSE_RATE = 10.0, 5.0, 5.0  # frames a second
SLOW_RATE = 5.0  # of a camera that gives fights no more
LOOK_EVERY = 4  # frames: the detector looks at four of five a second


KEYS = {"fight": "3", "fire": "2", "still": "1", "poses": "1"}  # raised when something else is seen than before
NETWORKS = {"poses": "pose.onnx"}


class Seen:
    """Features by the shipped networks; a change of a network or of KEYS makes them anew."""

    def __init__(self, cache: Path | None) -> None:
        self.backbone = inference.Backbone()
        self.poser = inference.PoseNetwork()
        rows = inference.manifest()
        self._versions = {
            what: hashlib.sha256((key + rows[NETWORKS.get(what, "backbone.onnx")].sha256).encode()).hexdigest()[:12]
            for what, key in KEYS.items()
        }
        self._cache = cache

    def fight(self, row: Footage, rate: float = FIGHT_RATE, phase: float = 0.0) -> Arrays:
        """views: (looks, 1888), of the change and of its course; at_s; frames. phase: of the first frame, in frames."""
        kept = "fight" if (rate, phase) == (FIGHT_RATE, 0.0) else f"fight-{rate:g}-{phase:.2f}"
        return self._kept(kept, row, lambda: self._fight(row, rate, phase / rate))

    def fire(self, row: Footage) -> Arrays:
        """A clip, look by look: whole, tile, place, (looks, 1280); placed 0/1; at_s."""
        return self._kept("fire", row, lambda: self._fire(row))

    def still(self, row: Footage) -> Arrays:
        """A picture, or a clip's first frame: parts, (6, 1280), the whole and the five tiles."""
        return self._kept("still", row, lambda: {"parts": self._parts(_first(row))})

    def poses(self, row: Footage) -> Arrays:
        """poses (frames, 6, 56), aspect."""
        return self._kept("poses", row, lambda: self._poses(row))

    def _kept(self, what: str, row: Footage, make: Callable[[], Arrays]) -> Arrays:
        if self._cache is None:
            return make()
        path = self._cache / f"{what}-{row.sha256[:20]}-{self._versions[what.partition('-')[0]]}.npz"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, **make())  # type: ignore[arg-type]
        with np.load(path) as parts:
            return {name: parts[name] for name in parts}

    def _fight(self, row: Footage, rate: float, begin_s: float) -> Arrays:
        motion, views, at = None, [], []
        number = 0
        for at_s, frame in frames(row.path, rate, begin_s):
            number += 1
            found, motion = fight.prepare(frame, motion)
            if found is not None:
                views.append(self.movement(found))
                at.append(at_s)
        empty = np.zeros((0, inference.MOVEMENT), np.float32)
        return {
            "views": np.array(views, np.float32) if views else empty,
            "at_s": np.array(at, np.float32),
            "frames": np.array([number], np.float32),
        }

    def _fire(self, row: Footage) -> Arrays:
        flicker: fire.Flicker | None = None
        parts: list[tuple[float, Features, Features, Features, float]] = []
        for number, (at_s, frame) in enumerate(frames(row.path, FIRE_RATE)):
            flicker = fire.prepare(frame, flicker)
            if number % LOOK_EVERY == 2:
                parts.append((at_s, *self._look(fire.crops(frame, fire.place(flicker), len(parts)))))
        names = ("at_s", "whole", "tile", "place", "placed")
        return {name: np.array([part[index] for part in parts], np.float32) for index, name in enumerate(names)}

    def _look(self, crops: Crops) -> tuple[Features, Features, Features, float]:
        given = [crops.whole, crops.tile] + ([] if crops.place is None else [crops.place])
        found = self.things(given)
        return (
            found[0],
            found[1],
            found[-1] if crops.place is not None else np.zeros_like(found[0]),
            float(len(found) == 3),
        )

    def things(self, pictures: list[Frame]) -> Features:
        """(pictures, 1280), of pictures in BGR."""
        return self.backbone.things(pictures)

    def movement(self, views: Views) -> Features:
        """(1888,), what the head for fights takes."""
        return self.backbone.movement(views.change, views.course)

    def _parts(self, frame: Frame) -> Features:
        return self.things([fire.cut(frame, box) for box in (fire.WHOLE, *fire.TILES)])

    def _poses(self, row: Footage) -> Arrays:
        found, aspect = [], 1.0
        for _, frame in frames(row.path, POSE_RATE):
            found.append(self.poser.poses(frame))
            aspect = frame.shape[1] / frame.shape[0]
        return {"poses": np.array(found, np.float32), "aspect": np.array([aspect], np.float32)}


def _first(row: Footage) -> Frame:
    if row.still:
        found = picture(row.path)
        if found is None:
            raise ValueError(f"{row.name} is no picture")
        return found
    return next(frame for _, frame in frames(row.path, 1.0))
