"""The shipped models are those of the manifest, run, and are refused when a byte of them is another."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from agent.pipelines import inference
from agent.pipelines.inference import ModelError

HEADS = {"fight.npz": (inference.MOVEMENT, ("fight",)), "fire.npz": (1280, ("fire", "smoke", "flame"))}


def test_every_file_has_its_row_and_every_row_its_file() -> None:
    files = {path.name for path in inference.MODELS.iterdir()} - {"manifest.toml", "alarms.toml"}
    assert set(inference.manifest()) == files


@pytest.mark.parametrize("file", sorted(inference.manifest()))
def test_a_file_is_the_one_that_was_measured(file: str) -> None:
    row = inference.manifest()[file]
    assert hashlib.sha256(inference.read(file)).hexdigest() == row.sha256
    assert row.licence
    assert row.source


@pytest.mark.parametrize("file", HEADS)
def test_a_head_fits_what_the_backbone_gives(file: str) -> None:
    size, names = HEADS[file]
    head = inference.head(file)
    assert (head.mean.shape, head.names) == ((size,), names)
    assert head.trained


def test_the_backbone_gives_features_of_pictures_of_any_size() -> None:
    backbone = inference.Backbone()
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 255, (40, 60, 3)).astype(np.uint8), np.zeros((300, 200, 3), np.float32)]
    assert backbone.features(pictures).shape == (2, inference.ALL)
    assert backbone.things([np.zeros((40, 60, 3), np.uint8)]).shape == (1, 1280)
    change, course = np.zeros((224, 224, 3), np.float32), np.full((224, 224, 3), 127, np.float32)
    assert backbone.movement(change, course).shape == (inference.MOVEMENT,)


def test_the_pose_network_finds_nobody_in_an_empty_room() -> None:
    poses = inference.PoseNetwork().poses(np.full((360, 640, 3), 90, np.uint8))
    assert poses.shape == (6, 56)
    assert poses[:, 55].max() < 0.2


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Models that may be spoiled."""
    for name in ("manifest.toml", "fire.npz"):
        shutil.copy(inference.MODELS / name, tmp_path / name)
    return tmp_path


def test_an_altered_file_is_refused(copied: Path) -> None:
    data = bytearray((copied / "fire.npz").read_bytes())
    data[-30] ^= 1
    (copied / "fire.npz").write_bytes(data)
    with pytest.raises(ModelError, match=r"fire\.npz is not the file that was measured"):
        inference.head("fire.npz", copied)


def test_a_missing_file_is_named(copied: Path) -> None:
    with pytest.raises(ModelError, match=r"backbone\.onnx"):
        inference.Network("backbone.onnx", copied)


def test_a_damaged_manifest_is_told(copied: Path) -> None:
    (copied / "manifest.toml").write_text("[[model")
    with pytest.raises(ModelError, match=r"fire\.npz"):
        inference.head("fire.npz", copied)


def test_a_manifest_that_is_no_text_is_told(copied: Path) -> None:
    (copied / "manifest.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match=r"fire\.npz"):
        inference.head("fire.npz", copied)


def test_what_is_no_network_is_refused(copied: Path) -> None:
    (copied / "backbone.onnx").write_bytes(b"no network")
    manifest = copied / "manifest.toml"
    digest = hashlib.sha256(b"no network").hexdigest()
    manifest.write_text(manifest.read_text().replace(inference.manifest()["backbone.onnx"].sha256, digest))
    with pytest.raises(ModelError, match=r"backbone\.onnx"):
        inference.Network("backbone.onnx", copied)
