"""Any Modbus device as a table of values: pymodbus's own server on a serial line or on TCP, every function recorded."""

from __future__ import annotations

from pathlib import Path

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.serial_line import SerialLine, join

UNIT = 1


class Detector:
    """Discrete inputs and input registers that a test may change at any time; `asked` has (function, address, count).

    inputs     discrete inputs from address 0
    registers  input registers from `first`
    """

    def __init__(self, folder: Path, *, inputs: int = 16, first: int = 0, registers: int = 1) -> None:
        self.inputs = [False] * inputs
        self.registers = [0] * registers
        self.asked: list[tuple[int, int, int]] = []
        self.agent_end = SerialLine(folder / "detector", baud=115_200)
        self._device_end = SerialLine(folder / "detector-device", baud=115_200)
        self._first = first
        self._server: ModbusSerialServer | ModbusTcpServer | None = None

    async def start(self, *, tcp_port: int = 0) -> None:
        bits, words = DataType.BITS, DataType.REGISTERS
        nothing = [SimData(0, count=16, values=False, datatype=bits)]
        inputs = [SimData(0, count=len(self.inputs), values=False, datatype=bits)]
        holding = [SimData(0, values=0, datatype=words)]
        registers = [SimData(self._first, count=len(self.registers), values=0, datatype=words)]
        device = SimDevice(UNIT, simdata=(nothing, inputs, holding, registers), action=self._act)
        if tcp_port:
            self._server = ModbusTcpServer(device, address=("127.0.0.1", tcp_port))
        else:
            self.agent_end.plug()
            self._device_end.plug()
            join(self.agent_end, self._device_end)
            self._server = ModbusSerialServer(
                device, framer=FramerType.RTU, port=str(self._device_end.link), baudrate=9600
            )
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()
        self.agent_end.unplug()
        self._device_end.unplug()

    async def _act(
        self, function: int, start: int, address: int, count: int, registers: list[int], values: object
    ) -> ExcCodes | None:
        print(function, start, address, count, registers, values)
        self.asked.append((function, address, count))
        return None
