"""Whether anything changed, on both databases; and who waits for it."""

from __future__ import annotations

import asyncio

from centre.database import Database
from centre.errors import StoreDown
from centre.reports import Reports, Typed
from centre.web.databases import Databases
from centre.web.watch import Watch, version
from tests.centre.incident_box import ahead
from tests.centre.web.made_up_city import City


def test_every_change_of_the_board_is_seen(fresh: City) -> None:
    database, seen = fresh.store.database, []
    box = fresh.boxes["school-07"]

    def look() -> None:
        seen.append(version(database))

    look()
    name = box.opens("fight", "hall", "fight", "camera", ago_s=1)
    look()
    box.tells(name, "fight", "hall", [("duty", "")], ago_s=1, left_s=60)
    look()
    box.answers(name, "confirmed", "", ago_s=0)
    look()
    box.closes(name, "confirmed", "", ago_s=0)
    look()
    typed = Reports(database).add(Typed(school="school-07", kind="other", words="so"))
    look()
    Reports(database).answer(typed.id, "acknowledged", "olga")
    look()
    fresh.store.note_ahead("school-07", "ahead-1", ahead("told"))
    look()
    assert len(set(seen) - {seen[0]}) == len(seen) - 2  # closed: as it was before it was opened
    assert version(database) == seen[-1]


async def test_who_waits_hears_of_it_at_once(fresh: City) -> None:
    watch = Watch(Databases(fresh.settings.database))
    task = asyncio.create_task(watch.run())
    shown = await watch.other_than(("", False), 5)
    waiting = asyncio.create_task(watch.other_than(shown, 5))
    await asyncio.to_thread(fresh.boxes["school-07"].opens, "fight", "hall", "fight", "camera", ago_s=1)
    assert (await waiting)[0] != shown[0]
    now = (watch.version, watch.down)
    assert await watch.other_than(now, 0.05) == now
    task.cancel()


async def test_a_database_that_is_away_is_told_and_comes_back(fresh: City) -> None:
    away = True

    def look(_: Database) -> str:
        if away:
            raise StoreDown("gone")
        return "one"

    watch = Watch(Databases(fresh.settings.database), look)
    watch.version = "before"
    task = asyncio.create_task(watch.run())
    assert await watch.other_than(("before", False), 5) == ("before", True)
    away = False
    assert await watch.other_than(("before", True), 5) == ("one", False)
    task.cancel()


async def test_nobody_there_and_nothing_is_read(fresh: City) -> None:
    read: list[int] = []
    watch = Watch(Databases(fresh.settings.database), lambda _: str(read.append(1)))
    task = asyncio.create_task(watch.run())
    await asyncio.sleep(0)
    assert read == []
    task.cancel()
