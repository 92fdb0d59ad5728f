"""The languages that are listened for: each driver that speaks unasked has its own, and no card's number gets out."""

from __future__ import annotations

from agent.cli.discover_languages import languages
from drivers import catalog
from drivers.discovery.found import settings
from simulator.card_reader import ironlogic_line, rdm6300_frame
from simulator.smoke_sensor import SMOKE, smoke_line

CARD = bytes.fromhex("6F007B3972")


def told(data: bytes) -> dict[str, list[object]]:
    """What each language makes of the same bytes."""
    return {one.words: list(one.decode(bytearray(data))) for one in languages()}


def test_each_language_is_of_a_driver_that_there_is() -> None:
    found = {one.device.driver for one in languages()}
    assert found == {"serial_ascii", "serial_smoke"}
    assert {catalog.CATALOG[name].kind for name in found} == {"reader", "sensor"}
    assert {one.device.kind for one in languages()} == {"reader", "sensor"}


def test_a_card_is_told_without_its_number() -> None:
    assert told(rdm6300_frame(CARD)) == {"em4100": [()], "ironlogic": [], "smoke board": []}
    assert told(ironlogic_line(CARD)) == {"em4100": [], "ironlogic": [()], "smoke board": []}
    assert told(b"No card\r\n")["ironlogic"] == [None]


def test_a_board_tells_its_zone() -> None:
    assert told(smoke_line(7, 3, SMOKE, 8_400))["smoke board"] == [settings(zones=settings(**{"3": "zone 3"}))]
    assert told(smoke_line(7, 3, SMOKE, 8_400)[:-3] + b"0\r\n")["smoke board"] == []
