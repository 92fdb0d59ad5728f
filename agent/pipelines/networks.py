"""The networks and heads that all cameras share: loaded once, each checked against models/manifest.toml.

One that is missing, altered or no model is named, and costs the detectors that need it; the others work.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import cv2

from agent.pipelines import inference
from agent.pipelines.heads import Head
from agent.pipelines.inference import NO_NETWORK, Backbone, ModelError, PoseNetwork
from agent.pipelines.measured import MODELS, Curve, curves
from agent.pipelines.people import people
from agent.pipelines.scene import Poses, Scene
from agent.pipelines.sighting import Box
from agent.pipelines.watch import Detects

BACKBONE, POSE = "backbone.onnx", "pose.onnx"
LEAST = 0.1  # score of somebody who is blurred: lower than of one who counts


class Networks:
    """load() first; what is in `broken` is asked for by nobody."""

    def __init__(self, folder: str = "") -> None:
        self._folder = Path(folder) if folder else MODELS
        self._heads: dict[str, Head] = {}
        self.broken: dict[str, str] = {}  # file, and why

    def load(self, files: Iterable[str]) -> None:
        """Takes a second or two: not on an event loop."""
        for file in sorted(set(files)):
            try:
                self._load(file)
            except ModelError as error:
                self.broken[file] = str(error)

    def _load(self, file: str) -> None:
        if file == BACKBONE:
            _ = self.backbone
        elif file == POSE:
            _ = self.pose
        else:
            self._heads[file] = inference.head(file, self._folder)

    @cached_property
    def backbone(self) -> Backbone:
        """Raises ModelError."""
        return Backbone(self._folder)

    @cached_property
    def pose(self) -> PoseNetwork:
        """Raises ModelError."""
        return PoseNetwork(self._folder)

    @cached_property
    def curves(self) -> dict[Detects, Curve]:
        """What the detectors raised falsely on footage; empty where that is not known."""
        return curves(self._folder)

    def head(self, file: str) -> Head:
        return self._heads[file]

    def poses(self, scene: Scene) -> Poses:
        """Of the people in a picture: the network looks at each once."""
        if scene.poses is None:
            scene.poses = self.pose.poses(scene.bgr)
        return scene.poses

    def who(self, scene: Scene) -> list[Box] | None:
        """Where people are, for those who make them unrecognisable; None if nobody can tell."""
        if POSE in self.broken or "pose" not in self.__dict__:
            return None
        width, height = scene.size
        try:
            return [one.box for one in people(self.poses(scene), LEAST, width / height)]
        except (*NO_NETWORK, ValueError, cv2.error):  # what was noticed is told all the same, with nobody to be seen
            return None
