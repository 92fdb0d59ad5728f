"""Pictures, who may see them, and an evidence store for tests."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pyrage

from agent.clock import Clock
from agent.datasets import Recipients
from agent.evidence.films import Films
from agent.evidence.folder import Folder
from agent.evidence.settings import EvidenceSettings
from agent.evidence.store import Evidence
from agent.outbox.outbox import Outbox
from drivers.readings import PictureChange, PictureState

IDENTITY = "AGE-SECRET-KEY-1GCLKD9WZ6GDURU7WPDDHP2JR8KQS2EPAYG0VPR9QM9GGWZZFNSMS82JQ8U"
RECIPIENT = "age1dt6k3j9gymspxnn8d7rd760vggfy6w3xvyyl9mpsqmvvrjl2ef9sc3kvjn"


DESK_IDENTITY = "AGE-SECRET-KEY-1DKMQKW9KWQLS7EEVW5XZQ7HMY735NVASU2KE98C2ZCFN228M34TSXLG448"
DESK = "age1kkfruxzg7wlh33ywk82ar74ex8tzavl7gg7jk0jz663xxqucga7q85ygsl"


def nobody() -> Recipients:
    return Recipients(snapshot=[])


def somebody() -> Recipients:
    """The police sees plain pictures, the school's desk blurred ones."""
    return Recipients(snapshot=[RECIPIENT], blurred=[DESK])


def evidence_of(
    outbox: Outbox,
    folder: Path,
    clock: Clock,
    recipients: Callable[[], Recipients] = nobody,
    *,
    quota_mb: int = 100,
    reserve_bytes: int = 0,
    cameras: int = 1,
    films: Films | None = None,
) -> Evidence:
    return Evidence(
        outbox, Folder(folder / "evidence"), EvidenceSettings(quota_mb=quota_mb), recipients, clock,
        reserve_bytes=reserve_bytes, cameras=cameras, films=films,
    )  # fmt: skip


def jpeg(size: int = 20_000, seed: int = 1) -> bytes:
    """As long and as dense as a picture; nobody here looks into it."""
    return b"\xff\xd8" + random.Random(seed).randbytes(size - 4) + b"\xff\xd9"


def change(picture: bytes, state: PictureState = PictureState.COVERED, *, blurred: bytes = b"") -> PictureChange:
    return PictureChange(
        state=state,
        before=PictureState.CLEAR,
        jpeg=picture,
        blurred=blurred,
        at_ns=time.time_ns(),
        monotonic_ns=time.monotonic_ns(),
    )


def opened(sealed: bytes, identity: str = IDENTITY) -> bytes:
    """As who may see it opens it."""
    return bytes(pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]))
