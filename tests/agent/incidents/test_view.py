"""In which order incidents are shown, and that showing them needs no library of the daemon's."""

from __future__ import annotations

import subprocess
import sys

from agent.incidents.kinds import MANNERS, Kind
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


def test_what_lamps_show_needs_the_box_until_it_is_dismissed() -> None:
    house = House()
    for kind in Kind:
        row = house.opens(house.sign(kind, place=kind.value))
        needs = []
        for given in (None, Input.ACKNOWLEDGE, Input.CONFIRM):
            if given is not None:
                house.say(row, given)
            needs.append(next(view_of(one).needs_box for one in house.live() if one.id == row))
        assert needs == [MANNERS[kind].lights] * 3
    dismissed = house.opens(house.sign(Kind.FIGHT, place="yard"))
    house.say(dismissed, Input.DISMISS)
    assert [view_of(one).needs_box for one in house.live() if one.id == dismissed] == [False]  # and it is open still


def test_the_status_is_shown_without_what_only_the_daemon_needs() -> None:
    told = "import sys, agent.ops.status; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyrage", "sqlite3", "cryptography", "asyncio"} & set(loaded)
