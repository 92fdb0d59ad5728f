"""Makes models/alarms.toml: how often each vote was wrong on innocent footage, by threshold. The box chooses by it.

Innocent  fights: the clips without one, each source in a row, judged by a head that has not seen it, and the people and
          fire clips without a fight, but none of a camera that was held or drifts: a school's hang on walls, and to
          this detector everything moves where the camera does. Fire: the clips without fire, by heads likewise.
Wrong     at a lower threshold at least as often as at a higher one: what a lower one joins is not called quieter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from agent.pipelines import inference
from agent.pipelines.detectors import fight_settings, fire_settings
from agent.pipelines.heads import Head
from agent.pipelines.measured import FILE, USUAL, Curve
from agent.pipelines.scores import EDGES, logit
from agent.pipelines.watch import Detects
from bench.vision import fight, fire, tamper
from bench.vision.footage import Footage
from bench.vision.seen import Arrays, Seen

LEAST = 0.1  # lower thresholds are not tried
HEADER = (
    "# False alarms on innocent footage, by threshold. Made by python -m bench.vision alarms DATA, with these heads.\n"
)
Count = Callable[[float], int]  # a threshold, as a logit -> how often it was wrong


def alarms(rows: Sequence[Footage], seen: Seen, folder: Path = inference.MODELS) -> Iterator[str]:
    """Write the file; a line is told for each detector."""
    curves = [_fights(rows, seen), _fires(rows, seen)]
    (folder / FILE).write_text(HEADER + "".join(map(_text, curves)), encoding="utf-8")
    for one in curves:
        quiet = next((score for score, events in one.false if events == one.false[-1][1]), 1.0)
        yield f"{one.detector}: {one.minutes:.1f} minutes, {one.false[-1][1]} at best, from {quiet:.4f} on"


def _fights(rows: Sequence[Footage], seen: Seen) -> Curve:
    clips, shipped = fight.clips(rows, seen), inference.head("fight.npz")
    trained = set(shipped.trained)
    folded = any(row.sha256[:16] in trained for row in clips.rows)
    plays: list[tuple[Head, list[Arrays]]] = []
    for group in sorted(set(clips.groups)):
        here = np.array(clips.groups) == group
        calm = [one for row, one in zip(clips.rows, clips.seen, strict=True)
                if row.group == group and row.label != "fight"]  # fmt: skip
        plays.append((fight.train(clips.part(~here)) if folded else shipped, calm))
    plays.append((shipped, [seen.fight(row) for row in _calm(rows)]))
    seconds = sum(float(one["frames"][0]) / 10 for _, calm in plays for one in calm)

    def count(short: float) -> int:
        return sum(len(fight.alarms(head, calm, fight_settings(short))[0]) for head, calm in plays)

    what = "clips without a fight, two seconds each; people and fire clips of fixed cameras without one"
    return _curve(Detects.FIGHT, "fight.npz", seconds, what, count)


def _fires(rows: Sequence[Footage], seen: Seen) -> Curve:
    pictures, shipped = fire.stills(rows, seen), inference.head("fire.npz")
    folded = any(row.sha256[:16] in set(shipped.trained) for row in pictures.rows)
    judge = fire.heads_without(pictures) if folded else lambda _: shipped
    clips = [(judge(row.group), seen.fire(row)) for row in tamper.innocent(rows)]
    seconds = sum(float(one["at_s"][-1]) for _, one in clips if len(one["at_s"]))

    def count(threshold: float) -> int:
        return sum(len(fire.watch(head, one, fire_settings(threshold))) for head, one in clips)

    return _curve(Detects.FIRE, "fire.npz", seconds, "people and fire clips without fire", count)


def _calm(rows: Sequence[Footage]) -> list[Footage]:
    """Of cameras that nobody moved."""
    return [row for row in tamper.innocent(rows) if not any(word in row.camera for word in ("handheld", "drift"))]


def _curve(detector: Detects, file: str, seconds: float, footage: str, count: Count) -> Curve:
    false: list[tuple[float, int]] = []
    for score in sorted({USUAL[detector], *(one for one in EDGES if one >= LEAST)}, reverse=True):
        false.append((score, max(count(logit(score)), false[-1][1] if false else 0)))
    digest = hashlib.sha256((inference.MODELS / file).read_bytes()).hexdigest()
    return Curve(
        detector=detector, head=file, sha256=digest, minutes=round(seconds / 60, 2), footage=footage,
        false=tuple(reversed(false)),
    )  # fmt: skip


def _text(one: Curve) -> str:
    fields = msgspec.to_builtins(one)
    words = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items() if name != "false")
    return f"\n[[curve]]\n{words}false = {json.dumps(fields['false'])}\n"
