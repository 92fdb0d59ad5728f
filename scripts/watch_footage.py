"""How often the watch of drivers/cameras/watch.py is right on labelled footage, which is not in this repository.

    scripts/watch_footage.py FOLDER [SECONDS]

With FOLDER/labels.csv (path, kind, tamper 0 or 1, start_s): clips in which something happens at start_s; a line a kind.
Without: every video below FOLDER as a camera to which nothing happens, repeated for SECONDS; the hours and what was
told falsely. One look a second, as a camera's keyframes give it.
"""

from __future__ import annotations

import csv
import itertools
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import av

from drivers.cameras.pictures import Greyer
from drivers.cameras.watch import Grey, Settings, Watch
from drivers.readings import PictureState

VIDEOS = {".mp4", ".gif", ".avi", ".mkv"}
REPEATED_S = 120


def greys(path: Path) -> Iterator[tuple[float, Grey]]:
    """One picture for each second of a video, at least one."""
    greyer, due_s = Greyer(), 0.0
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            if frame.time is None or frame.time >= due_s:
                yield due_s, greyer.grey(frame)
                due_s += 1.0


def told(looks: Iterator[tuple[float, Grey]]) -> list[tuple[float, PictureState]]:
    """What a new watch says besides its first clear."""
    watch = Watch(Settings())
    found: list[tuple[float, PictureState]] = []
    for at_s, grey in looks:
        state = watch.look(grey, at_s)
        if state is not None and (found or state is not PictureState.CLEAR):
            found.append((at_s, state))
    return found


def repeated(path: Path, seconds: int) -> Iterator[tuple[float, Grey]]:
    """A short video back and forth, again and again."""
    greyer = Greyer()
    with av.open(str(path)) as file:
        frames = [greyer.grey(frame) for frame in itertools.islice(file.decode(video=0), 0, 2_000)]
    there_and_back = frames + frames[-2:0:-1]
    step = max(1, len(there_and_back) // 7)  # other frames in each round
    for second in range(seconds):
        yield float(second), there_and_back[second * step % len(there_and_back)]


def labelled(folder: Path) -> None:
    results: dict[str, list[list[tuple[float, PictureState]]]] = defaultdict(list)
    early: dict[str, int] = defaultdict(int)
    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            kind = f"{row['kind']} ({'tamper' if row['tamper'] == '1' else 'innocent'})"
            found = told(greys(folder / row["path"]))
            results[kind].append(found)
            early[kind] += bool(found and row["start_s"] and found[0][0] < float(row["start_s"]))
    for kind, clips in results.items():
        states = [one[0][1].value for one in clips if one]
        print(f"{kind}: {len(clips)} clips, covered {states.count('covered')}, frozen {states.count('frozen')},"
              f" before anything happened {early[kind]}")  # fmt: skip


def ordinary(folder: Path, seconds: int) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.suffix in VIDEOS)
    false = {path: found for path in paths if (found := told(repeated(path, seconds)))}
    print(f"{len(paths)} videos, {len(paths) * seconds / 3600:.1f} hours: {len(false)} told falsely")
    for path, found in false.items():
        print(f"  {path.name}: {', '.join(f'{state.value} at {at_s:.0f} s' for at_s, state in found)}")


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if (where / "labels.csv").exists():
        labelled(where)
    else:
        ordinary(where, int(sys.argv[2]) if len(sys.argv) > 2 else REPEATED_S)
