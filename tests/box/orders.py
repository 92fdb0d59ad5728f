"""Orders of the centre, by its own commands, and the box's answers. Those that change the box: tests/box/changes.py."""

from __future__ import annotations

import asyncio
import contextlib
import time

from simulator.media_server import MediaServer
from tests.box.box import AGENT, LONG_S, Box
from tests.box.far import SCHOOL
from tests.box.tree import HERE, until


async def order_ping(box: Box) -> None:
    assert (await box.order("ping"))["time"]


async def order_status(box: Box) -> None:
    assert (await box.order("status"))["school"] == SCHOOL


async def order_pace(box: Box) -> None:
    await box.order("pace", {"bytes_per_s": 1_000_000, "for_s": 1})


async def order_resend(box: Box) -> None:
    args = {"epoch": box.status()["epoch"], "lane": "record", "first": 1, "last": 3}
    assert (await box.order("resend", args))["events"] == 3


async def order_reference_reload(box: Box) -> None:
    assert "cards" in (await box.order("reference.reload"))["datasets"]


async def order_reader_test(box: Box) -> None:
    told = await box.order("reader.test", {"device": "canteen-1"})
    assert [(one["light"], one["code"]) for one in told["lights"]] == [
        ("accepted", ""), ("refused", ""), ("wait", ""),
    ], told  # fmt: skip


async def order_camera_snapshot(box: Box) -> None:
    told = await box.order("camera.snapshot", {"camera": "corridor"})
    city = box.centre.city
    for form, key in (("evidence", city.police_key), ("blurred", city.desk_key)):
        picture = b""
        end_s = time.monotonic() + LONG_S
        while not picture:
            assert time.monotonic() < end_s, f"{form} is not whole at the centre"
            picture = await city.picture(SCHOOL, told[form], key)
        assert picture.startswith(b"\xff\xd8"), form


async def orders_live_start_keep_stop(box: Box) -> None:
    box.media = MediaServer("media", box.media_port, box.folder, box.folder / "media.pem", host=HERE)
    await box.media.start()
    session = "3d2f8a41-7c60-4b5e-9a1d-52f0c9e8b764"
    args = {
        "session": session, "camera": "corridor", "host": HERE, "port": box.media_port, "path": "live/q7Zk3vXo",
        "seconds": 120, "by": "aliya",
    }  # fmt: skip
    await box.order("live.start", args)
    for _ in range(20):  # who looks says so again and again; the machine may be busy
        await box.order("live.keep", {"session": session})
        with contextlib.suppress(TimeoutError):
            await box.media.until_shown(10, 10)
            break
    assert len(box.media.look()) >= 10
    await box.order("live.stop", {"session": session})
    await until("the view's end on the record", lambda: ended_views(box) == ["stopped"])


def ended_views(box: Box) -> list[str]:
    return [one["data"]["reason"] for one in box.centre.events("live.view") if one["data"]["state"] == "ended"]


async def order_live_start_to_a_stranger_is_refused(box: Box) -> None:
    args = {
        "session": "3d2f8a41-7c60-4b5e-9a1d-52f0c9e8b765", "camera": "corridor", "host": "elsewhere.example",
        "port": 322, "path": "live/x", "seconds": 60, "by": "aliya",
    }  # fmt: skip
    answer = await asyncio.to_thread(box.centre.order, "live.start", args)
    assert (answer["outcome"], answer["reason"]) == ("refused", "forbidden_host"), answer


async def order_bundle_for_nobody_is_refused(box: Box) -> None:
    """The city has named no keys of support: tests/agent/bundle/test_whole_way.py goes the whole way."""
    answer = await asyncio.to_thread(box.centre.order, "bundle")
    assert (answer["outcome"], answer["reason"]) == ("refused", "no_recipient"), answer


async def orders_incident_report_and_answer(box: Box) -> None:
    words = box.folder / "words.txt"
    words.write_text("smoke in the gym")
    code, said = await asyncio.to_thread(
        box.centre.command, "incident", "report", SCHOOL, "--kind", "fire", "--place", "gym",
        "--words", str(words), "--author", "aliya", "--wait", "60",
    )  # fmt: skip
    assert code == 0, said
    found = await until("the incident at the centre", lambda: box.incidents("fire", drill=False))
    code, said = await asyncio.to_thread(
        box.centre.command, "incident", "answer", found[0], "dismissed", "--reason", "false_alarm", "--school",
        SCHOOL, "--author", "aliya", "--wait", "60",
    )  # fmt: skip
    assert code == 0, said


async def order_drill(box: Box) -> None:
    told = await box.order("drill", {"kind": "fire", "place": "gym"})
    await until("the drill at the centre", lambda: told["incident"] in box.incidents("fire", drill=True))
    await box.close_all()


async def order_restart(box: Box) -> None:
    before = box.tree.shown(AGENT, "MainPID")
    await box.order("restart")
    await until("another daemon, online", lambda: box.tree.shown(AGENT, "MainPID") != before and box.working(), LONG_S)
