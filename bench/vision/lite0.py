"""EfficientNet-lite0 as an ONNX graph, from the weights of its package: no classifier, three means instead.

Outputs  middle (n, 112), late (n, 192), last (n, 1280): means over the picture of what these layers say.
Names    stem, b0.depth, b0.project, b1.expand ... head; convert.py says by them what stays float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Weights = dict[str, NDArray[Any]]

OPSET, IR = 13, 8
TINY = np.float32(1e-3)  # of the batch normalisations, as TensorFlow had it
STAGES = (  # widening, kernel, step, repeats
    (1, 3, 1, 1), (6, 3, 2, 2), (6, 5, 2, 2), (6, 3, 2, 3), (6, 5, 1, 3), (6, 5, 2, 4), (6, 3, 1, 1),
)  # fmt: skip
MEANS = {"middle": (5, 112), "late": (6, 192)}  # after so many stages; so many channels
LAST = 1280


class _Graph:
    """Nodes and constants in the order in which they were added."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants = [
            numpy_helper.from_array(np.array(value, np.float32), name)
            for name, value in (("least", 0.0), ("most", 6.0))
        ]

    def add(self, kind: str, name: str, *taken: str, **how: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(taken), [name], name=name, **how))
        return name

    def convolve(self, name: str, taken: str, layer: str, norm: str, *, step: int = 1, clip: bool = True) -> str:
        """A convolution with its normalisation folded into it."""
        kernel, scale = self.weights[f"{layer}.weight"], self.weights[f"{norm}.weight"]
        scale = scale / np.sqrt(self.weights[f"{norm}.running_var"] + TINY)
        bias = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        parts = {f"{name}.weight": kernel * scale[:, None, None, None], f"{name}.bias": bias}
        self.constants += [numpy_helper.from_array(part.astype(np.float32), key) for key, part in parts.items()]
        alone = kernel.shape[1] == 1  # each channel by itself
        self.add(
            "Conv", name, taken, *parts, auto_pad="SAME_UPPER", group=len(kernel) if alone else 1,
            kernel_shape=kernel.shape[2:], strides=[step, step],
        )  # fmt: skip
        return self.add("Clip", f"{name}.clipped", name, "least", "most") if clip else name

    def mean(self, name: str, taken: str) -> None:
        self.add("Flatten", name, self.add("GlobalAveragePool", f"{name}.mean", taken))


def graph(weights: Weights) -> onnx.ModelProto:
    """The network in float32."""
    made = _Graph(weights)
    at = made.convolve("stem", "x", "_conv_stem", "_bn0", step=2)
    number = 0
    for stage, (widening, _, step, repeats) in enumerate(STAGES, 1):
        for repeat in range(repeats):
            at = _block(made, number, at, widening=widening, step=1 if repeat else step, again=repeat > 0)
            number += 1
        for name, (after, _) in MEANS.items():
            if after == stage:
                made.mean(name, at)
    made.mean("last", made.convolve("head", at, "_conv_head", "_bn1"))
    sizes = {**{name: size for name, (_, size) in MEANS.items()}, "last": LAST}
    given = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size]) for name, size in sizes.items()]
    taken = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3, 224, 224])
    whole = helper.make_graph(made.nodes, "efficientnet-lite0", [taken], given, made.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="")
    onnx.checker.check_model(model)
    return model


def _block(made: _Graph, number: int, taken: str, *, widening: int, step: int, again: bool) -> str:
    """Widen, look around, narrow; a repeated one adds to what it took."""
    name, layer, at = f"b{number}", f"_blocks.{number}", taken
    if widening > 1:
        at = made.convolve(f"{name}.expand", at, f"{layer}._expand_conv", f"{layer}._bn0")
    at = made.convolve(f"{name}.depth", at, f"{layer}._depthwise_conv", f"{layer}._bn1", step=step)
    at = made.convolve(f"{name}.project", at, f"{layer}._project_conv", f"{layer}._bn2", clip=False)
    return made.add("Add", f"{name}.sum", taken, at) if again else at
