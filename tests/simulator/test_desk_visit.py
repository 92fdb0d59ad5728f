"""Who visits a desk, in Chromium and by HTTP: pages of a made-up city are read as they came, files are looked at, and
each look stands in the custody trail.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from simulator.city import City as SimulatedCity
from simulator.desk import OPERATOR, POLICE, Desk, Login
from simulator.desk_page import Look, cards, links, shown
from simulator.desk_visit import DeskError, InBrowser, Visitor, by_http, chromium, in_browser
from tests.centre.web.made_up_city import PASSWORD, City, fill, made
from tests.centre.web.served import served


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = made(tmp_path_factory.mktemp("city"))
    fill(city)
    return city


@pytest.fixture(scope="module")
def url(city: City) -> Iterator[str]:
    with served(city.settings) as found:
        yield found


@pytest.fixture(params=["a browser", "HTTP"])
async def police(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Visitor]:
    login = Login("bolat", PASSWORD)
    if request.param == "HTTP":
        yield await by_http(url, login)
        return
    async with chromium() as browser, in_browser(browser, url, login) as found:
        yield found
        assert found.said == []


async def test_a_visitor_reads_an_incident_and_looks_at_what_shows_it(police: Visitor, city: City) -> None:
    fight = f"/incident/school-07/{city.incidents['fight']}"
    page = shown(await police.read(fight))
    assert page is not None
    assert (page.state, page.drill, page.answers) == ("told", False, [])
    assert page.told == [frozenset({"Анна Сергеевна Ким"})]
    assert page.files == {city.files[f"fight-{form}"]: "whole" for form in ("snapshot", "blurred", "clip")}
    for form in ("snapshot", "clip"):
        assert await police.look(fight, city.files[f"fight-{form}"], "a case")
    assert shown(await police.read("/")) is None


async def test_the_board_the_list_and_the_answers(url: str, city: City) -> None:
    operator = await by_http(url, Login("olga", PASSWORD))
    board = cards(await operator.read("/"))
    assert board[f"i-school-07-{city.incidents['fight']}"] == "waiting"
    assert board[f"i-school-31-{city.incidents['tamper']}"] == "decided"
    assert f"/incident/school-07/{city.incidents['closed']}" in links(await operator.read("/history"))
    page = shown(await operator.read(f"/incident/school-07/{city.incidents['closed']}"))
    assert page is not None
    assert [one.what for one in page.answers] == ["dismissed", "closed"]
    assert "Анна Сергеевна Ким" in page.answers[0].words
    drill = shown(await operator.read(f"/incident/school-12/{city.incidents['drill']}"))
    assert drill is not None
    assert drill.drill


async def test_a_look_stands_in_the_trail_that_the_city_reads(url: str, city: City) -> None:
    operator = await by_http(url, Login("olga", PASSWORD))
    fight, file = f"/incident/school-07/{city.incidents['fight']}", city.files["fight-blurred"]
    assert await operator.look(fight, file, "the trail")
    page = shown(await operator.read(fight))
    assert page is not None
    assert Look("olga", "the trail") in page.looks


async def test_who_has_no_password_is_nobody(url: str) -> None:
    with pytest.raises(DeskError):
        await by_http(url, Login("olga", "another word"))


async def test_a_page_that_is_not_there_is_no_page(url: str) -> None:
    operator = await by_http(url, Login("olga", PASSWORD))
    with pytest.raises(DeskError):
        await operator.read("/incident/school-07/nothing")


async def test_a_browser_that_is_offered_nothing_says_so(url: str, city: City) -> None:
    async with chromium() as browser, in_browser(browser, url, Login("bolat", PASSWORD)) as police:
        assert isinstance(police, InBrowser)
        with pytest.raises(DeskError, match="does not offer"):
            await police.look(f"/incident/school-31/{city.incidents['intrusion']}", "f-1", "nothing there")


def test_the_accounts_of_a_day_share_a_password_of_this_run(tmp_path: Path) -> None:
    one, other = (Desk(SimulatedCity(tmp_path)) for _ in range(2))
    assert one.login(OPERATOR).password == one.login(POLICE).password != other.login(OPERATOR).password
    assert one.login(OPERATOR).password in one.told
