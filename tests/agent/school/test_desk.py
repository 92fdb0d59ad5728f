"""Each purpose of a reader has its rule."""

from __future__ import annotations

import pytest

from agent.book import EMPTY
from agent.model import Moment
from agent.school import desk
from agent.school.purpose import Purpose
from agent.school.tapped import Tapped
from drivers.readings import Light


@pytest.mark.parametrize("purpose", Purpose)
def test_the_purpose_finds_its_rule(purpose: Purpose, monkeypatch: pytest.MonkeyPatch) -> None:
    tap = Tapped(reader="r", purpose=purpose, form="uid4", card="0f" * 16, at=Moment(7, 3, True), boot="a boot")
    monkeypatch.setitem(desk.RULES, purpose, lambda *given: Light.REFUSED if given == (None, EMPTY, tap) else None)
    assert desk.decide(None, EMPTY, tap) is Light.REFUSED  # type: ignore[arg-type]
