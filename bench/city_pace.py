"""The order `pace` to every school of a city, queued as the desk's orders are, and sent by `mektep-centre deliver`.

What is limited is what each box sends besides alarms, so that the centre gets a whole city's backlog at a rate that it
has chosen. A box that is not there yet gets its order when it comes.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.city_stored import Stored
from centre.database import open_database
from centre.order_queue import OrderQueue
from centre.settings import load_settings
from simulator.city import City

FOR_S = 3_600
TRIED_FOR_S = 600
STATES = "select state, count(*) from order_due where name = 'pace' group by state"


def order_pace(city: City, schools: Iterable[str], bytes_per_s: int) -> None:
    database = open_database(load_settings(city.folder / "centre.toml").database)
    queue = OrderQueue(database)
    with database.transaction():
        for school in schools:
            queue.add(school, "pace", {"bytes_per_s": bytes_per_s, "for_s": FOR_S}, for_s=TRIED_FOR_S)
    database.close()


async def obeyed(stored: Stored) -> int:
    """How many boxes have answered that they do."""
    return sum(count for state, count in await stored.read(STATES) if state == "done")
