"""Makes the shipped heads and their rows in models/manifest.toml."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.pipelines import heads, inference
from agent.pipelines.heads import Head
from agent.pipelines.inference import Model
from bench.vision import fight, fire
from bench.vision.footage import Footage
from bench.vision.seen import Seen

LICENCES = {  # file -> what it learned from, by the licences of the footage
    "fight.npz": "Apache-2.0; learned from clips under MIT (fight-detection-surv-dataset, S. Akti)",
    "fire.npz": "Apache-2.0; learned from pictures under MIT (FireNET, O. Moses) and CC BY 4.0 (Roboflow fire-wrpgm "
    "v8, custom-thxhn), and clips under MIT (fight-detection-surv-dataset, S. Akti)",
}
SHAPES = {
    "fight.npz": ("middle and late of the change, then middle, late and last of its course, float32 (1888,)", "fight"),
    "fire.npz": ("last, float32 (1280,)", "fire, smoke, flame"),
}


def train(rows: Sequence[Footage], seen: Seen, folder: Path = inference.MODELS) -> Iterator[str]:
    """Write both heads; a line is told for each."""
    usable = [row for row in rows if row.may_train]
    yield write(fight.train(fight.clips(usable, seen)), "fight.npz", folder)
    yield write(fire.train(fire.stills(usable, seen)), "fire.npz", folder)


def write(head: Head, file: str, folder: Path) -> str:
    """Write a head and its row."""
    data = heads.dump(head)
    (folder / file).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    taken, given = SHAPES[file]
    rows = inference.manifest(folder)
    rows[file] = Model(
        file=file,
        sha256=digest,
        licence=LICENCES[file],
        source="python -m bench.vision train DATA",
        input=taken,
        output=f"logits of {given}",
        measured=f"docs/vision/{Path(file).stem}.md",
    )
    (folder / "manifest.toml").write_text("\n".join(map(_row, rows.values())), encoding="utf-8")
    return f"{file}: {len(head.trained)} files of footage, {len(data) / 1024:.0f} KB, sha256 {digest}"


def _row(row: Model) -> str:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return "".join(["[[model]]\n", *(f"{name} = {json.dumps(value)}\n" for name, value in fields.items() if value)])
