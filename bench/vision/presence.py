"""Who is told when nobody may be there: clips with people, and clips without, through the detector that a box runs.

Way     frames at POSE_RATE, the motion gate between them, the detector with its own pace and vote; poses as the
        network gave them for people.py. A clip without a person is worth what its length bounds.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import msgspec

from agent.pipelines.detectors import Presence
from agent.pipelines.motion import between
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Masks, Scene
from agent.pipelines.sighting import Sighting
from agent.pipelines.watch import Detects, Watch
from bench.vision.footage import Footage, Frame, frames
from bench.vision.seen import POSE_RATE, Seen
from drivers.frame_slot import Picture

# By eye, of some twelve frames of each, five of three: nobody is in these, but a hand in two, and an animal in one.
EMPTY = (
    "people/tree", "none/9e7a73", "none/c3366f", "controlled/",
    "fire/6ba346", "fire/ac7512", "fire/aeb506", "fire/b99096",
    "smoke/1176ec",
)  # fmt: skip


class Watched(msgspec.Struct, frozen=True):
    """One clip, watched."""

    row: Footage
    seconds: float
    told: list[Sighting]
    vote: float  # the highest


def empty(rows: Sequence[Footage]) -> list[Footage]:
    """Clips in which nobody is."""
    return [row for row in rows if not row.still and any(name in row.name for name in EMPTY)]


def peopled(rows: Sequence[Footage]) -> list[Footage]:
    """Clips of people and of no fire in which somebody is."""
    without = empty(rows)
    return [
        row for row in rows if not row.still and (row.task == "people" or row.label == "none") and row not in without
    ]


def watched(rows: Sequence[Footage], seen: Seen, threshold: float) -> list[Watched]:
    """With one threshold."""
    return [_watch(row, seen, threshold) for row in rows]


def _watch(row: Footage, seen: Seen, threshold: float) -> Watched:
    looker = Presence(Watch(sees=[Detects.PRESENCE], thresholds={Detects.PRESENCE: threshold}), Networks())
    told, vote, before, number = list[Sighting](), 0.0, None, 0
    poses = seen.poses(row)["poses"]
    for number, (at_s, frame) in enumerate(frames(row.path, POSE_RATE)):
        scene = _scene(frame, at_s, number)
        scene.poses = poses[number]
        if before is not None:
            scene.motion = between(before.grey, scene.grey)
        before = scene
        if scene.motion.any() or looker.suspects():
            told += looker.look(scene)
            scored = looker.scored()
            vote = max(vote, (scored.vote or 0.0) if scored else 0.0)
    return Watched(row, (number + 1) / POSE_RATE, told, vote)


def _scene(frame: Frame, at_s: float, number: int) -> Scene:
    """As a camera's slot holds it: I420, both sides even."""
    height, width = (side & ~1 for side in frame.shape[:2])
    pixels = cv2.cvtColor(frame[:height, :width], cv2.COLOR_BGR2YUV_I420).tobytes()
    at_ns = round(at_s * 1e9)
    return Scene(Picture(number + 1, width, height, at_ns, at_ns, True, pixels), Masks([]))
