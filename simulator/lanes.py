"""The lanes of a box as the centre stores them, whatever they carry.

Lanes     the stored prefix of each lane of each epoch is whole, without gaps, and ends where the box's own
          numbering ends, or with what it numbered while it was being stopped; no record and no alarm was dropped.
Events    each sequence of each lane is there once, as many as the centre counts: seen in the events themselves.
Bytes     what the box still holds and what the centre stores are the same bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

LOSS = "kz.mektep.loss.v1"
SHOWN_MOST = 5  # of what is wrong in one way


def wrong(
    events: list[str], centre: dict[str, Any], status: dict[str, Any], kept: dict[tuple[str, int, int], str]
) -> list[str]:
    """In words; empty if all is well. kept: what the box still holds, by epoch, lane and sequence."""
    decoded = [json.loads(event) for event in events]
    return _ends(centre, status) + _events(decoded, centre) + _bytes(events, kept)


def _ends(centre: dict[str, Any], status: dict[str, Any]) -> list[str]:
    if not centre:
        return ["the centre does not answer"]
    if not status.get("lanes"):
        return ["the box shows no lanes"]
    wrong = []
    for epoch, lanes in centre["epochs"].items():
        for name, lane in lanes.items():
            wrong += _lane(f"lane {name} of {epoch[:8]}", lane)
    now = centre["epochs"].get(status["epoch"], {})
    for name, lane in status["lanes"].items():
        stored = now.get(name, {}).get("through", 0)
        if not lane["last"] <= stored <= max(lane["last"], lane.get("at_stop", 0)):
            wrong.append(f"lane {name}: the box numbered to {lane['last']}, the centre stored through {stored}")
    return wrong


def _lane(where: str, lane: dict[str, Any]) -> list[str]:
    wrong = []
    if lane["through"] != lane["highest"] or lane["gaps"]:
        wrong.append(f"{where} is stored through {lane['through']} of {lane['highest']}")
    if lane["conflicts"] or lane["quarantined"]:
        wrong.append(f"{where}: {lane['conflicts']} conflicts, {lane['quarantined']} quarantined")
    return wrong


def _events(events: list[dict[str, Any]], centre: dict[str, Any]) -> list[str]:
    """By the events alone, whatever the centre says of itself."""
    wrong = []
    lost, streams = _lost(events), _streams(events)
    for source, ranges in lost.items():
        lane = source.rpartition("/")[2]
        if lane != "telemetry":
            wrong.append(f"lane {lane} dropped {', '.join(f'{first} to {last}' for first, last in ranges)}")
    for source, sequences in streams.items():
        twice = sorted(sequence for sequence, times in Counter(sequences).items() if times > 1)
        explained = {one for first, last in lost.get(source, []) for one in range(first, last + 1)}
        missing = sorted(set(range(1, max(sequences) + 1)) - set(sequences) - explained)
        wrong += [f"{source} holds {sequence} more than once" for sequence in twice[:SHOWN_MOST]]
        wrong += [f"{source} lacks {sequence}" for sequence in missing[:SHOWN_MOST]]
    return wrong + _counts(streams, centre)


def _counts(streams: dict[str, list[int]], centre: dict[str, Any]) -> list[str]:
    """What the centre says of each lane is what it shows; a lane may end with a loss, never with events not shown."""
    shown = {tuple(source.split("/")[-2:]): sequences for source, sequences in streams.items()}
    wrong = []
    for epoch, lanes in centre.get("epochs", {}).items():
        for name, lane in lanes.items():
            sequences = shown.get((epoch, name), [])
            if lane["events"] != len(sequences):
                wrong.append(f"lane {name}: the centre counts {lane['events']} events and shows {len(sequences)}")
            last = max([*sequences, *(last for _, last in lane["losses"])], default=0)
            if lane["highest"] != last:
                wrong.append(f"lane {name}: the centre says {lane['highest']} and shows {last} as the last")
    return wrong


def _streams(events: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The sequences by source: school, epoch and lane."""
    found: dict[str, list[int]] = {}
    for event in events:
        found.setdefault(event["source"], []).append(int(event["sequence"]))
    return found


def _lost(events: list[dict[str, Any]]) -> dict[str, list[tuple[int, int]]]:
    """The ranges that the box says it dropped, by source."""
    found: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        if event["type"] == LOSS:
            data, school = event["data"], event["source"].split("/")[2]
            source = f"/schools/{school}/{data['epoch']}/{data['lane']}"
            found.setdefault(source, []).append((data["first"], data["last"]))
    return found


def _bytes(events: list[str], kept: dict[tuple[str, int, int], str]) -> list[str]:
    stored = set(events)
    altered = [place for place, text in kept.items() if text not in stored]
    return [
        f"{epoch[:8]}/{lane}/{sequence} is not stored with the same bytes"
        for epoch, lane, sequence in altered[:SHOWN_MOST]
    ]
