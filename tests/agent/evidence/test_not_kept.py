"""A camera that chatters has its share of pictures, and its losses are few records."""

from __future__ import annotations

from agent.evidence.not_kept import MINUTE_S, PER_MINUTE, TOLD_EVERY_S, NotKept


def told(kept: NotKept, now_s: float) -> list[tuple[str, str, int]]:
    return [(one.camera, one.reason, one.count) for one in kept.due(now_s)]


def test_each_camera_has_its_own_share_in_a_minute() -> None:
    kept = NotKept()
    assert [kept.too_many("gate", at) for at in range(PER_MINUTE + 1)] == [False] * PER_MINUTE + [True]
    assert not kept.too_many("yard", 6.0)
    assert not kept.too_many("gate", MINUTE_S)  # the first has left the window
    assert kept.too_many("gate", MINUTE_S)


def test_the_first_is_told_at_once_and_the_others_are_gathered() -> None:
    kept = NotKept()
    kept.add("gate", "snapshot", "no_recipient")
    assert told(kept, 0.0) == [("gate", "no_recipient", 1)]
    for _ in range(5):
        kept.add("gate", "snapshot", "no_recipient")
    kept.add("gate", "snapshot", "busy")
    kept.add("yard", "snapshot", "no_recipient")
    assert told(kept, 1.0) == [("gate", "busy", 1), ("yard", "no_recipient", 1)]
    assert told(kept, TOLD_EVERY_S - 0.1) == []
    assert told(kept, TOLD_EVERY_S) == [("gate", "no_recipient", 5)]
    assert told(kept, 10 * TOLD_EVERY_S) == []
    assert kept.total == 8


def test_each_form_is_told_by_itself() -> None:
    kept = NotKept()
    for form in ("snapshot", "blurred", "blurred"):
        kept.add("gate", form, "too_many")
    assert [(one.kind, one.count) for one in kept.due(0.0)] == [("snapshot", 1), ("blurred", 2)]
