"""A reader by libosdp's device side in the same process, for the tests of the parts that have no port."""

from __future__ import annotations

from typing import Any

from drivers.readers.osdp_frame import Frame, next_frame
from simulator.osdp_device import Device


class Wire:
    """Where the device writes."""

    def __init__(self) -> None:
        self.said = b""

    def write(self, data: bytes) -> None:
        self.said += data


class Peer:
    """Answers at once."""

    def __init__(self, key: bytes, address: int = 1) -> None:
        self._wire = Wire()
        self._device = Device(address, key.hex(), self._wire)  # type: ignore[arg-type]
        self.asked: list[int] = []

    def answer(self, data: bytes) -> bytes:
        """The frame that it says; nothing if it did not understand."""
        frame = next_frame(bytearray(data))
        assert frame is not None
        self.asked.append(frame.code)
        self._wire.said = b""
        self._device.hear(frame.data)
        return self._wire.said.lstrip(b"\xff")

    def tell(self, **order: Any) -> None:
        self._device.tell(order)


def code(data: bytes) -> int:
    return Frame(data.lstrip(b"\xff")).code
