"""The desk served for real, on a free port of loopback; and a browser that looks at it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from centre.settings import Settings
from centre.web.databases import Databases
from centre.web.routes import application
from centre.web.visit import Desk
from tests.centre.far_box import until
from tests.centre.web.made_up_city import PASSWORD

CHROMIUM = "/usr/bin/chromium"


@contextmanager
def served(settings: Settings, port: int = 0) -> Iterator[str]:
    """Its address."""
    listening = socket.create_server(("127.0.0.1", port))
    app = application(Desk(settings, Databases(settings.database), secure=False))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, http="h11", ws="none", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's; `make setup` installs it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def log_in(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("form[action='/login'] button")
    page.wait_for_url(f"{url}/")
