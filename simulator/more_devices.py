"""One device of every further kind: OSDP, PC/SC and typing readers, a lamp, contacts, smoke sensors, a camera."""

from __future__ import annotations

import asyncio
import shutil
import time
import uuid
from pathlib import Path

from simulator.contacts import Contact
from simulator.gpio_chip import GpioChip
from simulator.loop_converter import LoopConverter
from simulator.osdp_reader import OsdpBus
from simulator.pcsc_reader import PcscReader
from simulator.pcsc_service import PcscService
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera
from simulator.smoke_detector import SmokeDetector
from simulator.smoke_sensor import SmokeSensor
from simulator.typing_reader import TypingReader

OSDP_NAMES = ("gym-1", "gym-2")
PCSC_NAME = "ACS ACR122U simulated"
CAMERA_PASSWORD = "simulated"  # noqa: S105 - of a camera that is none
GREEN, RED, DOOR, BUTTON = 22, 23, 17, 27  # lines of the chip
LAMP_LOOK_S = 0.005
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a cell may use what lies under /dev, as it may the true chip
STAND_IN = Path(__file__).with_name("stand_in")
CONFIG = """
[[reader]]
name = "gym-1"
driver = "osdp"
port = "{bus}"
address = 1
key = "osdp-gym-1"
install = true
baud = 38400

[[reader]]
name = "gym-2"
driver = "osdp"
port = "{bus}"
address = 2
key = "osdp-gym-2"
install = true
baud = 38400

[[reader]]
name = "library"
driver = "pcsc"
reader = "ACS ACR122U*"
lights = "acr122u"

[[reader]]
name = "hall"
driver = "hid"
device = "{typing}"
format = "10d"
form = "wiegand34"
signal = "hall-lamp"

[[signal]]
name = "hall-lamp"
driver = "gpio_signal"
chip = "{chip}"
green = 22
red = 23

[[sensor]]
name = "duct"
driver = "modbus_panel"
profile = "calectro-ug-3"
host = "127.0.0.1"
tcp_port = {detector}
zones = {{ 1 = "ventilation duct, kitchen" }}

[[sensor]]
name = "attic"
driver = "serial_smoke"
port = "{board}"
zones = {{ 1 = "attic", 2 = "stairs" }}

[[sensor]]
name = "door"
driver = "gpio_contact"
chip = "{chip}"
line = 17
normally = "closed"

[[sensor]]
name = "button"
driver = "gpio_contact"
chip = "{chip}"
line = 27
normally = "open"
role = "button"

[[sensor]]
name = "loop"
driver = "supervised_loop"
converter = "{converter}"
channel = 0

[[camera]]
name = "gate"
driver = "rtsp"
url = "{camera}"
user = "viewer"
secret = "gate-password"
covered_s = 2.0
"""


class LampedReader(TypingReader):
    """A reader that types, with a lamp beside it: what a child sees is the lamp."""

    card_bytes = 4

    def __init__(self, name: str, link: Path, chip: GpioChip) -> None:
        super().__init__(name, link)
        self.last_light = ""
        self.latency_ms: list[float] = []
        self._chip = chip
        self._plugged = False

    def plug(self) -> None:
        super().plug()
        self._plugged = True

    def unplug(self) -> None:
        super().unplug()
        self._plugged = False

    def takes_cards(self) -> bool:
        """It is plugged in."""
        return self._plugged

    def number(self, card: bytes) -> str:
        """Form and number of a card of four bytes as this reader tells it."""
        return f"wiegand34:{card.hex().upper()}"

    async def show(self, card: bytes, patience_s: float) -> str:
        """Hold a card; returns G or R, or nothing if the lamp stayed dark. The light before must have gone out."""
        ends_s = time.monotonic() + patience_s
        while self._light() and time.monotonic() < ends_s:
            await asyncio.sleep(LAMP_LOOK_S)
        await super().show(card, patience_s)
        shown_s = time.monotonic()
        while not (light := self._light()) and time.monotonic() < shown_s + patience_s:
            await asyncio.sleep(LAMP_LOOK_S)
        self.last_light = light
        if light:
            self.latency_ms.append((time.monotonic() - shown_s) * 1e3)
        return light

    def _light(self) -> str:
        try:
            return "G" if self._chip.level(GREEN) else "R" if self._chip.level(RED) else ""
        except (OSError, ValueError):
            return ""  # the chip is gone


class MoreDevices:
    """Made in the box's folder; the chip lies where a cell may use devices."""

    def __init__(self, box: Path) -> None:
        self._box = box
        self._devices = Path(SHARED_MEMORY) / f"mektep-devices-{uuid.uuid4().hex[:12]}"
        self.osdp = OsdpBus(box, "rs-485", baud=38400)
        for address, name in enumerate(OSDP_NAMES, 1):
            self.osdp.add(name, address, key=b"")  # as from the maker: the agent writes its key
        self.pcsc = PcscReader("library", box / "ccid")
        self.pcscd: PcscService | None = None
        self.detector = SmokeDetector("duct", free_port())
        self.board = SmokeSensor(box / "attic", zones=2)
        self.chip = GpioChip(self._devices / "gpiochip", [GREEN, RED, DOOR, BUTTON])
        self.door = Contact(self.chip, DOOR, closed=True)
        self.button = Contact(self.chip, BUTTON, closed=False)
        self.typing = LampedReader("hall", box / "hall", self.chip)
        self.converter = LoopConverter(self._devices / "converter")
        self._camera_port = free_port()
        self.camera: RtspCamera | None = None

    @property
    def _pcscd_socket(self) -> Path:
        return self._box / "pcscd.comm"

    def config(self) -> str:
        return CONFIG.format(
            bus=self.osdp.line.link,
            typing=self.typing.link,
            chip=self.chip.folder,
            detector=self.detector.port,
            board=self.board.line.link,
            converter=self.converter.folder,
            camera=f"rtsp://127.0.0.1:{self._camera_port}/main",
        )

    def secrets(self) -> dict[str, str]:
        """What is stored by `mektep secret`; nothing where the box makes the key itself."""
        return {**{f"osdp-{name}": "" for name in OSDP_NAMES}, "gate-password": CAMERA_PASSWORD}

    def environment(self) -> dict[str, str]:
        """Where the service lies that is not the system's own, and the library that stands for GPIO's."""
        return {"PCSCLITE_CSOCK_NAME": str(self._pcscd_socket), "PYTHONPATH": str(STAND_IN)}

    async def start(self) -> None:
        await self.detector.start()
        await self.osdp.start()
        self.pcscd = PcscService(self._box, self._pcscd_socket, {PCSC_NAME: self.pcsc.line.link})
        self.pcsc.plug()
        await self.pcscd.start()
        self.pcsc.service = self.pcscd
        self.board.plug()
        self.chip.plug()
        self.typing.plug()
        self.converter.plug()
        self.camera = RtspCamera(
            "gate", self._camera_port, self._box / "camera", user="viewer", password=CAMERA_PASSWORD
        )
        await self.camera.start()

    def let_go(self) -> None:
        """After a kill: what the agent had open is free, as a true port is."""
        self.osdp.line.let_go()

    async def stop(self) -> None:
        if self.camera is not None:
            await self.camera.stop()
        self.converter.unplug()
        self.typing.unplug()
        self.chip.unplug()
        self.board.unplug()
        self.pcsc.service = None
        self.pcsc.unplug()
        if self.pcscd is not None:
            await self.pcscd.end()
        await self.osdp.stop()
        await self.detector.stop()
        shutil.rmtree(self._devices, ignore_errors=True)
