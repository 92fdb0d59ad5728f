"""What the eyes suspect becomes an alarm event: never a verdict, fire before the rest."""

from __future__ import annotations

import msgspec
import pytest

from agent.events import CameraNoticed
from agent.evidence.picture import Ids
from agent.model import Lane, Severity
from agent.pipelines.sighting import Kind
from agent.school.noticed import suspected
from drivers.readings import Noticed

NOTICE = Noticed(
    camera="gate", detector="fight", kind="fight", zone="stairs", score=0.93, lasted_s=2.5, box=(0.1, 0.2, 0.3, 0.4),
    detail="", jpeg=b"not in the event", blurred=b"nor this", at_ns=1_795_420_800_000_000_000, monotonic_ns=7,
)  # fmt: skip


def test_the_event_says_what_where_and_since_when() -> None:
    event = suspected(NOTICE, Ids(snapshot="0" * 36, blurred="1" * 36), synced=True)
    assert (event.lane, event.severity, event.source) == (Lane.ALARM, Severity.WARN, "gate/fight")
    assert event.data == CameraNoticed(
        camera="gate", suspected="fight", zone="stairs", score=0.93, since="2026-11-23T07:59:57.500000Z",
        box=[0.1, 0.2, 0.3, 0.4], detail="", evidence="0" * 36, blurred="1" * 36,
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(Kind))
def test_only_what_burns_is_urgent(kind: Kind) -> None:
    event = suspected(msgspec.structs.replace(NOTICE, kind=kind.value, box=None), Ids(), synced=False)
    assert event.severity is (Severity.ERROR if kind in (Kind.FIRE, Kind.SMOKE) else Severity.WARN)
    assert isinstance(event.data, CameraNoticed)
    assert event.data.box == []
