"""A folder of models with heads that say what the test wants: the shipped networks, and numbers for heads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np

from agent.pipelines import heads, inference
from agent.pipelines.detectors import FIGHT_HEAD, FIRE_HEAD
from agent.pipelines.inference import ALL, LATE, MODELS, MOVEMENT, Model
from agent.pipelines.networks import BACKBONE, POSE

WIDTHS = {FIGHT_HEAD: (MOVEMENT, ("fight",)), FIRE_HEAD: (ALL - LATE, ("fire", "smoke", "flame"))}


def made(folder: Path, **biases: float) -> str:
    """`fight=5.0`: the head answers 5 whatever it sees; what is not named is answered with -5."""
    folder.mkdir(parents=True, exist_ok=True)
    shipped = inference.manifest()
    rows = [shipped[file] for file in (BACKBONE, POSE)]
    for row in rows:
        (folder / row.file).symlink_to(MODELS / row.file)
    for file, (width, names) in WIDTHS.items():
        rows.append(_head(folder, file, width, names, [biases.get(name, -5.0) for name in names]))
    text = "\n".join(
        "[[model]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in msgspec.structs.asdict(row).items())
        for row in rows
    )
    (folder / "manifest.toml").write_text(text, encoding="utf-8")
    return str(folder)


def _head(folder: Path, file: str, width: int, names: tuple[str, ...], biases: list[float]) -> Model:
    data = heads.dump(
        heads.Head(
            names=names,
            mean=np.zeros(width, np.float32),
            scale=np.ones(width, np.float32),
            weight=np.zeros((width, len(names)), np.float32),
            bias=np.array(biases, np.float32),
        )
    )
    (folder / file).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return Model(file=file, sha256=digest, licence="the test's", source="the test", input="", output="")
