"""Innocent video for hours, through the agent's own way of a picture: what it tells is false, all of it.

Way     packets as a camera sends them, the feed of a camera's cell with its attention, a slot, an eye with all
        detectors, votes and thresholds: the code that a box runs, one picture after the other. The clock is passed in
        and moves with the video, so hours last minutes.
Chain   clips in an order that the seed gives; each is a camera of its own for DWELL_S, again and again if it is
        shorter, and what was learned of the place before is forgotten. Its end is a jump: harder than anything in life.
Bound   footage that is repeated shows nothing new. A rate is bounded by the distinct footage alone, of which one clip
        that fools a detector counts once; and by that alone from which the detector's head has not learned.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import msgspec
from av.video.codeccontext import VideoCodecContext

from agent.pipelines import detectors, inference
from agent.pipelines.eye import Eye
from agent.pipelines.networks import Networks
from agent.pipelines.sighting import Kind
from agent.pipelines.watch import Detects, Watch, WatchedCamera
from bench.vision.skill import at_most_an_hour
from drivers.cameras.attention import Settings as Attention
from drivers.cameras.feed import Feed
from drivers.cameras.pictures import Decoder, Greyer
from drivers.cameras.reader import LOOK_S
from drivers.frame_slot import FrameSlot, place_of
from drivers.readings import Noticed
from simulator import encoded
from simulator.clip_scenes import Scenes
from simulator.clips import Clip, ClipError, clips, innocent
from simulator.programme import chained

DWELL_S = 30.0  # longer than any vote
HEADS = {  # of the kinds that a trained head says
    Kind.FIGHT: detectors.FIGHT_HEAD, Kind.FIRE: detectors.FIRE_HEAD,
    Kind.SMOKE: detectors.FIRE_HEAD, Kind.FLAME: detectors.FIRE_HEAD,
}  # fmt: skip
KINDS = [kind for kind in Kind if kind not in {Kind.CROSSING, Kind.PRESENCE}]  # crossings suspect nothing
SEES: list[Detects] = [one for one in Detects if one is not Detects.PRESENCE]  # by day people are there rightly
Told = Callable[[float], None]  # how many seconds of video have just passed


class VideoClock:
    """Moves with the video."""

    def __init__(self) -> None:
        self.now_ns = 10**9

    def utc_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns


class FalseSightings(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of suspicion came to."""

    kind: str
    told: int  # in all hours
    clips: list[str]  # that it was told of
    unseen_clips: int  # of these: from which its head has not learned
    unseen_s: float  # of distinct footage from which its head has not learned
    at_most_an_hour: float  # by that


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of a run."""

    hours: float
    seed: int
    clips: int
    sources: int
    distinct_s: float
    pictures: int  # looked at
    cpu_s: float
    false: list[FalseSightings]
    off: list[str]  # detectors that could not run, or failed: then nothing is said of them


class Chain:
    """Made once; run() for so many hours. Raises ClipError."""

    def __init__(self, folder: Path, cache: Path, seed: int) -> None:
        self._clips = innocent(clips(folder))
        if not self._clips:
            do = "Rows of task fight need the label nofight; of fire, none; of people, people."
            raise ClipError("X-015", f"{folder} names no innocent video", do=do)
        self._scenes, self._seed = Scenes(cache), seed
        self._networks = Networks()
        self._plans, off = detectors.usable(detectors.PLANS, set(SEES), self._networks)
        self._off = {one.what for one in off}
        self._told: list[tuple[Clip, Noticed]] = []
        self._shown_s: dict[Clip, float] = {}  # of distinct footage, so far
        self._pictures = 0

    def made(self, passed: Told) -> float:
        """Transcode what is not yet; how many seconds of distinct footage there are."""
        total_s = 0.0
        for clip in self._clips:
            lasts_s = self._scenes.seconds(self._scenes.plain(clip))
            total_s += lasts_s
            passed(lasts_s)
        return total_s

    def run(self, hours: float, passed: Told) -> Outcome:
        began_s, left_s = time.process_time(), hours * 3600
        for number, clip in self._order():
            if left_s <= 0:
                break
            lasts_s = self._watch(clip, number, left_s)
            left_s -= lasts_s
            passed(lasts_s)
        return self._outcome(hours, time.process_time() - began_s)

    # --- inside -------------------------------------------------------------------------------------------------

    def _order(self) -> Iterator[tuple[int, Clip]]:
        """All clips, then all again in another order."""
        number = 0
        while True:
            yield from ((number, clip) for clip in chained(self._clips, self._seed + number))
            number += 1

    def _watch(self, clip: Clip, number: int, left_s: float) -> float:
        """A camera of its own for a while, each time from another keyframe on. How long it was."""
        pictures = encoded.read(self._scenes.plain(clip))
        keys = [at for at, one in enumerate(pictures) if one.key]
        begin = keys[random.Random(f"{self._seed}/{number}/{clip.name}").randrange(len(keys))] if number else 0
        rate = self._scenes.shape.rate
        count = round(min(left_s, max(DWELL_S, len(pictures) / rate)) * rate)
        handle = os.memfd_create("mektep-innocent", os.MFD_CLOEXEC)
        try:
            with FrameSlot.make(handle) as written, FrameSlot.open(place_of(handle)) as lent:
                self._look(clip, written, lent, [pictures[(begin + at) % len(pictures)] for at in range(count)])
        finally:
            os.close(handle)
        self._shown_s[clip] = max(self._shown_s.get(clip, 0.0), min(count, len(pictures)) / rate)
        return max(count, 1) / rate

    def _look(self, clip: Clip, written: FrameSlot, lent: FrameSlot, pictures: Sequence[encoded.Picture]) -> None:
        clock = VideoClock()
        watch = Watch(sees=SEES)
        camera = WatchedCamera(name="camera", slot="", watch=watch)
        eye = Eye(camera, lent, self._plans, self._networks, clock)  # type: ignore[arg-type]
        cell = _Cell(clock, written)
        for picture in pictures:
            clock.now_ns += 1_000_000_000 // self._scenes.shape.rate
            cell.take(picture)
            while (newest := eye.newest()) is not None:
                self._pictures += 1
                self._told += [(clip, one) for one in eye.look(newest)]
        self._off |= {one.what for one in eye.troubles()}

    def _outcome(self, hours: float, cpu_s: float) -> Outcome:
        shown = self._shown_s
        return Outcome(
            hours=hours, seed=self._seed, clips=len(shown), sources=len({clip.group for clip in shown}),
            distinct_s=round(sum(shown.values()), 1), pictures=self._pictures, cpu_s=round(cpu_s, 1),
            false=[self._false(kind) for kind in KINDS], off=sorted(self._off),
        )  # fmt: skip

    def _false(self, kind: Kind) -> FalseSightings:
        head = HEADS.get(kind)
        learned = set(inference.head(head).trained) if head else set()
        unseen = {clip for clip in self._shown_s if clip.sha256[:16] not in learned}
        fooled = [clip for clip, one in self._told if one.kind == kind]
        unseen_s = sum(self._shown_s[clip] for clip in unseen)
        return FalseSightings(
            kind=kind, told=len(fooled), clips=sorted({clip.name for clip in fooled}),
            unseen_clips=len(set(fooled) & unseen), unseen_s=round(unseen_s, 1),
            at_most_an_hour=round(at_most_an_hour(len(set(fooled) & unseen), unseen_s), 1),
        )  # fmt: skip


class _Cell:
    """What a camera's cell does with a packet: drivers/cameras/reader.py, without its thread."""

    def __init__(self, clock: VideoClock, slot: FrameSlot) -> None:
        self._clock = clock
        self._feed = Feed(Attention(), clock)  # type: ignore[arg-type]
        self._feed.lend(slot)
        self._stream, looks = (av.CodecContext.create("h264", "r") for _ in range(2))
        assert isinstance(self._stream, VideoCodecContext)
        assert isinstance(looks, VideoCodecContext)
        self._decoder, self._greyer = Decoder(looks), Greyer()
        self._looked_ns = 0

    def take(self, picture: encoded.Picture) -> None:
        packet = av.Packet(picture.data)
        packet.is_keyframe = picture.key
        if picture.key and self._clock.now_ns - self._looked_ns >= LOOK_S * 1e9:
            frame = self._decoder.picture(packet)
            if frame is not None:
                self._looked_ns = self._clock.now_ns
                self._feed.keyframe(frame, self._greyer.grey(frame))
        self._feed.packet(packet, self._stream)


