"""The words of events: names, counts, hashes, marks, each with its pattern."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=64, description="name of a device in the configuration")]
Uuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
LaneWord = Annotated[str, Meta(pattern="^(alarm|record|telemetry)$")]
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Salt = Annotated[
    str, Meta(pattern="^[0-9a-f]{32}$", description="16 random bytes: hides the pupil in the ledger's entry")
]
Leaf = Annotated[str, Meta(pattern="^[0-9a-f-]{36}/[0-9]{1,18}$", description="a leaf of the ledger: epoch/index")]
Somebody = Annotated[str, Meta(pattern="^([0-9a-f]{16})?$", description="a person's key; empty if not known")]
DayOrNone = Annotated[
    str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="the school's day; empty while the clock is not trusted")
]
Marks = Annotated[
    list[Annotated[str, Meta(pattern="^(clock|calendar|stale)$")]],
    Meta(
        max_length=3,
        description="what the decision did not know: clock: not trusted; calendar: it does not reach this day; "
        "stale: reference data are older than two weeks",
    ),
]
MeansWord = Annotated[
    str,
    Meta(
        description="by the configuration: fire, medical, fight, intrusion, bullying, other, tamper, answer; or empty"
    ),
]
PlaceWord = Annotated[str, Meta(description="where it is, by the configuration; empty if that does not say")]
