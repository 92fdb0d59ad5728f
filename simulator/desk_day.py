"""The end of a day at the desk: every incident is looked up there by the city's operator, who opens its blurred
picture; the police open a picture and a video of each kind that is theirs. In Chromium, or where there is none by HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

from simulator import desk_truth
from simulator.desk import OPERATOR, POLICE, Desk
from simulator.desk_page import cards, links, shown
from simulator.desk_truth import Looked
from simulator.desk_visit import NO_BROWSER, DeskError, InBrowser, Visitor, by_http, chromium, has_browser, in_browser
from simulator.incident_truth import Centre, Life

OF_POLICE = ("fire", "fight", "intrusion")
WHY = {OPERATOR: "the end of the day", POLICE: "a case of the day"}


class Visit(NamedTuple):
    """What came of it."""

    wrong: list[str]
    told: dict[str, Any]  # for the report


async def visit(desk: Desk, school: str, found: Mapping[str, Life], centre: Centre) -> Visit:
    """The school's incidents, on the pages of the desk."""
    how = "Chromium" if has_browser() else NO_BROWSER
    try:
        async with visitors(desk) as who:
            looks = [await _look(who, school, one) for one in _wanted(found.values(), centre)]
            read = await _read(who, school, found, looks)
    except DeskError as error:
        return Visit([f"the desk: {error}"], {"how": how, "incidents": 0, "looks": 0})
    told = {"how": how, "incidents": len(read.pages), "looks": len(read.looks)}
    return Visit(desk_truth.wrong(read, found, centre), told)


@asynccontextmanager
async def visitors(desk: Desk) -> AsyncIterator[dict[str, Visitor]]:
    """The city's operator and the police, logged in."""
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium()) if has_browser() else None
        found: dict[str, Visitor] = {}
        for name in (OPERATOR, POLICE):
            if browser:
                found[name] = await stack.enter_async_context(in_browser(browser, desk.url, desk.login(name)))
            else:
                found[name] = await by_http(desk.url, desk.login(name))
        yield found


async def _look(who: Mapping[str, Visitor], school: str, wanted: Looked) -> Looked:
    seen = await who[wanted.who].look(_path(school, wanted.incident), wanted.file, wanted.why)
    return wanted._replace(seen=seen)


async def _read(
    who: Mapping[str, Visitor], school: str, found: Mapping[str, Life], looks: list[Looked]
) -> desk_truth.Desk:
    operator = who[OPERATOR]
    pages = {name: shown(await operator.read(_path(school, name))) for name in found}
    board = cards(await operator.read("/"))
    listed = links(await operator.read("/history"))
    mark = f"i-{school}-"
    return desk_truth.Desk(
        pages=pages,
        cards={name.removeprefix(mark): group for name, group in board.items() if name.startswith(mark)},
        listed={path.rsplit("/", 1)[-1] for path in listed if path.startswith("/incident/")},
        looks=looks,
        said=[one for visitor in who.values() if isinstance(visitor, InBrowser) for one in visitor.said],
    )


def _wanted(found: Iterable[Life], centre: Centre) -> list[Looked]:
    """The operator: the first blurred picture of each incident. The police: the first picture and video of a kind."""
    wanted: dict[tuple[str, str], Looked] = {}
    for life in found:
        kind = life.opened[0]["kind"] if life.opened else ""
        for name in life.files:
            _, form, whole = centre.files.get(name, ("", "", False))
            who, key = (OPERATOR, life.id) if form == "blurred" else (POLICE, kind)
            if whole and (who == OPERATOR or kind in OF_POLICE):
                wanted.setdefault((key, form), Looked(life.id, name, who, WHY[who], seen=False))
    return list(wanted.values())


def _path(school: str, incident: str) -> str:
    return f"/incident/{school}/{incident}"
