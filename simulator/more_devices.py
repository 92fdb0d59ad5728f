"""One device of every further kind: OSDP, PC/SC and typing readers, a lamp, contacts, smoke sensors, a camera."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from simulator.contacts import Contact
from simulator.gpio_chip import GpioChip
from simulator.lamped_reader import Lamp, LampedReader
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
VIEWER = "viewer"
CAMERA_PASSWORD = "simulated"  # noqa: S105 - of a camera that is none
GREEN, RED, YELLOW, BUZZER, DOOR, BUTTON = 22, 23, 24, 25, 17, 27  # lines of the chip
STORE, HELP, SIREN_LAMP, SIREN = 5, 6, 12, 16
LINES = [GREEN, RED, YELLOW, BUZZER, DOOR, BUTTON, STORE, HELP, SIREN_LAMP, SIREN]
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a cell may use what lies under /dev, as it may the true chip
STAND_IN = Path(__file__).with_name("stand_in")
CONFIG = """
[[reader]]
name = "gym-1"
place = "gym"
driver = "osdp"
port = "{bus}"
address = 1
key = "osdp-gym-1"
install = true
baud = 38400

[[reader]]
name = "gym-2"
place = "sports entrance"
driver = "osdp"
port = "{bus}"
address = 2
key = "osdp-gym-2"
install = true
baud = 38400

[[reader]]
name = "library"
place = "library"
driver = "pcsc"
reader = "ACS ACR122U*"
lights = "acr122u"

[[reader]]
name = "hall"
place = "corridor"
driver = "hid"
device = "{typing}"
format = "10d"
form = "wiegand34"
signal = "hall-lamp"

[[signal]]
name = "hall-lamp"
driver = "gpio_signal"
chip = "{chip}"
green = {green}
red = {red}
yellow = {yellow}
buzzer = {buzzer}

[[sensor]]
name = "duct"
place = "roof"
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
line = {door}
normally = "closed"

[[sensor]]
name = "button"
place = "yard"
driver = "gpio_contact"
chip = "{chip}"
line = {button}
normally = "open"
role = "button"

[[sensor]]
name = "loop"
place = "cellar"
driver = "supervised_loop"
converter = "{converter}"
channel = 0

[[sensor]]
name = "store-door"
place = "store"
driver = "gpio_contact"
chip = "{chip}"
line = {store}
normally = "closed"
means = "intrusion"

[[sensor]]
name = "help"
place = "corridor"
driver = "gpio_contact"
chip = "{chip}"
line = {help}
normally = "open"
role = "button"
means = "fight"

[[signal]]
name = "siren"
place = "hall"
driver = "gpio_signal"
chip = "{chip}"
red = {siren_lamp}
siren = {siren}
alerts = ["fire", "medical", "fight", "intrusion", "other"]

[[camera]]
name = "gate"
place = "gate"
driver = "rtsp"
url = "{camera}"
user = "{viewer}"
secret = "gate-password"
covered_s = 2.0
"""


class MoreDevices:
    """Made in the box's folder; the chip lies where a cell may use devices."""

    def __init__(self, box: Path) -> None:
        self._devices = Path(SHARED_MEMORY) / f"mektep-devices-{uuid.uuid4().hex[:12]}"
        self.osdp = OsdpBus(box, "rs-485", baud=38400)
        for address, name in enumerate(OSDP_NAMES, 1):
            self.osdp.add(name, address, key=b"")  # as from the maker: the agent writes its key
        self.pcsc = PcscReader("library", box / "ccid")
        self.pcscd = PcscService(box, box / "pcscd.comm", {PCSC_NAME: self.pcsc.line.link})
        self.pcsc.service = self.pcscd
        self.detector = SmokeDetector("duct", free_port())
        self.board = SmokeSensor(box / "attic", zones=2)
        self.chip = GpioChip(self._devices / "gpiochip", LINES)
        self.door = Contact(self.chip, DOOR, closed=True)
        self.button = Contact(self.chip, BUTTON, closed=False)
        self.store_door = Contact(self.chip, STORE, closed=True)
        self.help = Contact(self.chip, HELP, closed=False)
        self.lamp = Lamp(self.chip, green=GREEN, red=RED, yellow=YELLOW, buzzer=BUZZER)
        self.typing = TypingReader("hall", box / "hall")
        self.hall = LampedReader(self.typing, self.lamp)
        self.converter = LoopConverter(self._devices / "converter")
        self.camera = RtspCamera("gate", free_port(), box / "camera", user=VIEWER, password=CAMERA_PASSWORD)

    def config(self) -> str:
        return CONFIG.format(
            bus=self.osdp.line.link,
            typing=self.typing.link,
            chip=self.chip.folder,
            green=GREEN,
            red=RED,
            yellow=YELLOW,
            buzzer=BUZZER,
            door=DOOR,
            button=BUTTON,
            store=STORE,
            help=HELP,
            siren_lamp=SIREN_LAMP,
            siren=SIREN,
            detector=self.detector.port,
            board=self.board.line.link,
            converter=self.converter.folder,
            camera=self.camera.url,
            viewer=VIEWER,
        )

    def secrets(self) -> dict[str, str]:
        """What is stored by `mektep secret`; nothing where the box makes the key itself."""
        return {**{f"osdp-{name}": "" for name in OSDP_NAMES}, "gate-password": CAMERA_PASSWORD}

    def environment(self) -> dict[str, str]:
        """Where the service lies that is not the system's own, and the library that stands for GPIO's."""
        return {"PCSCLITE_CSOCK_NAME": str(self.pcscd.path), "PYTHONPATH": str(STAND_IN)}

    async def start(self) -> None:
        await self.detector.start()
        await self.osdp.start()
        self.pcsc.plug()
        await self.pcscd.start()
        self.board.plug()
        self.chip.plug()
        self.typing.plug()
        self.converter.plug()
        await self.camera.start()

    def let_go(self) -> None:
        """After a kill: what the agent had open is free, as a true port is."""
        self.osdp.line.let_go()

    async def stop(self) -> None:
        await self.camera.stop()
        self.converter.unplug()
        self.typing.unplug()
        self.chip.unplug()
        self.board.unplug()
        await self.pcscd.end()
        self.pcsc.unplug()
        await self.osdp.stop()
        await self.detector.stop()
        shutil.rmtree(self._devices, ignore_errors=True)
