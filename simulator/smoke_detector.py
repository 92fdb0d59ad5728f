"""A Calectro UG-3, smoke detector in a ventilation duct: pymodbus's own server on TCP, three discrete inputs.

It records every question: a test proves that nothing was ever written.
"""

from __future__ import annotations

import asyncio

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

MOUNTED, SERVICE, SMOKE = 0b001, 0b010, 0b100  # 1x0001, 1x0002, 1x0003


class SmokeDetector:
    """Its inputs may be changed at any time; start() after stop() is the power coming back."""

    def __init__(self, name: str, port: int, *, unit: int = 1) -> None:
        self.name = name
        self.port = port
        self.unit = unit
        self.inputs = MOUNTED
        self.late_s = 0.0  # it answers so much later
        self.asked: set[int] = set()  # function codes
        self.questions = 0
        self._server: ModbusTcpServer | None = None

    @property
    def smokes(self) -> bool:
        return bool(self.inputs & SMOKE)

    async def start(self) -> None:
        bits, registers = DataType.BITS, DataType.REGISTERS
        coils = [SimData(0, count=16, values=False, datatype=bits)]
        inputs = [SimData(0, count=16, values=False, datatype=bits)]
        nothing = [SimData(0, values=0, datatype=registers)]
        device = SimDevice(self.unit, simdata=(coils, inputs, nothing, nothing), action=self._act)
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        """The power goes: every connection breaks."""
        if self._server is not None:
            await self._server.shutdown()
            self._server = None

    async def _act(
        self, function: int, start: int, address: int, count: int, registers: list[int], values: object
    ) -> ExcCodes | None:
        self.asked.add(function)
        self.questions += 1
        if self.late_s:
            await asyncio.sleep(self.late_s)
        if function == 2:
            registers[0] = self.inputs
        return None
