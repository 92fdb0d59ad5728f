"""The shape of a driver: a module with Settings, probe() and connect(). A shape, not a base class."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated, Protocol, TypeVar

import msgspec
from msgspec import Meta

from drivers.errors import DeviceError
from drivers.readings import Light

S_contra = TypeVar("S_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
GARBLED_SHOWN = 32


class Clock(Protocol):
    """Time as an argument: tests pass one that moves only when somebody sleeps."""

    def utc_ns(self) -> int: ...

    def monotonic_ns(self) -> int:
        """CLOCK_BOOTTIME: goes on during suspend, never back."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Secret(msgspec.Struct, frozen=True):
    """A password or a key. Never shown: its repr tells only that it is there."""

    now: str
    before: str = ""  # what it was until it was last changed: a device may still know only that one

    def __repr__(self) -> str:
        return "Secret(…)"


SecretName = Annotated[
    str,
    Meta(
        pattern=r"^([a-z0-9][a-z0-9-]{0,63})?$(?!\n)",
        description="name under which `mektep secret NAME` has stored it",
        examples=["gate-password"],
        extra={"secret": True},
    ),
]


class Secrets(Protocol):
    """What is kept apart from the configuration, which only names it."""

    def __call__(self, name: str) -> Secret:
        """Raises DeviceError T-120 if nothing is stored under the name."""
        ...


def not_stored(name: str) -> DeviceError:
    """What Secrets raise for a name that they do not know."""
    return DeviceError("T-120", f"no secret is stored under the name {name}", do=f"Run: sudo mektep secret {name}")


class Verdict(StrEnum):
    """How bad a finding is; doctor's exit code follows the worst."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The result of looking at one thing: code, fact, instruction."""

    verdict: Verdict
    code: str  # "" when all is well, else a key of docs/errors.md
    what: str
    do: str = ""

    @classmethod
    def failed(cls, error: DeviceError) -> Finding:
        """That a device cannot be used, and why."""
        return cls(verdict=Verdict.FAILED, code=error.code, what=error.what, do=error.do)


class Video(msgspec.Struct):
    """A camera's stream as it is now. Only the driver writes it; everybody may read."""

    width_px: int = 0
    height_px: int = 0
    rate: float = 0.0  # pictures a second that come; 0: not known yet
    seen_ns: int = 0  # CLOCK_BOOTTIME of the last whole picture; 0: none yet
    clock_ns: int | None = None  # the camera's own UTC minus CLOCK_BOOTTIME; None: its stream does not tell
    encodes: bool | None = None  # whether its pictures can be encoded anew here; None: unknown yet, or needless


class Counters(msgspec.Struct):
    """What one connection has seen so far. Only the driver writes it; everybody may read."""

    frames: int = 0  # whole and valid
    garbled: int = 0  # skipped: bad checksum, bad length, noise
    repeats: int = 0  # a held card, reported again by the reader
    last_garbled: str = ""  # hex of the latest skipped bytes, at most GARBLED_SHOWN bytes; never a valid card
    video: Video | None = None  # of a camera

    def skip(self, data: bytes) -> None:
        """What came is none."""
        self.garbled += 1
        self.last_garbled = data[:GARBLED_SHOWN].hex()


class LiveTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The media server that a camera is shown to. The path opens its door: it is shown nowhere."""

    host: str
    port: int
    path: str
    ca: str  # PEM of who vouches for the host
    main: bool = False  # the main stream, where the camera has a smaller one too
    check_dates: bool = True  # of certificates: false while the box does not know the time
    masked: bool = False  # parts of the picture are to be hidden: a process that knows of no masks shows nothing

    def __repr__(self) -> str:
        return f"LiveTarget({self.host}:{self.port})"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsps://{host}:{self.port}/{self.path.lstrip('/')}"


class LiveProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How one live view goes."""

    session: str
    state: str  # started, going, ended
    reason: str = ""  # of an end: stopped, host, certificate, codec, masked, no_encoder, no_picture, defect
    what: str = ""  # happened, for the log
    bytes_sent: int = 0
    skipped: int = 0  # how often pictures gave way to a slow line


class Source(Protocol[R_co]):
    """What connect() opens: readings one by one, counters, and a way to show a light."""

    counters: Counters

    def __aiter__(self) -> AsyncIterator[R_co]: ...

    async def show(self, light: Light) -> None:
        """Show a light to the person at the device; does nothing on devices without one. Raises DeviceError."""
        ...


class Driver(Protocol[S_contra, R_co]):
    """A driver module. Adding one: the module, its test, a line in catalog.py, its errors in docs/errors.md."""

    def probe(self, settings: S_contra) -> Finding:
        """Look without touching; never raises; safe while the daemon runs."""
        ...

    def connect(self, settings: S_contra, clock: Clock, secrets: Secrets) -> AbstractAsyncContextManager[Source[R_co]]:
        """Open the device. Entering raises DeviceError; iterating raises DeviceError when the device goes away."""
        ...
