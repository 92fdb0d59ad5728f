"""Live views from order to end: who may look where and for how long, and that each one stands on the record."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.datasets import Live, MediaServer
from agent.live import views
from agent.live.session import END_S, KEEP_S
from agent.model import Lane
from agent.sync.orders import Denied, Failed
from drivers.driver import LiveTarget, Video
from drivers.live.views import REFUSED
from tests.agent.live.box import RULES, SESSION, Box, box
from tests.agent.sync.box import until


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[Box]:
    async with box(tmp_path) as made:
        yield made


STARTED = ("1", "started", "")


# --- it begins ------------------------------------------------------------------------------------------------------


async def test_it_stands_on_the_record_before_the_camera_is_told(school: Box) -> None:
    on_the_record: list[int] = []
    told = school.cameras["gate"].show_live

    def show(session: str, target: LiveTarget) -> None:
        on_the_record.append(school.outbox.last(school.outbox.epoch, Lane.RECORD))
        told(session, target)

    before = school.outbox.last(school.outbox.epoch, Lane.RECORD)
    school.cameras["gate"].show_live = show  # type: ignore[method-assign]
    await school.start()
    assert on_the_record == [before + 1]
    (event,) = await school.records()
    assert event == event | {
        "session": f"{SESSION}1", "camera": "gate", "state": "started", "by": "operator olga", "host": "media.example",
    }  # fmt: skip
    assert "secret" not in str(event)


async def test_the_camera_is_told_where_and_who_vouches_for_it(school: Box) -> None:
    await school.start()
    target = school.cameras["gate"].shown[f"{SESSION}1"]
    assert (target.url, target.ca, target.main) == ("rtsps://media.example:322/live/secret", "PEM", False)
    assert target.check_dates
    assert [(one.camera, one.by, one.host) for one in school.views.shown()] == [
        ("gate", "operator olga", "media.example")
    ]
    school.rules = Live(servers=[MediaServer(host="media.example")])
    school.clock.is_synced = False
    await school.start(2, camera="yard", main=True)
    target = school.cameras["yard"].shown[f"{SESSION}2"]
    assert (target.ca, target.main, target.check_dates) == ("CITY", True, False)


async def test_a_camera_with_masks_is_told_that_there_are_some(school: Box) -> None:
    """Its process shows nothing if it knows of none."""
    for number, (camera, masked) in enumerate([("hall", True), ("desk", False)], 1):
        await school.start(number, camera=camera)
        assert school.cameras[camera].shown[f"{SESSION}{number}"].masked is masked


async def test_the_same_order_again_changes_nothing(school: Box) -> None:
    await school.start()
    await school.start()
    assert len(await school.records()) == len(school.views.shown()) == 1


FORBIDDEN = [
    ("no data of the centre", None, {}),
    ("no server in them", Live(servers=[]), {}),
    ("another host", RULES, {"host": "elsewhere.example"}),
    ("another port", RULES, {"port": 323}),
    ("a name that ends like it", RULES, {"host": "evil-media.example"}),
]


@pytest.mark.parametrize(("rules", "changes"), [row[1:] for row in FORBIDDEN], ids=[row[0] for row in FORBIDDEN])
async def test_a_host_that_is_not_in_the_signed_data_gets_nothing(
    school: Box, rules: Live | None, changes: dict[str, Any]
) -> None:
    school.rules = rules
    with pytest.raises(Denied, match=r"^forbidden_host$"):
        await school.start(**changes)
    assert (school.forbidden, school.cameras["gate"].shown, await school.records()) == (["forbidden_host"], {}, [])


async def test_what_cannot_be_shown_is_said_in_a_word(school: Box) -> None:
    school.cameras["hall"].counters.video = Video(encodes=False)
    for camera, word in (("attic", "unknown_camera"), ("hall", "no_encoder")):
        with pytest.raises(Failed, match=f"^{word}$"):
            await school.start(camera=camera)
    school.close("gate")
    with pytest.raises(Failed, match=r"^camera_gone$"):
        await school.start()
    assert (await school.records(), school.views.shown(), school.forbidden) == ([], [], [])


async def test_no_more_views_than_the_centre_allows(school: Box) -> None:
    for number in (1, 2):
        await school.start(number)
    with pytest.raises(Failed, match=r"^too_many_views$"):
        await school.start(3)
    school.views.stop(f"{SESSION}1")
    await school.start(3)
    assert len(school.views.shown()) == 2


async def test_without_an_authority_nothing_is_sent(tmp_path: Path) -> None:
    async with box(tmp_path, ca="") as school:
        school.rules = Live(servers=[MediaServer(host="media.example")])
        with pytest.raises(Failed, match=r"^no_authority$"):
            await school.start()


# --- it ends --------------------------------------------------------------------------------------------------------


async def test_the_centre_stops_it(school: Box) -> None:
    await school.start()
    school.clock.advance(12)
    school.views.stop(f"{SESSION}1")
    assert await school.told() == [STARTED, ("1", "ended", "stopped")]
    *_, end = await school.records()
    assert (end["seconds"], end["bytes"]) == (12, 5_000)
    school.views.stop(f"{SESSION}1")  # once more changes nothing
    assert len(await school.told()) == 2
    assert school.cameras["gate"].ended == [f"{SESSION}1"]


async def test_without_a_word_it_lapses_and_with_one_it_goes_on(school: Box) -> None:
    await school.start()
    school.clock.advance(KEEP_S - 1)
    school.views.keep(f"{SESSION}1")
    school.clock.advance(KEEP_S - 1)
    assert await school.told() == [STARTED]
    school.clock.advance(1)
    assert await school.told() == [STARTED, ("1", "ended", "lapsed")]
    with pytest.raises(Failed, match=r"^unknown_session$"):
        school.views.keep(f"{SESSION}1")


@pytest.mark.parametrize(("asked", "allowed", "seconds"), [(60, 900, 60), (600, 40, 40)])
async def test_it_ends_at_its_limit_the_centre_s_data_s_or_the_order_s(
    school: Box, asked: int, allowed: int, seconds: int
) -> None:
    school.rules = msgspec.structs.replace(RULES, seconds=allowed)
    await school.start(seconds=asked)
    for _ in range(seconds):
        assert await school.told() == [STARTED]
        school.views.keep(f"{SESSION}1")
        school.clock.advance(1)
    assert await school.told() == [STARTED, ("1", "ended", "limit")]


@pytest.mark.parametrize("reason", ["host", "certificate", "codec", "defect"])
async def test_what_ended_it_in_the_camera_s_process_is_the_reason(school: Box, reason: str) -> None:
    await school.start()
    school.cameras["gate"].tell(f"{SESSION}1", "ended", reason, bytes_sent=7)
    assert await school.told() == [STARTED, ("1", "ended", reason)]
    assert (await school.records())[-1]["bytes"] == 7
    assert school.views.shown() == []


async def test_a_camera_that_goes_ends_its_own_views(school: Box) -> None:
    await school.start(1)
    await school.start(2, camera="yard")
    school.cameras["gate"].tell(f"{SESSION}1", "going", bytes_sent=99)
    school.close("gate")
    assert (await school.told())[2:] == [("1", "ended", "camera")]
    assert (await school.records())[-1]["bytes"] == 99
    assert [one.camera for one in school.views.shown()] == ["yard"]
    school.open("gate")  # nothing resumes by itself
    assert list(school.cameras["gate"].shown) == [f"{SESSION}1"]
    assert [one.camera for one in school.views.shown()] == ["yard"]


async def test_a_camera_that_goes_while_it_is_ending_changes_no_reason(school: Box) -> None:
    camera = school.cameras["gate"]
    await school.start()
    camera.answers_at_once = False
    school.views.stop(f"{SESSION}1")
    school.close("gate")
    assert (await school.told())[1:] == [("1", "ended", "stopped")]


async def test_a_process_that_does_not_say_that_it_is_over_is_not_waited_for(school: Box) -> None:
    await school.start()
    school.cameras["gate"].answers_at_once = False
    school.views.stop(f"{SESSION}1")
    assert await school.told() == [STARTED]
    school.clock.advance(END_S)
    assert await school.told() == [STARTED, ("1", "ended", "stopped")]


async def test_a_restart_ends_on_the_record_what_was_on_and_resumes_nothing(tmp_path: Path) -> None:
    async with box(tmp_path) as school:
        await school.start(1)
        await school.start(2, camera="yard")
        school.views.stop(f"{SESSION}2")
        await school.views.look()
    async with box(tmp_path) as again:
        assert (await again.told())[-1] == ("1", "ended", "restart")
        assert (await again.told()).count(("1", "ended", "restart")) == 1
        assert all(camera.shown == {} for camera in again.cameras.values())
        assert again.views.shown() == []
        end = (await again.records())[-1]
        assert (end["camera"], end["by"], end["host"]) == ("gate", "operator olga", "media.example")
    async with box(tmp_path) as third:
        assert (await third.told()).count(("1", "ended", "restart")) == 1


async def test_a_note_of_the_earlier_life_that_cannot_be_read_does_not_end_this_one(tmp_path: Path) -> None:
    async with box(tmp_path) as school:
        await school.outbox.remember(views.FACT, b'[{"id":1}]')
    async with box(tmp_path) as again:
        await again.start(1)
        assert await again.told() == [STARTED]


async def test_no_order_is_followed_before_the_earlier_life_is_on_the_record(school: Box) -> None:
    school.views._begun.clear()
    starting = asyncio.create_task(school.start())
    await asyncio.sleep(0)
    assert school.cameras["gate"].shown == {}
    school.views._begun.set()
    await starting


async def test_its_own_loop_ends_what_is_due(school: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "LOOK_S", 0.01)
    school.views._begun.clear()  # as at its start
    running = asyncio.create_task(school.views.run())
    try:
        await school.start()
        school.clock.advance(KEEP_S)
        await until(lambda: school.cameras["gate"].ended)
        await until(lambda: school.views.shown() == [])
        await school.start(2)
        school.close("gate")
        await until(lambda: not school.views._over)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [one[1:] for one in await school.told()] == [
        ("started", ""), ("ended", "lapsed"), ("started", ""), ("ended", "camera"),
    ]  # fmt: skip


async def test_its_own_loop_ends_also_where_something_happens_in_that_moment(school: Box) -> None:
    """asyncio.wait_for() of Python 3.11 loses a cancellation that comes with what it waits for."""
    school.views._begun.clear()
    running = asyncio.create_task(school.views.run())
    await school.start()
    for _ in range(20):  # until it waits
        await asyncio.sleep(0)
    await until(lambda: not school.views._wake.is_set())
    school.views._wake.set()
    running.cancel()
    await asyncio.wait([running], timeout=5)
    assert running.cancelled()
    running.cancel()


async def test_which_cameras_may_be_shown(school: Box) -> None:
    def shown() -> list[bool]:
        return [school.views.may_be_shown(name) for name in ("gate", "yard", "hall", "desk", "attic")]

    assert shown() == [True, True, True, True, False]
    school.cameras["hall"].counters.video = Video(encodes=False)
    school.cameras["desk"].counters.video = Video(encodes=True)
    school.close("yard")
    assert shown() == [True, False, False, True, False]
    school.rules = Live(servers=[])
    assert shown() == [False] * 5


ROOT = Path(__file__).parents[3]


def test_every_word_that_the_centre_may_hear_is_on_the_page() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "agent/live").glob("*.py"))
    of_the_cell = [*(ROOT / "drivers/live").glob("*.py"), *(ROOT / "drivers/cameras").glob("*.py")]
    ends = "".join(path.read_text(encoding="utf-8") for path in of_the_cell)
    words = set(re.findall(r'(?:Failed|Denied|\.end|_end)\((?:\w+, )?"([a-z_]+)"', source))
    words |= set(re.findall(r'(?:Ended\(|Unshowable\(|reason=)"([a-z_]+)"', source + ends)) | REFUSED.keys()
    page = (ROOT / "docs/live.md").read_text(encoding="utf-8")
    assert {
        "masked",
        "no_encoder",
        "no_picture",
        "forbidden_host",
        "unknown_session",
        "camera",
        "stopped",
        "certificate",
        "restart",
    } <= words
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []
