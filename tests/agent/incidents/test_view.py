"""In which order incidents are shown, and that showing them needs no library of the daemon's."""

from __future__ import annotations

import subprocess
import sys

from agent.incidents.kinds import Kind
from agent.incidents.life import Input
from agent.incidents.view import in_order
from agent.incidents.views import view_of
from tests.agent.incidents.house import House


def test_what_waits_comes_first_then_the_most_urgent_then_the_oldest() -> None:
    house = House()
    made = {}
    for kind in (Kind.OTHER, Kind.FIGHT, Kind.FIRE, Kind.TAMPER):
        made[kind] = house.opens(house.sign(kind))
        house.wait(1)
    second = house.opens(house.sign(Kind.FIGHT, place="yard"))
    house.say(made[Kind.FIRE], Input.ACKNOWLEDGE)
    views = in_order([view_of(one) for one in house.live()])
    expected = [made[Kind.FIGHT], second, made[Kind.OTHER], made[Kind.TAMPER], made[Kind.FIRE]]
    assert [one.incident for one in views] == expected


def test_the_status_is_shown_without_what_only_the_daemon_needs() -> None:
    told = "import sys, agent.ops.status; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyrage", "sqlite3", "cryptography", "asyncio"} & set(loaded)
