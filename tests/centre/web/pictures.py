"""Every page of the desk as a picture, of a made-up city: `python -m tests.centre.web.pictures FOLDER`.

Chromium in three languages, at a desk and on a telephone; for whoever changes a page. Those of docs/desk are of a
simulated day: simulator/desk_pictures.py.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.centre.web.made_up_city import City, fill, made
from tests.centre.web.served import chromium, log_in, served

WIDE, NARROW = (1280, 800), (390, 844)
LANGUAGES = ("ru", "kk", "en")


def pages(city: City) -> dict[str, str]:
    fight = f"/incident/school-07/{city.incidents['fight']}"
    return {
        "board": "/", "incident": fight, "schools": "/schools", "cameras": "/cameras", "drills": "/drills",
        "custody": "/custody", "history": "/history", "report": "/report",
    }  # fmt: skip


def draw(browser: Browser, url: str, city: City, out: Path) -> None:
    for language in LANGUAGES:
        for shape, (width, height) in (("wide", WIDE), ("narrow", NARROW)):
            context = browser.new_context(viewport={"width": width, "height": height}, locale=language)
            page = context.new_page()
            log_in(page, url, "olga")
            page.click(f".languages button[value={language}]")
            page.wait_for_selector(f"html[lang={language}]")
            for name, path in pages(city).items():
                page.goto(url + path)
                page.wait_for_timeout(300)  # the countdown has begun
                whole = shape == "narrow" or name in ("board", "incident")
                page.screenshot(path=out / f"{name}-{language}-{shape}.png", full_page=whole)
            context.close()


def main() -> int:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        city = made(Path(folder))
        fill(city)
        with served(city.settings) as url, chromium() as browser:
            draw(browser, url, city, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
