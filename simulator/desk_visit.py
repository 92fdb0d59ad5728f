"""Somebody at the desk: Chromium, where it is installed, else plain HTTP. Both log in, read pages, and look at files.

Raises  DeskError where the desk does not do what a person there would expect.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simulator.desk import Login
from simulator.desk_page import form_token, logged_in, picture

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
NO_BROWSER = "no browser here (Chromium and playwright, of the extra dev): the desk was read by plain HTTP"
PATIENCE_MS = 20_000
JPEG, VIDEO = b"\xff\xd8", b"ftyp"
DRAWN = "one => (one.naturalWidth || one.videoWidth || 0) > 0"


class DeskError(Exception):
    """What the desk did not do, in words."""


class Visitor(Protocol):
    """Who is logged in."""

    async def read(self, path: str) -> str:
        """A page's HTML."""
        ...

    async def look(self, incident: str, file: str, reason: str) -> bool:
        """Open a file from its incident's page. Whether it can be seen; incident: its path."""
        ...


def has_browser() -> bool:
    return CHROMIUM.exists() and importlib.util.find_spec("playwright") is not None


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's; `make setup` installs it."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


class InBrowser:
    """A page of Chromium; `said` is what it complains of."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.said: list[str] = []
        self._url = url
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))

    async def read(self, path: str) -> str:
        answer = await self.page.goto(self._url + path)
        if answer is None or not answer.ok:
            raise DeskError(f"{path} is answered with {answer.status if answer else 'nothing'}")
        return await self.page.content()

    async def look(self, incident: str, file: str, reason: str) -> bool:
        await self.read(incident)
        row = self.page.locator(f"form[action$='/look/{file}']")
        if not await row.count():
            raise DeskError(f"{incident} does not offer {file[:8]}")
        await row.locator("input[name=reason]").fill(reason)
        await row.locator("button").click()
        seen = self.page.locator(".look")
        await seen.wait_for()
        for _ in range(PATIENCE_MS // 50):
            if await seen.evaluate(DRAWN):
                return True
            await asyncio.sleep(0.05)
        return False


@asynccontextmanager
async def in_browser(browser: Browser, url: str, login: Login) -> AsyncIterator[InBrowser]:
    """Logged in, in a context of its own."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    found = InBrowser(await context.new_page(), url)
    try:
        await found.read("/login")
        await found.page.fill("input[name=name]", login.name)
        await found.page.fill("input[name=password]", login.password)
        await found.page.click("form[action='/login'] button")
        await found.page.wait_for_url(f"{url}/")
        yield found
    finally:
        await context.close()


class ByHttp:
    """Somebody with a cookie and no browser."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    async def log_in(self, login: Login) -> None:
        token = form_token(await self.read("/login"))
        page = await self._ask("/login", {"name": login.name, "password": login.password, "csrf": token})
        if not logged_in(page.decode()):
            raise DeskError(f"{login.name} cannot log in")

    async def read(self, path: str) -> str:
        return (await self._ask(path)).decode()

    async def look(self, incident: str, file: str, reason: str) -> bool:
        token = form_token(await self.read(incident))
        page = await self._ask(f"{incident}/look/{file}", {"csrf": token, "reason": reason})
        content = await self._ask(picture(page.decode()))
        return content.startswith(JPEG) or content[4:8] == VIDEO

    async def _ask(self, path: str, form: dict[str, str] | None = None) -> bytes:
        data = urllib.parse.urlencode(form).encode() if form is not None else None

        def ask() -> bytes:
            with contextlib.closing(self._opener.open(self._url + path, data, PATIENCE_MS / 1e3)) as answer:
                return bytes(answer.read())

        try:
            return await asyncio.to_thread(ask)
        except (urllib.error.URLError, TimeoutError) as error:
            raise DeskError(f"{path}: {error}") from error


async def by_http(url: str, login: Login) -> ByHttp:
    """Logged in."""
    found = ByHttp(url)
    await found.log_in(login)
    return found
