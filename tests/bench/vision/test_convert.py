"""The networks that are shipped, out of what was published: the graph, what is stored smaller, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from agent.pipelines import inference
from bench.vision import convert, lite0

RNG = np.random.default_rng(5)


def made_weights() -> lite0.Weights:
    """Random ones, in the shapes of the package's file."""
    found: lite0.Weights = {}

    def layer(name: str, norm: str, shape: tuple[int, ...]) -> None:
        found[f"{name}.weight"] = RNG.normal(0, (1 / np.prod(shape[1:])) ** 0.5, shape).astype(np.float32)
        for part in ("weight", "running_var"):
            found[f"{norm}.{part}"] = RNG.uniform(0.5, 1.5, shape[0]).astype(np.float32)
        for part in ("bias", "running_mean"):
            found[f"{norm}.{part}"] = RNG.normal(0, 0.1, shape[0]).astype(np.float32)

    layer("_conv_stem", "_bn0", (32, 3, 3, 3))
    number, inner = 0, 32
    for (widening, kernel, _, repeats), size in zip(lite0.STAGES, (16, 24, 40, 80, 112, 192, 320), strict=True):
        for _ in range(repeats):
            block, wide = f"_blocks.{number}", inner * widening
            if widening > 1:
                layer(f"{block}._expand_conv", f"{block}._bn0", (wide, inner, 1, 1))
            layer(f"{block}._depthwise_conv", f"{block}._bn1", (wide, 1, kernel, kernel))
            layer(f"{block}._project_conv", f"{block}._bn2", (size, wide, 1, 1))
            number, inner = number + 1, size
    layer("_conv_head", "_bn1", (1280, 320, 1, 1))
    return found


def test_the_backbone_becomes_small_and_says_nearly_the_same() -> None:
    whole = lite0.graph(made_weights())
    shown = [inference.batch([RNG.uniform(0, 255, (224, 224, 3)).astype(np.float32)]) for _ in range(3)]
    data = convert.small(whole, shown)
    assert data == convert.small(whole, shown)
    assert len(data) < whole.ByteSize() / 3
    exact, made = (
        inference.session(one).run(None, {"x": np.concatenate(shown)}) for one in (whole.SerializeToString(), data)
    )
    assert [one.shape[1] for one in exact] == [112, 192, 1280]
    assert sum(one.shape[1] for one in exact) == inference.ALL
    for one, other in zip(exact, made, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95


def network(weight: np.ndarray) -> bytes:
    """x times a matrix."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    taken, given = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 20]) for name in "xy")
    graph = helper.make_graph([node], "g", [taken], [given], [numpy_helper.from_array(weight, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def test_weights_that_are_float16_are_stored_so_and_nothing_is_lost() -> None:
    data = network(RNG.normal(0, 1, (20, 20)).astype(np.float16).astype(np.float32))
    small = convert.half(data)
    assert len(small) < len(data) * 0.7
    x = RNG.normal(0, 1, (1, 20)).astype(np.float32)
    one, other = (inference.session(which).run(None, {"x": x})[0] for which in (data, small))
    assert np.array_equal(one, other)


def test_weights_that_are_more_are_refused() -> None:
    with pytest.raises(ValueError, match="w is more than float16"):
        convert.half(network(RNG.normal(0, 1, (20, 20)).astype(np.float32)))


def test_another_file_than_the_published_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(convert.UnknownFile, match=convert.WHEEL.sha256):
        next(convert.convert(tmp_path, [], tmp_path))
    (tmp_path / convert.WHEEL.file).write_bytes(b"another")
    with pytest.raises(convert.UnknownFile):
        next(convert.convert(tmp_path, [], tmp_path))
