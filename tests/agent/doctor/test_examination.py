"""Checks run side by side: one that hangs or fails is a finding, and delays nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from agent.doctor.checks import Check
from agent.doctor.examination import examine
from agent.doctor.finding import Finding, well
from agent.doctor.site import Site
from tests.agent.doctor.boxes import box, told


def hangs(_site: Site) -> list[Finding]:
    threading.Event().wait()
    return []


def fails(_site: Site) -> list[Finding]:
    raise ZeroDivisionError("a defect")


def fine(_site: Site) -> list[Finding]:
    return [well("a"), well("b")]


def test_what_hangs_and_what_fails_is_told_beside_the_others(tmp_path: Path) -> None:
    seen: list[tuple[int, int, list[str]]] = []

    def progress(done: int, of: int, now: Sequence[str]) -> None:
        seen.append((done, of, list(now)))

    checks = [Check("one", hangs, 0.2), Check("two", fails), Check("three", fine), Check("four", hangs, 0.3)]
    began_s = time.monotonic()
    found = examine(box(tmp_path), checks, progress)
    assert time.monotonic() - began_s < 5
    assert told(found) == ["note H-190", "note H-190", "ok", "ok", "note H-190"]
    assert [one.check for one in found] == ["one", "two", "three", "three", "four"]
    assert "not finished within 0 s" in found[0].fact
    assert "ZeroDivisionError" in found[1].fact
    assert seen[0] == (0, 4, ["one", "two", "three", "four"])
    assert seen[-1] == (4, 4, [])


def test_nothing_to_do_is_done_at_once(tmp_path: Path) -> None:
    assert examine(box(tmp_path), []) == []
