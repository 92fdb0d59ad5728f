"""The languages of devices that speak unasked, by the decoders of their drivers: card readers, smoke boards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drivers import catalog
from drivers.discovery.found import Kind, Proposal, Setting, Why, settings
from drivers.discovery.listening import Decode, Language


def languages() -> list[Language]:
    """Each format of a reader, and the smoke board. Raises DeviceError R-180 without pyserial."""
    readers, smoke = catalog.load("serial_ascii"), catalog.load("serial_smoke")
    found = [
        Language(
            words=format_.value, kind=Kind.READER, why=Why.CARD, decode=_cards(readers, decode),
            device=Proposal(kind="reader", driver="serial_ascii", settings=settings(format=format_.value)),
        )
        for format_, decode in readers.DECODERS.items()
    ]  # fmt: skip
    board = Proposal(kind="sensor", driver="serial_smoke", settings=(), remark="zones")
    return [
        *found,
        Language(words="smoke board", kind=Kind.PANEL, why=Why.HEARD, decode=_zones(smoke), device=board),
    ]


def _cards(module: Any, decode: Any) -> Decode:
    def known(buffer: bytearray) -> Iterator[tuple[Setting, ...] | None]:
        for heard in decode(buffer):
            if isinstance(heard, module.Card):
                yield ()
            elif isinstance(heard, module.Away):  # a reader's word, which only some have
                yield None

    return known


def _zones(module: Any) -> Decode:
    def known(buffer: bytearray) -> Iterator[tuple[Setting, ...] | None]:
        lines = [line for line in module.decode(buffer) if isinstance(line, module.Line)]
        return (settings(zones=settings(**{f"{line.zone}": f"zone {line.zone}"})) for line in lines)

    return known
