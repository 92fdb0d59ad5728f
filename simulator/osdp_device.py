"""OSDP readers by libosdp's own device side, as a program of its own: python -m simulator.osdp_device PORT BAUD

Standard input, a line each, JSON:
    {"address": 1, "on": KEY}                     the reader has power, and that key in hex ("" = none: the default key)
    {"address": 1, "off": true}                   its power is gone, and what it kept
    {"address": 1, "bits": 26, "card": HEX}       a card is held before it
    {"address": 1, "away": true}                  it was taken away: what was not asked for yet is forgotten
    {"address": 1, "tamper": 1, "power": 0}       its cover, its power
    {"address": 1, "knows": false}                it refuses each command but the necessary ones
Standard output, likewise: {"address": 1, "led": 2, "blinks": false, "at": SECONDS}, "beeps" and "beep_s", "key" (was
written), "shown" (of a card).
libosdp must be handed whole frames, here as at the other end.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import sys
import time
import tty
from typing import Any

import osdp_sys

SOM = 0x53
TICK_S = 0.02
TURN_S = 0.003  # real readers take a few milliseconds
STALE_S = 0.1  # of a frame that does not end
ABSENT_S = 0.05  # between looks for a port that is unplugged


class Channel:
    """What one device reads and writes."""

    def __init__(self, port: Port) -> None:
        self.id = 0
        self.arrived = b""
        self._port = port

    def read(self, most: int) -> bytes:
        taken, self.arrived = self.arrived[:most], self.arrived[most:]
        return taken

    def write(self, data: bytes) -> int:
        self._port.write(data)
        return len(data)

    def flush(self) -> None:
        self.arrived = b""


class Port:
    """The serial port; opened again when it was unplugged."""

    def __init__(self, path: str) -> None:
        self.fd = -1
        self._path = path
        self._buffer = bytearray()
        self._at_s = 0.0

    def open(self) -> None:
        with contextlib.suppress(OSError):
            self.fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(self.fd)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.fd, data)

    def frames(self) -> list[bytes]:
        """What arrived, in whole frames; what is cut short is forgotten."""
        try:
            data = os.read(self.fd, 4096)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            os.close(self.fd)
            self.fd = -1
            return []
        if time.monotonic() - self._at_s > STALE_S:
            self._buffer.clear()
        self._at_s = time.monotonic()
        self._buffer += data
        return list(iter(self._next, b""))

    def _next(self) -> bytes:
        start = self._buffer.find(SOM)
        del self._buffer[: start if start >= 0 else len(self._buffer)]
        if len(self._buffer) < 8:
            return b""
        length = self._buffer[2] | self._buffer[3] << 8
        if length > 256:
            del self._buffer[:1]
            return self._next()
        if len(self._buffer) < length:
            return b""
        frame = bytes(self._buffer[:length])
        del self._buffer[:length]
        return frame


class Device:
    """One reader."""

    def __init__(self, address: int, key: str, port: Port) -> None:
        self.address = address
        self.channel = Channel(port)
        self._status = {"tamper": 0, "power": 0}
        self._knows = True
        capabilities = [
            {"function_code": code, "compliance_level": 1, "num_items": 1}
            for code in (
                osdp_sys.CAP_COMMUNICATION_SECURITY, osdp_sys.CAP_READER_LED_CONTROL, osdp_sys.CAP_READER_AUDIBLE_OUTPUT
            )
        ]  # fmt: skip
        about: dict[str, Any] = {
            "name": f"reader-{address}", "address": address, "channel": self.channel, "version": 1, "model": 1,
            "vendor_code": 0xCAFE, "serial_number": address, "firmware_version": 1, "flags": 0,
        }  # fmt: skip
        if key:
            about |= {"scbk": bytes.fromhex(key), "flags": osdp_sys.FLAG_ENFORCE_SECURE}
        self._machine = osdp_sys.PeripheralDevice(about, capabilities=capabilities)
        self._machine.set_command_callback(self._on_command)

    def hear(self, frame: bytes) -> None:
        time.sleep(TURN_S)
        self.channel.arrived = frame
        self._machine.refresh()

    def tick(self) -> None:
        self._machine.refresh()

    def tell(self, order: dict[str, Any]) -> None:
        if "card" in order:
            card = {"event": osdp_sys.EVENT_CARDREAD, "reader_no": 0, "direction": 0, "length": order["bits"]}
            card |= {"format": osdp_sys.CARD_FMT_RAW_WIEGAND, "data": bytes.fromhex(order["card"])}
            self._machine.submit_event(card)
            say(self.address, shown=order["card"])
        elif "away" in order:
            self._machine.flush_events()
        elif "knows" in order:
            self._knows = order["knows"]
        else:
            self._status |= {name: order[name] for name in self._status if name in order}
            self._machine.submit_event({"event": osdp_sys.EVENT_STATUS} | self._report())

    def _report(self) -> dict[str, Any]:
        return {"type": osdp_sys.STATUS_REPORT_LOCAL, "report": bytes(self._status.values())}

    def _on_command(self, command: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        reply = self._obeyed(command) if self._knows else None
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(reply))  # libosdp gives back one reference too many
        return (0 if self._knows else -1), reply

    def _obeyed(self, command: dict[str, Any]) -> dict[str, Any] | None:
        kind = command["command"]
        if kind == osdp_sys.CMD_LED:
            say(self.address, led=command["on_color"], blinks=command["off_count"] > 0)
        elif kind == osdp_sys.CMD_BUZZER:
            say(self.address, beeps=command["rep_count"], beep_s=command["on_count"] / 10)
        elif kind == osdp_sys.CMD_KEYSET:
            say(self.address, key=command["data"].hex())
        elif kind == osdp_sys.CMD_STATUS:
            return {"command": kind} | self._report()
        return None


def say(address: int, **what: object) -> None:
    print(json.dumps({"address": address, "at": time.monotonic()} | what), flush=True)


class Readers:
    """All readers of one port."""

    def __init__(self, path: str) -> None:
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self._port = Port(path)
        self._devices: dict[int, Device] = {}
        self._orders = b""

    def run(self) -> None:
        """Until standard input ends."""
        while True:
            if self._port.fd < 0:
                self._port.open()
            watched = [0] if self._port.fd < 0 else [0, self._port.fd]
            ready, _, _ = select.select(watched, [], [], ABSENT_S if self._port.fd < 0 else TICK_S)
            if 0 in ready and not self._obey():
                return
            if self._port.fd in ready:
                for frame in self._port.frames():
                    self._hear(frame)
            if not ready:
                for device in self._devices.values():
                    device.tick()

    def _hear(self, frame: bytes) -> None:
        for device in self._devices.values():
            if frame[1] == device.address:
                device.hear(frame)

    def _obey(self) -> bool:
        data = os.read(0, 65536)
        *lines, self._orders = (self._orders + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            address = order["address"]
            if "on" in order:
                self._devices[address] = Device(address, order["on"], self._port)
                say(address, ready=True)
            elif "off" in order:
                self._devices.pop(address, None)
            elif address in self._devices:
                self._devices[address].tell(order)
        return bool(data)


if __name__ == "__main__":
    Readers(sys.argv[1]).run()
