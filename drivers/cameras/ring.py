"""The last seconds of a camera as they came, encoded: whole groups of pictures, each from its keyframe on.

Shape   put() takes one packet after the other; cut(seconds) gives those of the last seconds, from a keyframe on, for a
        clip that needs no encoder. Bounded by seconds, bytes and packets; what is beyond goes, by whole groups.
Follow  whoever follows is given the last groups at once, then each packet as it comes, in the thread that puts.
Anew    it starts anew where a clip could not go on: the form of the stream changed (codec, size, parameter sets), or
        its time jumped. Until the next keyframe it then takes nothing.
Not     decoding, files, the network: the packets of any camera, also of one without PyAV, fit here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

import msgspec

JUMP_S = 5.0  # between two packets: a camera that pauses so long, or goes back, has jumped
PACKETS_MOST = 10_000  # a minute has 3,600 at 60 a second; packets without bytes take memory too
PARAMETER_BYTES = 4_096  # a stream needs some hundred
START_CODE = b"\x00\x00\x01"
PARAMETERS = {"h264": frozenset((7, 8)), "hevc": frozenset((32, 33, 34))}  # kinds of NAL unit: (VPS,) SPS, PPS
SLICES = {"h264": frozenset(range(1, 6)), "hevc": frozenset(range(32))}  # those of the picture itself


class Form(msgspec.Struct, frozen=True):
    """What a decoder must know before the first packet."""

    codec: str  # as FFmpeg names it: h264, hevc, mjpeg
    width: int
    height: int
    time_base: Fraction  # seconds in one step of pts and dts
    parameters: bytes = b""  # parameter sets, each after a start code


class Packet(msgspec.Struct, frozen=True):
    """One encoded picture."""

    data: bytes
    is_key: bool
    pts: int
    dts: int  # when it must be decoded; never goes back within a clip


class Clip(msgspec.Struct, frozen=True):
    """Packets in order, the first one a keyframe."""

    form: Form
    packets: tuple[Packet, ...]

    @property
    def seconds(self) -> float:
        return float((self.packets[-1].dts - self.packets[0].dts) * self.form.time_base)


Follower = Callable[[Packet, Form], None]  # must not wait: the camera's thread calls it
OnOver = Callable[[str, str], None]  # nothing more comes: the reason in a word, and what happened; from any thread


class Followed(Protocol):
    """Whatever gives packets to who looks live: a ring, or what makes pictures anew."""

    def follow(self, follower: Follower) -> None: ...

    def unfollow(self, follower: Follower) -> None: ...


class _Group:
    """A keyframe and what hangs on it."""

    def __init__(self, key: Packet) -> None:
        self.packets = [key]
        self.size = len(key.data)

    def add(self, packet: Packet) -> None:
        self.packets.append(packet)
        self.size += len(packet.data)


class Ring:
    """One thread puts, any thread cuts."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._groups: deque[_Group] = deque()
        self._form: Form | None = None
        self._followers: list[Follower] = []
        self._lock = threading.Lock()
        self.size = 0  # bytes of all packets
        self._count = 0  # packets

    def put(self, packet: Packet, form: Form) -> None:
        """Keep a packet, if it belongs to a group that began with a keyframe."""
        with self._lock:
            if form != self._form or self._jumped(packet):
                self._clear()
                self._form = form
            if packet.is_key:
                self._groups.append(_Group(packet))
            elif self._groups:
                self._groups[-1].add(packet)
            else:
                return
            self.size += len(packet.data)
            self._count += 1
            self._shed(packet)
            for follower in self._followers:
                follower(packet, form)

    def cut(self, seconds: float) -> Clip | None:
        """At least the last seconds, as far as they are there; None before the first keyframe."""
        with self._lock:
            packets = self._newest(seconds)
            return Clip(self._form, packets) if self._form is not None and packets else None

    @property
    def form(self) -> Form | None:
        """Of the newest packet; None before the first one."""
        with self._lock:
            return self._form

    def follow(self, follower: Follower, seconds: float = 0.0) -> None:
        """From the last keyframe on that is so long ago, until unfollow()."""
        with self._lock:
            if self._form is not None:
                for packet in self._newest(seconds):
                    follower(packet, self._form)
            self._followers.append(follower)

    def unfollow(self, follower: Follower) -> None:
        """It is called no more when this returns."""
        with self._lock:
            self._followers.remove(follower)

    def _newest(self, seconds: float) -> tuple[Packet, ...]:
        """At least the last seconds, as far as they are there."""
        if self._form is None or not self._groups:
            return ()
        begin = self._groups[-1].packets[-1].dts - round(seconds / self._form.time_base)
        chosen: list[_Group] = []
        for group in reversed(self._groups):
            chosen.insert(0, group)
            if group.packets[0].dts <= begin:
                break
        return tuple(packet for group in chosen for packet in group.packets)

    def _clear(self) -> None:
        self._groups.clear()
        self.size = self._count = 0

    def _jumped(self, packet: Packet) -> bool:
        if not self._groups or self._form is None:
            return False
        step_s = float((packet.dts - self._groups[-1].packets[-1].dts) * self._form.time_base)
        return step_s <= 0 or step_s > JUMP_S

    def _shed(self, last: Packet) -> None:
        """Let go of the oldest groups: those that nobody asked for, and those beyond bytes and packets."""
        assert self._form is not None  # noqa: S101 - put() has just set it
        begin = last.dts - round(self._seconds / self._form.time_base)
        while self._too_much() or (len(self._groups) > 1 and self._groups[1].packets[0].dts <= begin):
            group = self._groups.popleft()
            self.size -= group.size
            self._count -= len(group.packets)

    def _too_much(self) -> bool:
        return self.size > self._most_bytes or self._count > PACKETS_MOST


def parameter_sets(codec: str, data: bytes) -> bytes:
    """The parameter sets in a packet of NAL units after start codes, as many as fit; empty if it brings none."""
    wanted = PARAMETERS.get(codec)
    if wanted is None or not data.startswith((START_CODE, b"\x00" + START_CODE)):
        return b""
    found = b""
    at = data.find(START_CODE)
    while at >= 0 and at + 3 < len(data) and len(found) < PARAMETER_BYTES:
        kind = data[at + 3] & 0x1F if codec == "h264" else data[at + 3] >> 1 & 0x3F
        if kind in SLICES[codec]:
            break  # parameter sets come before the picture: a picture need not be searched for them
        end = data.find(START_CODE, at + 3)
        if kind in wanted:
            unit = b"\x00" + START_CODE + data[at + 3 : end if end >= 0 else len(data)].rstrip(b"\x00")
            found += unit if unit not in found else b""  # some cameras send them twice
        at = end
    return found
