"""The desk's live button, the whole way: a click of the police in Chromium, the order, the box, and a picture that is
decoded at a real media server, over TLS with a verified certificate; a server that cannot prove who it is gets nothing.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from centre.pki import issue
from simulator.desk import POLICE
from simulator.desk_visit import chromium, in_browser
from simulator.fire_panel import FIRE
from simulator.media_server import MediaServer, certificate
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera
from simulator.school import SCHOOL, School
from tests.drivers.supervised import until

WITHIN_S = 2.0  # from the click to the first decoded picture
CAMERA = '\n[[camera]]\nname = "hall"\nplace = "canteen"\ndriver = "rtsp"\nurl = "{url}"\n'


class City:
    """A school with one camera, its city with a desk, and where live views go."""

    def __init__(self, folder: Path) -> None:
        self.camera = RtspCamera("hall", free_port(), folder, gop_s=2, rate=15)
        self.school = School(folder, direct=True, more=CAMERA.format(url=self.camera.url), desk=True)
        self.port = free_port()

    async def start(self) -> None:
        school = self.school
        await school.make()
        with (school.city.folder / "centre.toml").open("a") as file:
            file.write(f'\n[live]\nservers = [{{ host = "localhost", port = {self.port} }}]\n')
        await self.camera.start()
        await school.start()
        await school.city.name_recipient(SCHOOL)
        allowed = school.folder / "live.json"
        allowed.write_text(json.dumps({"servers": [{"host": "localhost", "port": self.port}]}))
        school.city.must("reference", SCHOOL, "live", str(allowed))
        assert school.desk is not None
        await school.desk.open(SCHOOL, guard=False)
        school.panel.set(1, FIRE)

    async def stop(self) -> None:
        await self.school.stop()
        await self.camera.stop()
        self.school.clean()

    def vouched(self) -> Path:
        """A certificate by the city's own authority, with its key."""
        folder = self.school.folder / "media"
        issue(self.school.city.folder / "pki", "media", folder, "media", hosts=("localhost",))
        both = folder / "media.pem"
        both.write_bytes((folder / "media.crt").read_bytes() + (folder / "media.key").read_bytes())
        return both


@pytest.fixture
async def city() -> AsyncIterator[City]:
    found = City(Path(tempfile.mkdtemp(prefix="mektep-desk-")))  # the broker's user must reach it
    try:
        await found.start()
        yield found
    finally:
        await found.stop()


async def order(page: Page, url: str, reason: str) -> float:
    """As the police do, from the fire's page; when it was clicked."""
    await page.goto(url)
    fire = page.locator(".card h3 a").first
    await fire.wait_for()
    await fire.click()
    asked = page.locator("form[action$='/live']")
    await until_listed(page)
    await asked.locator("select").select_option("hall")
    await asked.locator("input[name=reason]").fill(reason)
    began_s = time.monotonic()
    await asked.locator("button").click()
    return began_s


async def until_listed(page: Page) -> None:
    """The box has told which cameras can be shown."""
    async with asyncio.timeout(30):
        while not await page.locator("option[value=hall]").count():
            await page.reload()


async def test_from_a_click_at_the_desk_to_a_picture_at_the_media_server(city: City, tmp_path: Path) -> None:
    desk = city.school.desk
    assert desk is not None
    server = MediaServer("media", city.port, tmp_path, city.vouched())
    await server.start()
    try:
        async with chromium() as browser, in_browser(browser, desk.url, desk.login(POLICE)) as police:
            page = police.page
            clicked_s = await order(page, desk.url, "a fire in the canteen")
            await server.until_shown(5)
            took_s = server.shown[0].decoded_ns / 1e9 - clicked_s
            print(f"from the click to the first decoded picture: {took_s:.2f} s")
            assert took_s < WITHIN_S
            await page.wait_for_selector("#livestate.started")
            assert f"rtsps://localhost:{city.port}/live/" in await page.inner_text("#url")
            assert (server.came, server.broken) == (1, 0)
            await page.click("form[action$='/stop'] button")
            await page.wait_for_selector("#livestate.ended")
            await until(lambda: server.look() and server.went)
            await nobody_vouches_for_the_server(city, page, tmp_path, server)
            assert police.said == []
    finally:
        await server.stop()
    looks = json.loads(city.school.city.must("custody", "--json").splitlines()[0])
    assert (looks["account"], looks["what"], looks["reason"]) == ("police", "live", "a fire in the canteen")


async def nobody_vouches_for_the_server(city: City, page: Page, tmp_path: Path, known: MediaServer) -> None:
    """Somebody else at its address, with a certificate of their own: the page says why nothing comes."""
    await known.stop()
    both, _ = await certificate(tmp_path)
    stranger = MediaServer("stranger", city.port, tmp_path, both)
    await stranger.start()
    try:
        assert city.school.desk is not None
        await order(page, city.school.desk.url, "once more")
        told = page.locator("#livestate.failed, #livestate.ended")
        await told.wait_for()
        assert "not who it says" in await told.inner_text()
        assert stranger.look() == []
    finally:
        await stranger.stop()
