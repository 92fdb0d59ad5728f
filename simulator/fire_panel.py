"""A Bolid S2000-PP: pymodbus's own server behind a paced serial line, or on TCP.

It records every function that was asked: a test proves that nothing was ever written.
Wire    holding registers 40000 on: a zone each, the code of top priority in the high byte; 46152: the type, 36.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.serial_line import SerialLine, join

NORMAL, FIRE, ATTENTION, FAULT, RESTORED = (24, 188), (37, 44), (44, 24), (41, 24), (188, 24)
TYPE_REGISTER, TYPE = 46152, 36
ZONE_REGISTER = 40000


class FirePanel:
    """Zones from 1; set() changes one as the panel would show it."""

    def __init__(self, folder: Path, name: str, *, zones: int, unit: int = 2, baud: int = 9600) -> None:
        self.name = name
        self.unit = unit
        self.zones = [NORMAL] * zones
        self.busy = False
        self.type = TYPE
        self.asked: set[int] = set()  # function codes
        self.questions = 0
        self.read_ns: dict[int, int] = {}  # of each zone: when its codes were first asked for, by the wall clock
        self.agent_end = SerialLine(folder / name, baud=baud)
        self.device_end = SerialLine(folder / f"{name}-device", baud=baud)
        self._server: ModbusSerialServer | ModbusTcpServer | None = None

    async def start(self, *, tcp_port: int = 0, host: str = "127.0.0.1") -> None:
        """On the serial line, or on TCP if a port is given."""
        device = SimDevice(self.unit, simdata=self._data(), action=self._act)
        if tcp_port:
            self._server = ModbusTcpServer(device, address=(host, tcp_port))
        else:
            self.agent_end.plug()
            self.device_end.plug()
            join(self.agent_end, self.device_end)
            path = str(self.device_end.link)
            self._server = ModbusSerialServer(
                device, framer=FramerType.RTU, port=path, baudrate=9600, ignore_missing_devices=True
            )
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
        self.agent_end.unplug()
        self.device_end.unplug()
        await asyncio.sleep(0)

    def set(self, zone: int, codes: tuple[int, int]) -> None:
        self.zones[zone - 1] = codes
        self.read_ns.pop(zone, None)

    def _data(self) -> Any:
        bits, registers = DataType.BITS, DataType.REGISTERS
        coils = [SimData(0, count=16, values=False, datatype=bits)]
        inputs = [SimData(0, count=16, values=False, datatype=bits)]
        holding = [
            SimData(ZONE_REGISTER, count=len(self.zones), values=0, datatype=registers),
            SimData(TYPE_REGISTER, values=[TYPE, 301, 0], datatype=registers),
        ]
        return coils, inputs, holding, [SimData(4096, count=16, values=0, datatype=registers)]

    async def _act(
        self, function: int, start: int, address: int, count: int, registers: list[int], values: object
    ) -> ExcCodes | None:
        self.asked.add(function)
        self.questions += 1
        if self.busy:
            return ExcCodes.DEVICE_BUSY
        if function == 3 and ZONE_REGISTER <= address < ZONE_REGISTER + len(self.zones):
            for index in range(count):
                zone = address - ZONE_REGISTER + index
                self.read_ns.setdefault(zone + 1, time.time_ns())
                high, low = self.zones[zone]
                registers[address + index - start] = high << 8 | low
        if function == 3 and address == TYPE_REGISTER:
            registers[address - start] = self.type
        return None
