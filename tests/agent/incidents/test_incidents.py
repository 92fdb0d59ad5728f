"""The box's incidents on a real database: alarm and step in one commit, answers in turn, deadlines, cards, clips."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agent.incidents import rows, steps
from agent.incidents.incidents import Incidents
from agent.incidents.kinds import Kind
from agent.incidents.life import Input, State
from agent.incidents.steps import By, Effects, Scene
from agent.model import Lane, Severity
from agent.outbox.group import Transaction
from tests.agent.incidents.house import MAIN, SPARE
from tests.agent.incidents.kept import Kept, kept
from tests.agent.outbox.box import events, fire, until, write_locked

CARD = By(channel="card", staff=MAIN)
CENTRE = By(channel="centre", staff=SPARE)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as made:
        yield made


def only(box: Kept) -> str:
    (view,) = box.incidents.open_now()
    return view.incident


# --- what is seen -----------------------------------------------------------------------------------------------


async def test_an_alarm_and_its_incident_are_one_commit(box: Kept) -> None:
    (place,) = await box.incidents.accepting(box.sign(Kind.FIRE, place="attic"))([fire()])  # no camera is there
    assert (place.lane, place.sequence) == (Lane.ALARM, 1)
    assert [one["type"] for one in await box.told()] == ["fire.zone", "incident.opened", "incident.told"]
    assert [one.state for one in box.incidents.open_now()] == [State.TOLD]


async def test_of_a_gathered_alarm_only_the_sign_is_taken(box: Kept) -> None:
    assert await box.incidents.accepting(box.sign())([]) == []
    await box.incidents.drained()  # the clips of the place
    assert [one["type"] for one in await box.told()] == ["incident.opened", "incident.told", *["incident.evidence"] * 2]


async def test_a_step_that_fails_by_itself_costs_no_alarm(box: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(steps, "saw", fails)
    alarm = msgspec.structs.replace(fire(), ahead_id="ahead-1")
    assert await box.incidents.accepting(box.sign(Kind.FIRE))([alarm]) == [], "the copy goes ahead"
    assert [one["type"] for one in await box.told()] == ["fire.zone"]
    assert not any("aheadid" in one for one in await events(box.outbox, Lane.ALARM)), "so that the centre tells of it"
    assert [one.code for one in box.incidents.trouble()] == ["M-104"]
    assert box.incidents.open_now() == ()
    monkeypatch.undo()
    await box.incidents.accepting(box.sign(Kind.FIRE))([fire()])
    assert box.incidents.trouble() == []
    assert len(box.incidents.open_now()) == 1


async def test_a_certain_fire_shows_before_a_locked_database_has_taken_it(tmp_path: Path) -> None:
    async with kept(tmp_path) as box:
        with write_locked(tmp_path / "outbox.db"):
            before = box.changes
            taking = asyncio.create_task(box.incidents.accepting(box.sign(Kind.FIRE))([fire()]))
            await until(lambda: box.incidents.open_now())
            (view,) = box.incidents.open_now()
            assert (view.state, view.lights, box.changes) == (State.OPENED, True, before + 1)
            assert not taking.done()
        await taking
        (view,) = box.incidents.open_now()
        assert (view.state, view.kind) == (State.TOLD, Kind.FIRE)


async def test_a_suspicion_shows_only_what_is_kept(tmp_path: Path) -> None:
    async with kept(tmp_path) as box:
        with write_locked(tmp_path / "outbox.db"):
            taking = asyncio.create_task(
                box.incidents.accepting(box.sign(Kind.FIRE, camera="cam-1", certain=False))([])
            )
            await asyncio.sleep(0)
            assert box.incidents.open_now() == ()
        await taking


async def test_what_is_open_comes_back_after_a_start(tmp_path: Path) -> None:
    async with kept(tmp_path) as box:
        await box.incidents.saw(box.sign())
        before = box.incidents.open_now()
    async with kept(tmp_path, box.clock) as again:
        assert again.incidents.open_now() == before


async def test_forged_orders_are_one_incident(box: Kept) -> None:
    for _ in range(5):
        box.incidents.forged("bad_signature")
    await box.incidents.drained()
    box.incidents.forged("unknown_key")
    await box.incidents.drained()
    (view,) = box.incidents.open_now()
    assert (view.kind, view.place, [one.what for one in view.signs]) == (
        Kind.TAMPER, "", ["bad_signature", "unknown_key"],
    )  # fmt: skip
    (told,) = await box.told("told")
    assert [one["role"] for one in told["to"]] == ["duty", "city"]


async def test_a_flood_of_forged_orders_does_not_write_the_disk_full(box: Kept) -> None:
    for _ in range(50):
        box.incidents.forged("bad_signature")
        await box.incidents.drained()
    (view,) = box.incidents.open_now()
    assert [one.count for one in view.signs] == [1]


async def test_rows_that_cannot_be_read_at_the_start_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(tmp_path) as box:
        await box.incidents.saw(box.sign())
        before = box.incidents.open_now()
        again = Incidents(box.outbox.transact, lambda: box.book, box.clock)
        with monkeypatch.context() as patch:
            patch.setattr(rows, "live", lambda _: 1 / 0)
            running = asyncio.create_task(again.run())
            await until(lambda: [one.code for one in again.trouble()] == ["M-104"])
        await until(lambda: again.open_now() == before and not again.trouble())
        assert not running.done()
        running.cancel()


# --- what is said -------------------------------------------------------------------------------------------------


async def test_of_two_answers_at_one_moment_the_first_counts(box: Kept) -> None:
    await box.incidents.saw(box.sign())
    incident = only(box)
    one, other = await asyncio.gather(
        box.incidents.answer(incident, Input.DISMISS, CARD, "play"),
        box.incidents.answer(incident, Input.CONFIRM, CENTRE),
    )
    assert (one.refused, other.refused) == ("", "already_dismissed")
    assert other.view is not None
    assert other.view.state is State.DISMISSED
    assert [one["by"] for one in await box.told("answered")] == [MAIN]


async def test_a_drill_and_a_report_say_what_was_opened(box: Kept) -> None:
    drill = await box.incidents.drill(Kind.FIRE, "Hall", "technician")
    assert drill.view is not None
    assert (drill.view.drill, drill.view.place) == (True, "hall")
    id_ = "9" * 8 + "-0000-4000-8000-000000000000"
    for _ in range(2):
        outcome = await box.incidents.report(id_, Kind.BULLYING, "yard", report="r-1", certain=False)
        assert outcome.view is not None
        assert (outcome.view.incident, outcome.view.certainty.value) == (id_, "suspected")
    assert len(await box.told("opened")) == 2
    assert {one.incident for one in box.incidents.open_now()} == {drill.view.incident, id_}


async def test_a_button_that_answers(box: Kept) -> None:
    box.incidents.press("hall")
    await box.incidents.drained()
    await box.incidents.saw(box.sign())
    box.incidents.press("hall")
    await box.incidents.drained()
    assert [one.state for one in box.incidents.open_now()] == [State.ACKNOWLEDGED]


# --- deadlines ----------------------------------------------------------------------------------------------------


async def test_deadlines_are_met_by_themselves(box: Kept) -> None:
    running = asyncio.create_task(box.incidents.run())
    try:
        await box.incidents.saw(box.sign())
        box.clock.advance(3_600)
        await box.incidents.saw(box.sign(place="yard"))  # wakes it
        await until(lambda: box.incidents.open_now()[0].to and box.changes > 3)
        await box.incidents.look()
        assert "reminder" in [one["why"] for one in await box.told("told")]
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_a_deadline_that_fails_by_itself_is_told_and_tried_again(
    box: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    await box.incidents.saw(box.sign())
    box.clock.advance(3_600)
    monkeypatch.setattr(steps, "deadline", fails)
    await box.incidents.look()
    assert [one.code for one in box.incidents.trouble()] == ["M-104"]
    monkeypatch.undo()
    await box.incidents.look()
    assert box.incidents.trouble() == []
    assert len(await box.told("told")) == 2


async def test_a_deadline_that_fails_keeps_no_other_incident_from_its_next_person(
    box: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = steps.deadline

    def fails(transaction: Transaction, scene: Scene, id_: str) -> Effects:
        if id_ == first:
            raise ZeroDivisionError("a defect")
        return take(transaction, scene, id_)

    await box.incidents.saw(box.sign())
    first = only(box)
    await box.incidents.saw(box.sign(Kind.MEDICAL))
    box.clock.advance(3_600)
    monkeypatch.setattr(steps, "deadline", fails)
    await box.incidents.look()
    assert [one.code for one in box.incidents.trouble()] == ["M-104"]
    assert [(one["kind"], one["why"]) for one in await box.told("told")] == [
        ("other", "first"), ("medical", "first"), ("medical", "reminder"),
    ]  # fmt: skip


async def test_a_deadline_that_keeps_failing_is_not_tried_without_a_pause(
    box: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def fails(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError("a defect")

    await box.incidents.saw(box.sign())
    box.clock.advance(3_600)
    monkeypatch.setattr(steps, "deadline", fails)
    running = asyncio.create_task(box.incidents.run())
    await until(lambda: tries)
    for _ in range(50):  # as often it could have tried again
        await box.outbox.transact(lambda _transaction: None)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert tries < 3


# --- clips --------------------------------------------------------------------------------------------------------


async def test_a_clip_is_kept_of_the_cameras_that_saw_it(box: Kept) -> None:
    await box.incidents.saw(box.sign(Kind.FIGHT, camera="cam-1", certain=False))
    await box.incidents.saw(box.sign(Kind.FIGHT, camera="cam-1", certain=False))
    await box.incidents.saw(box.sign(Kind.FIGHT, camera="cam-2", certain=False))
    await box.incidents.drained()
    assert box.clips == [("cam-1", 15, 45, Severity.ERROR), ("cam-2", 15, 45, Severity.ERROR)]
    assert [(one["camera"], one["clip"][:8]) for one in await box.told("evidence")] == [
        ("cam-1", "00000001"),
        ("cam-2", "00000002"),
    ]


@pytest.mark.parametrize(("place", "cameras"), [("hall", ["cam-1", "cam-2"]), ("attic", []), ("", [])])
async def test_where_no_camera_saw_it_all_of_the_place_keep_one(box: Kept, place: str, cameras: list[str]) -> None:
    await box.incidents.saw(box.sign(Kind.FIRE, place=place))
    await box.incidents.drained()
    assert [camera for camera, *_ in box.clips] == cameras


async def test_a_drill_and_a_report_of_bullying_keep_none(box: Kept) -> None:
    await box.incidents.drill(Kind.FIRE, "hall")
    await box.incidents.report("9" * 8, Kind.BULLYING, "hall", certain=True)
    await box.incidents.drained()
    assert box.clips == []


async def test_the_events_are_alarms(box: Kept) -> None:
    await box.incidents.saw(box.sign(Kind.FIRE, place="attic"))  # no camera is there
    assert [one["severitytext"] for one in await events(box.outbox, Lane.ALARM)] == ["FATAL", "FATAL"]
