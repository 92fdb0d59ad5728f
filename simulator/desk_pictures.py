"""Pictures of the desk for docs/desk.md, taken in Chromium while a simulated day goes on and when it is over:
`make demo SECONDS=60` with --faults none --pictures docs/desk.

What is on them happened in that day: its incidents, invented names, a drawn gate.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page
from playwright.async_api import TimeoutError as NotThere

from simulator.desk import OPERATOR, POLICE, Desk
from simulator.desk_visit import chromium, in_browser

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
AT_ONCE = 4  # cards, so that a board is worth a picture
PATIENCE_S = 60.0
LIVE_MS = 30_000
CAMERA = "gate"


async def of_the_day(desk: Desk, school: str, out: Path) -> None:
    """The way in, the form, the board, a live view."""
    out.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        await _stranger(browser, desk, out / "login-ru-wide.png", "/login", "ru", narrow=False)
        path = f"/report?school={school}&language=kk"
        await _stranger(browser, desk, out / "report-kk-narrow.png", path, "kk", narrow=True)
        async with _speaks(browser, desk, OPERATOR, "ru") as page:
            await _until_busy(page)
            await page.screenshot(path=out / "board-ru-wide.png", full_page=True)
        with contextlib.suppress(NotThere):  # the day has no live view for us: the others are taken all the same
            async with _speaks(browser, desk, POLICE, "ru") as page:
                await _live(page, out / "live-ru-wide.png")


async def when_over(desk: Desk, school: str, incident: str, out: Path) -> None:
    """One incident, whole: what was told and said, its files, who has looked."""
    async with chromium() as browser, _speaks(browser, desk, OPERATOR, "kk") as page:
        await page.goto(f"{desk.url}/incident/{school}/{incident}")
        await page.screenshot(path=out / "incident-kk-wide.png", full_page=True)


@asynccontextmanager
async def _speaks(browser: Browser, desk: Desk, name: str, language: str) -> AsyncIterator[Page]:
    async with in_browser(browser, desk.url, desk.login(name)) as visitor:
        page = visitor.page
        await page.click(f".languages button[value={language}]")
        await page.wait_for_selector(f"html[lang={language}]")
        yield page
        await page.click(".languages button[value=en]")  # the account keeps its language: the day is read in English
        await page.wait_for_selector("html[lang=en]")


async def _stranger(browser: Browser, desk: Desk, out: Path, path: str, language: str, *, narrow: bool) -> None:
    """Without a login."""
    size = NARROW if narrow else WIDE
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, locale=language
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(desk.url + path)
    await page.screenshot(path=out, full_page=narrow)
    await context.close()


async def _until_busy(page: Page) -> None:
    """Some incidents at once, of which somebody is on one."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while await page.locator(".card").count() < AT_ONCE or not await page.locator(".card.going").count():
                await asyncio.sleep(0.1)
    await asyncio.sleep(1.2)  # the countdown has begun


async def _live(page: Page, out: Path) -> None:
    fire = page.locator(".card h3 a").first
    await fire.click(timeout=LIVE_MS)
    asked = page.locator("form[action$='/live']")
    await asked.locator("select").select_option(CAMERA, timeout=LIVE_MS)
    await asked.locator("input[name=reason]").fill("пожар в столовой")
    await asked.locator("button").click()
    await page.wait_for_selector("#livestate.started", timeout=LIVE_MS)
    await page.screenshot(path=out)
    await page.click("form[action$='/stop'] button")
