"""What is wrong, in words to act on: each trouble under its code, named by process where one is to blame, then gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import texts
from agent.model import Lane
from agent.outbox import checkpointer, troubles, upkeep
from agent.outbox.settings import MB, OutboxSettings
from agent.outbox.troubles import Troubles
from agent.outbox.writer import Stuck
from tests.agent.outbox.box import holding, opened, tap, taps, until

SETTINGS = OutboxSettings(alarm_mb=1, record_mb=2, reserve_mb=64)
CODES = ["D-121", "D-122", "D-123", "D-124", "D-125", "D-126", "D-127"]
PLENTY = 1000 * MB


class Parts:
    """The parts that troubles look at, in any state."""

    def __init__(self, **state: Any) -> None:
        self.stuck: Stuck | None = None
        self.free_bytes = PLENTY
        self.starved = False
        self.log = 0
        self.lanes: dict[Lane, int] = {}
        for name, value in state.items():
            assert hasattr(self, name)
            setattr(self, name, value)

    def look(self, path: Path) -> Troubles:
        keeper: Any = SimpleNamespace(
            free_bytes=self.free_bytes, starved=self.starved, lane_bytes=lambda lane: self.lanes.get(lane, 0)
        )
        log: Any = SimpleNamespace(log_bytes=lambda: self.log)
        writer: Any = SimpleNamespace(stuck=self.stuck)
        return Troubles(path, SETTINGS, keeper, log, writer)


STATES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("all is well", {}, []),
    ("full", {"stuck": Stuck("full", 0.0)}, ["D-121"]),
    ("locked", {"stuck": Stuck("locked", 0.0)}, ["D-122"]),
    ("locked for an instant", {"stuck": Stuck("locked", 1e12)}, []),
    ("little space", {"free_bytes": 63 * MB}, ["D-123"]),
    ("just enough space", {"free_bytes": 64 * MB}, []),
    ("a long log", {"log": checkpointer.TOO_LONG_BYTES + 1}, ["D-124"]),
    ("a log that may be so long", {"log": checkpointer.TOO_LONG_BYTES}, []),
    ("the ballast is used", {"starved": True}, ["D-125"]),
    ("the ballast explains little space", {"starved": True, "free_bytes": 1 * MB}, ["D-125"]),
    ("many alarms", {"lanes": {Lane.ALARM: 1 * MB + 1}}, ["D-126"]),
    ("many records", {"lanes": {Lane.RECORD: 2 * MB + 1}}, ["D-127"]),
    ("just as many", {"lanes": {Lane.ALARM: 1 * MB, Lane.RECORD: 2 * MB}}, []),
    ("much telemetry is no trouble", {"lanes": {Lane.TELEMETRY: 900 * MB}}, []),
    ("several", {"stuck": Stuck("full", 0.0), "free_bytes": 0, "log": 10**9}, ["D-121", "D-123", "D-124"]),
]


@pytest.mark.parametrize(("state", "codes"), [state[1:] for state in STATES], ids=[state[0] for state in STATES])
def test_each_state_has_its_troubles(tmp_path: Path, state: dict[str, Any], codes: list[str]) -> None:
    found = Parts(**state).look(tmp_path / "outbox.db").now(1)
    assert [trouble.code for trouble in found] == codes
    for trouble in found:
        assert trouble.what[0].islower()
        assert trouble.do[0].isupper()
        assert trouble.do.endswith(".")


def test_every_code_is_reached_by_a_state_and_stands_for_one_thing() -> None:
    reached = Counter(code for _, _, codes in STATES for code in set(codes))
    assert sorted(reached) == CODES


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_language_has_an_instruction_for_every_trouble(tmp_path: Path, language: str) -> None:
    words = texts.load_texts(language)
    for _, state, _ in STATES:
        for trouble in Parts(**state).look(tmp_path / "outbox.db").now(1):
            told = words.instruction(trouble.code, trouble.do)
            assert (told == trouble.do) is (language == "en"), trouble.code


def test_a_trouble_keeps_the_moment_when_it_was_first_seen(tmp_path: Path) -> None:
    parts = Parts(free_bytes=1 * MB)
    look = parts.look(tmp_path / "outbox.db")
    assert [look.now(at_ns)[0].since_ns for at_ns in (5, 6, 7)] == [5, 5, 5]
    look._settings = OutboxSettings(reserve_mb=1)
    assert look.now(8) == []
    look._settings = SETTINGS
    assert look.now(9)[0].since_ns == 9


# --- on a real database ---------------------------------------------------------------------------------------------


async def test_a_foreign_lock_is_named_by_its_pid_and_taps_go_on_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubles, "STUCK_S", 0.05)
    path = tmp_path / "outbox.db"
    async with opened(path) as outbox:
        with holding(path, "begin immediate") as pid:
            waiting = [asyncio.ensure_future(outbox.accept([tap(number)])) for number in range(10)]
            await until(outbox.trouble)
            (trouble,) = outbox.trouble()
            assert trouble.code == "D-122"
            assert f"locked: {pid} (" in trouble.what
            assert outbox.writer_answers(), "the watchdog is fed: a restart would not help"
            assert not any(one.done() for one in waiting)
        places = await asyncio.wait_for(asyncio.gather(*waiting), 30)
        assert sorted(place.sequence for (place,) in places) == list(range(2, 12))
        assert outbox.trouble() == []


async def test_a_reader_that_keeps_the_log_from_starting_over_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (troubles, upkeep):
        monkeypatch.setattr(file, "TOO_LONG_BYTES", 300_000)
    path = tmp_path / "outbox.db"
    async with opened(path) as outbox:
        outbox._db.execute("pragma journal_size_limit=100000")
        with holding(path, "begin", "select count(*) from message") as pid:
            await fill(outbox, lambda: outbox.wal_bytes() > 300_000)
            (trouble,) = outbox.trouble()
            assert trouble.code == "D-124"
            assert f"open in: {pid} (" in trouble.what
            await fill(outbox, lambda: outbox.wal_bytes() > 600_000)
        await fill(outbox, lambda: outbox.wal_bytes() < 300_000)
        assert outbox.trouble() == []


async def fill(outbox: Any, enough: Callable[[], object]) -> None:
    """Accept until it is so."""
    for _ in range(500):
        if enough():
            return
        await outbox.accept(taps(30))
    raise AssertionError("it did not come to be")
