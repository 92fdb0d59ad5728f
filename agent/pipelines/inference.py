"""Where networks run: the one file that imports onnxruntime. dtypes, shapes and threads are known here alone.

Files   models/, each named in models/manifest.toml with its SHA-256: a file that is missing or altered is refused.
Threads one for each call: the process serves its cameras one after the other, and other processes need the cores.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines import heads
from agent.pipelines.heads import Features, Head
from agent.pipelines.measured import MODELS as MODELS

os.putenv("ORT_DISABLE_TELEMETRY", "1")  # read by the library when it is loaded, which is the next line
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as refusals

NO_NETWORK = (  # what the library says of a file that it cannot run: these have no parent of their own
    refusals.Fail, refusals.InvalidArgument, refusals.InvalidGraph, refusals.InvalidProtobuf,
    refusals.NotImplemented, refusals.RuntimeException,
)  # fmt: skip
Picture = NDArray[Any]  # (height, width, 3), uint8 or float32, 0..255
SIDE = 224  # of the backbone's pictures
LATE, ALL = 304, 1584  # its features: middle and late, which say how something moves; and last, which says what it is
MOVEMENT = LATE + ALL
POSE_WIDTH, POSE_STEP = 320, 32  # the pose network takes any size in such steps


class ModelError(Exception):
    """A file of models/ is missing, altered, or no model. Names the file."""


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A row of models/manifest.toml."""

    file: str
    sha256: str
    licence: str
    source: str
    input: str  # name, dtype, shape
    output: str
    measured: str = ""  # what it was worth, and the command that says so


def manifest(folder: Path = MODELS) -> dict[str, Model]:
    """All rows, by file."""
    rows = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))["model"]
    return {row.file: row for row in msgspec.convert(rows, list[Model])}


def read(file: str, folder: Path = MODELS) -> bytes:
    """The bytes of a model, if they are those of the manifest. Raises ModelError."""
    try:
        row, data = manifest(folder)[file], (folder / file).read_bytes()
    except (OSError, KeyError, ValueError) as wrong:  # of TOML, of msgspec, of what is no text
        raise ModelError(f"{file}: {wrong}") from wrong
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise ModelError(f"{file} is not the file that was measured: its SHA-256 is another")
    return data


def head(file: str, folder: Path = MODELS) -> Head:
    """A trained head. Raises ModelError."""
    try:
        return heads.load(read(file, folder))
    except ValueError as wrong:
        raise ModelError(f"{file}: {wrong}") from wrong


def session(data: bytes) -> Any:
    """A network in memory. Raises NO_NETWORK."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])


def batch(pictures: Sequence[Picture]) -> NDArray[np.float32]:
    """What the backbone takes, of pictures in RGB."""
    small = [cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for one in pictures]
    made = (np.stack(small).astype(np.float32) - 127) / 128
    return np.ascontiguousarray(made.transpose(0, 3, 1, 2))


class Network:
    """A loaded network; several threads may call it at once."""

    def __init__(self, file: str, folder: Path = MODELS) -> None:
        data = read(file, folder)
        try:
            self._session = session(data)
        except NO_NETWORK as wrong:
            raise ModelError(f"{file}: {wrong}") from wrong
        self._input = self._session.get_inputs()[0].name

    def __call__(self, given: NDArray[Any]) -> list[NDArray[np.float32]]:
        """All outputs."""
        found: list[NDArray[np.float32]] = self._session.run(None, {self._input: given})
        return found


class Backbone(Network):
    """Features of pictures, float32: middle (112), late (192) and last (1280) in a row."""

    def __init__(self, folder: Path = MODELS) -> None:
        super().__init__("backbone.onnx", folder)

    def things(self, pictures: Sequence[Picture]) -> Features:
        """(pictures, 1280), of pictures in BGR: what the head for fire takes."""
        return self.features([one[..., ::-1] for one in pictures])[:, LATE:]

    def movement(self, change: Picture, course: Picture) -> Features:
        """(1888,), of the two views of fight.prepare: what the head for fights takes."""
        first, second = self.features([change, course])
        return np.concatenate([first[:LATE], second])

    def features(self, pictures: Sequence[Picture]) -> Features:
        """(pictures, 1584), of pictures in RGB."""
        return np.concatenate(self(batch(pictures)), axis=1)


class PoseNetwork(Network):
    """Up to six people with 17 keypoints each."""

    def __init__(self, folder: Path = MODELS) -> None:
        super().__init__("pose.onnx", folder)

    def poses(self, frame: Picture, width: int = POSE_WIDTH) -> NDArray[np.float32]:
        """float32, (6, 56), as agent/pipelines/people.py reads them, of a frame in BGR."""
        rows, columns = frame.shape[:2]
        height = max(POSE_STEP, round(rows * width / columns / POSE_STEP) * POSE_STEP)
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
        found: NDArray[np.float32] = self(small[None, ..., ::-1].astype(np.int32))[0][0]
        return found
