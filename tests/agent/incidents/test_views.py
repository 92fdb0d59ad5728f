"""What others see of an incident, in words."""

from __future__ import annotations

import msgspec

from agent.incidents.kinds import Kind
from agent.incidents.life import Input, State
from agent.incidents.views import before_it_is_kept, view_of
from agent.model import Severity
from tests.agent.incidents.house import MAIN, House


def test_a_view_says_what_it_is_who_was_told_and_until_when() -> None:
    house = House()
    view = view_of(house.one(house.opens(house.camera(Kind.FIGHT))))
    assert (view.kind, view.place, view.state, view.certainty.value) == (Kind.FIGHT, "hall", State.TOLD, "suspected")
    assert [(one.role, one.staff) for one in view.to] == [("duty", MAIN)]
    assert (view.opened, view.answer_by) == ("2026-11-23T05:00:00.000000Z", "2026-11-23T05:01:00.000000Z")
    assert view.cameras == ("cam-1",)
    assert (view.severity, view.lights) == (Severity.ERROR, True)
    assert msgspec.json.decode(msgspec.json.encode(view), type=type(view)) == view


def test_lights_show_what_waits_for_an_answer() -> None:
    house = House()
    incident = house.opens(house.sign())
    house.say(incident, Input.ACKNOWLEDGE)
    assert not view_of(house.one(incident)).lights
    assert not view_of(house.one(house.opens(house.sign(Kind.BULLYING)))).lights


def test_a_certain_sign_is_seen_before_it_is_kept() -> None:
    house = House()
    view = before_it_is_kept(house.sign(), "id")
    assert (view.incident, view.state, view.lights, view.signs[0].source) == ("id", State.OPENED, True, "panel/1")
