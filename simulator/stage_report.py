"""What the cameras showed and what was noticed of it: for programs as JSON, for people as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.stage import Played, Stage

GIVE = "no fight or fire footage given: make demo CLIPS=FOLDER"
NO_PROOF = (
    "That a clip is noticed which its head has learned from shows the wiring, not the skill: docs/vision/fight.md."
)


def seen(stage: Stage, pictures: Mapping[str, str]) -> dict[str, Any]:
    """pictures: the SHA-256 of each still that its recipient could open, empty if not."""
    names = [camera.name for camera in stage.cameras]
    calm_s = stage.review.innocent_s(names, stage.began_s, stage.ended_s)
    return {
        "played": [_played(one, pictures) for one in stage.review.played],
        "innocent": {
            camera.name: {
                "minutes": round(calm_s[camera.name] / 60, 2),
                "clips": len(camera.part.clips),
                "distinct_s": round(camera.part.distinct_s, 1),
                "false": dict(Counter(one.kind for one in stage.review.false if one.camera == camera.name)),
                "false_at": [one.clip for one in stage.review.false if one.camera == camera.name],
            }
            for camera in stage.cameras
        },
        "people": {name: count for name, count in stage.people.items() if count >= 0},
        "footage_given": any(act.what in ("fight", "fire") for camera in stage.cameras for act in camera.part.acts),
    }


def _played(one: Played, pictures: Mapping[str, str]) -> dict[str, Any]:
    told = one.noticed
    return {
        "camera": one.camera,
        "what": one.act.what,
        "clips": list(one.act.clips),
        "lasted_s": round((one.ended_s or one.began_s) - one.began_s, 1),
        "cut_short": one.cut_short,
        "noticed": told is not None,
        "after_s": None if one.after_s is None else round(one.after_s, 1),
        "as": told.kind if told else "",
        "score": told.score if told else None,
        "vote": told.vote if told else "",
        "still_opened": {
            name: bool(pictures.get(evidence))
            for name, evidence in (("police", told.evidence), ("desk", told.blurred))
            if evidence
        }
        if told
        else {},
        "also": dict(Counter(other.kind for other in one.also)),
        "faults": one.broken,
        "blinded": one.blinded,
    }


def print_seen(console: Console, found: dict[str, Any]) -> None:
    """The table, the false sightings, the people."""
    console.print("\nEyes: what was played to the cameras, and what the agent made of it", style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("  camera", "played", "noticed", "as", "vote", "still opened by"):
        table.add_column(column, overflow="fold")
    for one in found["played"]:
        table.add_row(f"  {one['camera']}", _what(one), _noticed(one), one["as"], one["vote"], _stills(one))
    console.print(table)
    for camera, calm in found["innocent"].items():
        false = ", ".join(f"{kind} {count}" for kind, count in calm["false"].items())
        line = Text(f"  {camera}: {calm['minutes']:.1f} minutes of innocent video, {calm['clips']} clips, ")
        line.append(f"{calm['distinct_s']:.0f} s before it repeats: ")
        line.append(f"false sightings: {false or 'none'}", "yellow" if false else "green")
        at = ", ".join(name.rsplit("/", 1)[-1] for name in calm["false_at"] if name)
        console.print(line.append(f" ({at})" if at else ""))
    for camera, count in found["people"].items():
        console.print(f"  {camera}: {count} people counted at most", highlight=False)
    console.print(f"  {NO_PROOF if found['footage_given'] else GIVE}", style="dim", highlight=False)


def _what(one: dict[str, Any]) -> str:
    more = f" +{len(one['clips']) - 1}" if one["clips"][1:] else ""
    return f"{one['what']}: {one['clips'][0].rsplit('/', 1)[-1]}{more}, {one['lasted_s']:.0f} s"


def _noticed(one: dict[str, Any]) -> Text:
    if one["noticed"]:
        return Text(f"after {one['after_s']:.1f} s", "green")
    why = "the eyes were ended" if one["blinded"] else "the day was over" if one["cut_short"] else ""
    return Text(f"no{f' ({why})' if why else ''}", "yellow")


def _stills(one: dict[str, Any]) -> Text:
    text = Text("" if one["still_opened"] or not one["noticed"] else "no still was kept", "yellow")
    for name, opened in one["still_opened"].items():
        text.append(f"{name if opened else f'{name} CANNOT'} ", "green" if opened else "bold red")
    return text
