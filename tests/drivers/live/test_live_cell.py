"""A network camera in its real cell, under all that a cell gives up, shown live to a real media server."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext

from agent.cells.cells import Cells
from drivers.cameras.rtsp import Settings
from drivers.driver import LiveProgress
from simulator.rtsp_camera import RtspCamera
from simulator.scenes import Sight
from tests.drivers.cameras.far_camera import far_camera
from tests.drivers.cameras.test_ring import scene
from tests.drivers.cameras.test_rtsp_cell import in_its_cell, pid
from tests.drivers.live.far_media import Pixels, far_media, is_hidden, target
from tests.drivers.outlines import LEFT
from tests.drivers.supervised import Kept, until

PATH = "live/7f3a-nobody-else-knows"


def seen(camera: RtspCamera) -> set[str]:
    """SHA-256 of each picture that the camera can show now."""
    (path,) = camera._folder.parent.glob(f"{Sight.CLEAR}-h264-320x180-*")
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    given = [*(av.Packet(data) for _, data in scene(path)), None]
    frames = [frame for one in given for frame in decoder.decode(one)]
    return {hashlib.sha256(frame.to_ndarray(format="yuv420p").tobytes()).hexdigest() for frame in frames}


def filmed(cells: Cells):  # type: ignore[no-untyped-def]
    cell = cells.cell("gate")
    assert cell is not None
    (remote,) = cell._channels.values()
    return remote.filmed


def shown_to_others(cells: Cells) -> bytes:
    of_the_process = Path(f"/proc/{pid(cells)}")
    return (of_the_process / "cmdline").read_bytes() + (of_the_process / "environ").read_bytes()


async def live(kept: Kept, cells: Cells, camera: RtspCamera) -> None:
    news: list[LiveProgress] = []
    await until(kept.works)
    channel = filmed(cells)
    channel.on_live = news.append
    async with far_media() as server:
        channel.show_live("a-view", target(server, path=PATH))
        await server.until_shown(12)
        assert {one.sha256 for one in server.shown} <= seen(camera)
        assert (server.broken, PATH.encode() in shown_to_others(cells)) == (0, False)
        channel.end_live("a-view")
        await until(lambda: news and news[-1].state == "ended")
        await until(lambda: server.look() and server.went == 1)
    assert (news[0].state, news[-1].reason) == ("started", "stopped")


async def test_what_the_camera_sends_arrives_as_it_is() -> None:
    async with far_camera() as far, in_its_cell(Settings(url=far.url, sub_url=far.url), "") as (kept, cells):
        await live(kept, cells, far)
        still = await filmed(cells).still()
        assert (still.jpeg[:2], still.blurred[:2]) == (b"\xff\xd8", b"\xff\xd8")
        assert kept.states == ["working"]


async def test_a_camera_with_a_mask_is_shown_and_no_picture_is_without_it() -> None:
    """Also when somebody joins, and when the picture gets another size: then it is over."""
    async with far_camera() as far, in_its_cell(Settings(url=far.url, masks=(LEFT,)), "") as (kept, cells):
        await until(kept.works)
        news: list[LiveProgress] = []
        seen: list[Pixels] = []
        channel = filmed(cells)
        channel.on_live = news.append
        async with far_media() as server:
            server.on_picture = seen.append
            channel.show_live("a-view", target(server, path="live/masked", masked=True))
            await server.until_shown(8)
            far.resize(240, 180)
            await until(lambda: news and news[-1].state == "ended")
            await until(lambda: server.look() and server.went == 1)
        assert [is_hidden(one) for one in seen] == [True] * len(seen)
        assert not any(is_hidden(one[:, ::-1]) for one in seen)  # the rest is there
        assert {one.shape for one in seen} == {(270, 320)}
        assert (news[-1].reason, "320x180 and is 240x180" in news[-1].what) == ("masked", True)
        assert server.broken == 0


async def test_a_camera_that_goes_takes_its_view_with_it() -> None:
    async with far_camera() as far, in_its_cell(Settings(url=far.url), "") as (kept, cells), far_media() as server:
        await until(kept.works)
        news: list[LiveProgress] = []
        channel = filmed(cells)
        channel.on_live = news.append
        channel.show_live("a-view", target(server, path="live/gone"))
        await server.until_shown(3)
        far.vanish()
        await until(lambda: news[-1].state == "ended")
        await until(lambda: server.look() and server.went == 1)
        await until(lambda: kept.states[-1].startswith("V-"))
