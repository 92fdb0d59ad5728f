"""How spans of time and names read."""

from __future__ import annotations

import pytest

from centre.incident_screen import names, span
from centre.incidents import Person


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")],
)
def test_spans(seconds: int, text: str) -> None:
    assert span(seconds) == text


def test_names_stand_with_their_role() -> None:
    anna = Person(role="duty", key="a" * 16, name="Анна")
    nameless, city = Person(role="deputy", key="b" * 16), Person(role="city")
    assert names([anna, nameless, city, Person(role="")]) == f"duty Анна, deputy {'b' * 16}, city, ?"
    assert names([]) == ""
