"""What the shipped detectors are worth on a folder of footage, as lines of Markdown, and as curves.

Honest  a clip that a shipped head has learned from is judged by a head made without its source; any other by the
        shipped head itself. Shares come with 95 % intervals, rates with the bound that so little footage allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines import inference
from agent.pipelines.heads import Head
from agent.pipelines.settings import FightSettings, FireSettings, PresenceSettings
from agent.pipelines.sighting import Kind, Sighting
from bench.vision import costs, curves, fight, fire, people, presence, tamper
from bench.vision.footage import Footage
from bench.vision.seen import FIRE_RATE, LOOK_EVERY, Seen
from bench.vision.skill import at_most_an_hour, auc, auc_interval, recall_at, wilson

TAMPER_SEEDS = (1, 2, 3)


class Given(msgspec.Struct, frozen=True):
    """What is to be judged, and where to keep and to draw."""

    folder: Path
    rows: list[Footage]
    seen: Seen
    cache: Path | None
    pictures: Path | None


def share(found: int, of: int) -> str:
    """A share with its interval."""
    low, high = wilson(found, of)
    return f"{found} of {of} ({low:.2f} to {high:.2f})" if of else "none there"


def bound(events: int, seconds: float) -> str:
    """Events and the rate that they are compatible with."""
    return f"{events} in {seconds / 60:.1f} minutes: at most {at_most_an_hour(events, seconds):.1f} an hour"


def learned(head: Head, rows: Sequence[Footage]) -> bool:
    """Whether any of the rows was learned from."""
    return any(row.sha256[:16] in set(head.trained) for row in rows)


# --- fights -------------------------------------------------------------------------------------------------------


def fights(given: Given) -> Iterator[str]:
    """Clip by clip, by source, and the vote over innocent clips."""
    clips = fight.clips(given.rows, given.seen)
    if not clips.rows:
        return
    shipped = inference.head("fight.npz")
    folded = learned(shipped, clips.rows)
    both = fight.folded(clips) if folded else fight.scores(shipped, clips)[:, None]
    truth = clips.truth
    how = f"folds by source, mean of {both.shape[1]} seeds" if folded else "the shipped head"
    yield f"\n## Fights: {truth.sum()} clips with, {(~truth).sum()} without, {len(set(clips.groups))} sources; {how}\n"
    yield "| frames a second | | accuracy | AUC | recall at 5 % false |\n|---|---|---|---|---|"
    for rate, rounds in zip(("10", "5"), both, strict=True):
        for name, one in [(f"seed {seed}", each) for seed, each in enumerate(rounds)] if folded else []:
            yield _fight_row(rate, name, one, truth)
        yield _fight_row(rate, "mean of the seeds' scores" if folded else "all", rounds.mean(axis=0), truth)
    scores, slow = both.mean(axis=1)
    for name, one in (("10", scores), ("5", slow)):
        low, high = auc_interval(one, truth, clips.groups)
        yield f"\nAUC at {name} frames a second with whole sources drawn anew: {low:.2f} to {high:.2f}."
    yield from _by_source(clips, scores)
    yield from _fight_vote(given, clips, shipped, folded)
    if given.pictures:
        series = {"10 frames a second": (scores, truth), "5 frames a second": (slow, truth)}
        curves.roc_picture(given.pictures / "fight-roc.png", "Fights, clip by clip", series)


def _fight_row(rate: str, name: str, scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> str:
    right = ((scores > 0) == truth).mean()
    return f"| {rate} | {name} | {right:.3f} | {auc(scores, truth):.3f} | {recall_at(scores, truth, 0.05):.3f} |"


def _by_source(clips: fight.Clips, scores: NDArray[np.float64]) -> Iterator[str]:
    yield "\n| source | fights found | innocent called a fight |\n|---|---|---|"
    groups = np.array(clips.groups)
    for group in sorted(set(clips.groups)):
        here = groups == group
        hits, misses = scores[here & clips.truth] > 0, scores[here & ~clips.truth] > 0
        yield f"| {group} | {hits.sum()} of {len(hits)} | {misses.sum()} of {len(misses)} |"


def _fight_vote(given: Given, clips: fight.Clips, shipped: Head, folded: bool) -> Iterator[str]:
    """Each innocent source by a head that has not seen it; then footage that no head has seen."""
    settings = FightSettings()
    fired, seconds, by_level = 0, 0.0, {level: [0, 0] for level in LEVELS}
    for group in sorted(set(clips.groups)):
        here = np.array(clips.groups) == group
        head = fight.train(clips.part(~here)) if folded else shipped
        part = clips.part(here)
        calm = [seen for row, seen in zip(part.rows, part.seen, strict=True) if row.label != "fight"]
        times, lasted_s = fight.alarms(head, calm, settings)
        fired, seconds = fired + len(times), seconds + lasted_s
        for level, counts in by_level.items():
            each = msgspec.structs.replace(settings, short=level, long=99.0)
            counts[0] += len(fight.alarms(head, calm, each)[0])
            counts[1] += sum(
                bool(fight.alarms(head, [seen], msgspec.structs.replace(each, short_s=1.5))[0])
                for row, seen in zip(part.rows, part.seen, strict=True)
                if row.label == "fight"
            )
    others = [given.seen.fight(row) for row in tamper.innocent(given.rows)]
    times, lasted_s = fight.alarms(shipped, others, settings)
    if not seconds:
        return
    yield f"\nVote over the innocent clips of the task, each source in a row: {bound(fired, seconds)}."
    yield f"Vote over people and fire clips without a fight: {bound(len(times), lasted_s)}."
    yield "\n| short vote at | false an hour, seen / bound | fights that it fires on within their 2 s |\n|---|---|---|"
    for level, (false, found) in by_level.items():
        rate = f"{false * 3600 / seconds:.0f} / {at_most_an_hour(false, seconds):.0f}"
        yield f"| {level:.1f} | {rate} | {share(found, int(clips.truth.sum()))} |"
    if given.pictures:
        points = [
            (false * 3600 / seconds, at_most_an_hour(false, seconds), found / max(1, found + false))
            for false, found in by_level.values()
        ]
        curves.alarms_picture(given.pictures / "fight-alarms.png", "Fights: the short vote", points)


LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)

# --- fire ---------------------------------------------------------------------------------------------------------


def fires(given: Given) -> Iterator[str]:
    """Pictures by kind of source, and clips in time."""
    pictures = fire.stills(given.rows, given.seen)
    shipped = inference.head("fire.npz")
    folded = learned(shipped, pictures.rows)
    judge = fire.heads_without(pictures) if folded else lambda _: shipped
    if any(row.still for row in pictures.rows):
        found = fire.judged(pictures) if folded else fire.logits(shipped, pictures.parts)
        yield from _fire_pictures(given, pictures, fire.hazard(found), found, folded)
    yield from _fire_clips(given, judge)


def _fire_pictures(
    given: Given, pictures: fire.Stills, scores: NDArray[np.float64], found: NDArray[np.float64], folded: bool
) -> Iterator[str]:
    still = np.array([row.still for row in pictures.rows])
    labels, cctv = pictures.labels, np.array(["cctv" in row.camera for row in pictures.rows])
    hit = np.isin(labels, ("fire", "smoke", "fire_smoke"))
    yield f"\n## Fire: pictures; {'folds by source' if folded else 'the shipped head'}\n"
    yield "| | with fire or smoke | without | AUC | recall at 2 % false | with one false more |"
    yield "|---|---|---|---|---|---|"
    series = {}
    for name, here in (("web", still & ~cctv), ("CCTV", still & cctv), ("all", still)):
        chosen = here & (hit | (labels == "none"))
        if (here & hit).any() and (here & (labels == "none")).any():
            one, truth = scores[chosen], hit[chosen]
            series[name] = (one, truth)
            recall, one_more = (recall_at(one, truth, 0.02 + more / (~truth).sum()) for more in (0, 1))
            sizes = f"{truth.sum()} | {(~truth).sum()}"
            yield f"| {name} | {sizes} | {auc(one, truth):.3f} | {recall:.2f} | {one_more:.2f} |"
    innocent = scores[still & (labels == "none")]
    if not len(innocent):
        return
    limit = np.quantile(innocent, 0.98)
    yield "\nAbove the threshold of 2 % false on all pictures without flame:\n\n| label | share |\n|---|---|"
    for name in ("fire", "fire_smoke", "smoke", "controlled", "none"):
        here = still & (labels == name)
        yield f"| {name} | {share(int((scores[here] > limit).sum()), int(here.sum()))} |"
    tended = still & (labels == "controlled")
    called = (found[tended][:, 0, 2] > found[tended][:, 0, 0]).sum()
    yield f"\nTended flames that the head calls so, rather than fire: {share(int(called), int(tended.sum()))}."
    if given.pictures:
        curves.roc_picture(given.pictures / "fire-roc.png", "Fire and smoke, picture by picture", series)


def _fire_clips(given: Given, judge: Callable[[str], Head]) -> Iterator[str]:
    clips = [row for row in given.rows if not row.still and row.task in ("fire", "people")]
    if not clips:
        return
    yield "\n## Fire: clips, by the vote\n\n| clip | label | camera | told (s after the onset) |\n|---|---|---|---|"
    after: dict[str, list[float]] = {"fixed camera": [], "any camera": []}
    counts, false, seconds = {"fixed camera": 0, "any camera": 0}, 0, 0.0
    for row in clips:
        seen = given.seen.fire(row)
        told = fire.watch(judge(row.group), seen, FireSettings())
        onset_s = row.onset_s or 0.0
        words = ", ".join(f"{one.kind} {one.at_s - onset_s:.1f}" for one in told) or "nothing"
        yield f"| {Path(row.name).name[:14]} | {row.label} | {row.camera} | {words} |"
        alarm = _alarms(told)
        if row.label in ("fire", "smoke"):
            for name in ("any camera",) + (("fixed camera",) if "handheld" not in row.camera else ()):
                counts[name] += 1
                after[name] += [alarm[0].at_s - onset_s] if alarm else []
        elif row.label != "controlled":
            false, seconds = false + len(alarm), seconds + len(seen["at_s"]) * LOOK_EVERY / FIRE_RATE
    for name, times in after.items():
        middle = f"{np.median(times):.1f} s after the onset at the median" if times else "none"
        yield f"\n{name}: found {share(len(times), counts[name])}; {middle}."
    yield f"\nFalse on clips without fire: {bound(false, seconds)}."
    calm = [row for row in given.rows if row.task == "fight"]
    lasted_s = sum(float(given.seen.fight(row)["frames"][0]) / 10 for row in calm)
    yield f"\nFight clips (2 s each: too short for the vote): {len(calm)}, {lasted_s / 60:.1f} minutes."
    if given.pictures:
        series = {name: (times, counts[name]) for name, times in after.items()}
        curves.latency_picture(given.pictures / "fire-latency.png", "Fire and smoke: seconds to the alarm", series)


def _alarms(told: list[Sighting]) -> list[Sighting]:
    return [one for one in told if one.kind in (Kind.FIRE, Kind.SMOKE)]


# --- tampering, people, cost --------------------------------------------------------------------------------------


def tampering(given: Given) -> Iterator[str]:
    """Made clips by kind, and clips that nobody touched."""
    if not (given.folder / "make_tamper.py").exists() or given.cache is None:
        yield "\nTampering: needs DATA/make_tamper.py and --cache, where the clips are made."
        return
    all_found = [one for seed in TAMPER_SEEDS for one in tamper.found(tamper.made(given.folder, given.cache, seed))]
    bases = len({one.base for one in all_found})
    yield f"\n## Tampering: {len(all_found)} made clips of {bases} cameras, seeds {', '.join(map(str, TAMPER_SEEDS))}\n"
    yield "| kind | found within 10 s | s, median | told falsely |\n|---|---|---|---|"
    for kind in dict.fromkeys(one.kind for one in all_found):
        these = [one for one in all_found if one.kind == kind]
        times = [one.after_s for one in these if one.tampered and one.after_s is not None]
        found = share(len(times), len(these)) if these[0].tampered else "-"
        middle = f"{np.median(times):.1f}" if times else "-"
        yield f"| {kind} | {found} | {middle} | {sum(one.false for one in these)} |"
    done = [one for one in all_found if one.tampered]
    times = [one.after_s for one in done if one.after_s is not None]
    yield f"\nAll: {share(len(times), len(done))}; false {share(sum(o.false for o in all_found), len(all_found))}."
    if given.pictures and times:
        series = {"tampered clips": (times, len(done))}
        curves.latency_picture(given.pictures / "tamper-latency.png", "Tampering: seconds to the word", series)
    yield "\n| clip that nobody touched | camera | told |\n|---|---|---|"
    for row in tamper.innocent(given.rows):
        words = ", ".join(f"{one.kind} at {one.at_s:.0f} s" for one in tamper.watch(row.path)) or "nothing"
        yield f"| {Path(row.name).name[:14]} | {row.camera} | {words} |"


def counted(given: Given) -> Iterator[str]:
    """Beside counts by eye."""
    rows = people.beside(given.folder, given.rows, given.seen)
    if not rows:
        return
    yield "\n## People\n\n| clip | counted | by eye | by the detector | within 1 or 10 % |\n|---|---|---|---|---|"
    for one in rows:
        name, close = Path(one.clip).name[:20], "yes" if one.close else "**no**"
        yield f"| {name} | {one.measure} | {one.truth} | {one.counted} | {close} |"
    yield f"\nWithin 1 or 10 %: {share(sum(one.close for one in rows), len(rows))}; exact: " + share(
        sum(one.truth == one.counted for one in rows), len(rows)
    )


PRESENT = (0.2, 0.25, PresenceSettings().least, 0.35, 0.4)


def present(given: Given) -> Iterator[str]:
    """Somebody where nobody may be: clips with people, clips without, and poor CCTV pictures of people."""
    parts = (presence.peopled(given.rows), presence.empty(given.rows), [r for r in given.rows if r.task == "fight"])
    if not parts[0]:
        return
    yield "\n## Presence\n"
    yield "| threshold | told of clips with people | s, median | told of clips without | CCTV clips of 2 s |"
    yield "|---|---|---|---|---|"
    for threshold in PRESENT:
        there, nobody, fights = (presence.watched(rows, given.seen, threshold) for rows in parts)
        after_s = [one.told[0].at_s for one in there if one.told]
        found, false, short = (
            share(sum(bool(one.told) for one in part), len(part)) for part in (there, nobody, fights)
        )
        yield f"| {threshold} | {found} | {np.median(after_s):.1f} | {false} | {short} |"
    seconds = sum(one.seconds for one in nobody)
    yield f"\nWithout people: {seconds / 60:.1f} minutes; with {PresenceSettings().least}: " + bound(
        sum(len(one.told) for one in presence.watched(parts[1], given.seen, PresenceSettings().least)), seconds
    )
    yield "\n| clip without people | s | highest vote |\n|---|---|---|"
    for one in nobody:
        yield f"| {Path(one.row.name).name[:20]} | {one.seconds:.0f} | {one.vote:.2f} |"


PARTS: dict[str, Callable[[Given], Iterator[str]]] = {
    "fight": fights,
    "fire": fires,
    "tamper": tampering,
    "people": lambda given: chain(counted(given), present(given)),
    "cost": lambda given: costs.lines(given.seen),
}