HEADINGS = (
    "false sighting",
    "told",
    "of so many clips",
    "of these unseen by its head",
    "unseen footage",
    "at most an hour",
)
REPEATED = (
    "What is repeated shows nothing new: the bound (upper 95 %, Poisson) is that of the distinct footage from which "
    "the head of the detector has not learned, and counts a clip once. It says nothing of a place that is not in it."
)


def lines(found: Outcome) -> Iterator[str]:
    """For people, as Markdown."""
    minutes, each = found.distinct_s / 60, found.hours * 3600 / found.distinct_s
    yield f"{found.hours:g} hours of innocent video, of {found.clips} clips of {found.sources} sources:"
    yield f"{minutes:.1f} distinct minutes, each shown {each:.0f} times on average; seed {found.seed}."
    yield f"{found.pictures} pictures were looked at, in {found.cpu_s:.0f} s of one core.\n"
    yield f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}"
    for one in found.false:
        counts = f"{one.told} | {len(one.clips)} | {one.unseen_clips}"
        yield f"| {one.kind} | {counts} | {one.unseen_s / 60:.1f} min | {one.at_most_an_hour:.0f} |"
    yield from (
        f"\n{one.kind}: {', '.join(Path(name).name for name in one.clips)}." for one in found.false if one.clips
    )
    yield f"\n{REPEATED}"
    yield from (f"\nNOT MEASURED: {what}" for what in found.off)
