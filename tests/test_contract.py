"""What every driver of the catalog owes: the shape of drivers/driver.py, a probe that never raises, nothing left open
when it is cancelled, and readings again after its device was unplugged.

A new driver adds its device here; one whose device cannot be here says where it is.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import SystemClock
from drivers.cameras import file, rtsp
from drivers.catalog import CATALOG, load
from drivers.driver import Counters, Driver, Finding, Secrets, Verdict
from drivers.errors import DeviceError
from drivers.readers import hid, osdp, pcsc, serial_ascii
from drivers.readings import CardForm, ContactChange, Light, PictureChange, Reading, Tap, ZoneChange
from drivers.sensors import gpio_contact, modbus_panel, serial_smoke, supervised_loop
from drivers.signals import gpio_signal
from simulator.card_reader import ironlogic_line
from simulator.contacts import Contact
from simulator.fire_panel import FIRE, NORMAL, FirePanel
from simulator.loop_converter import LoopConverter
from simulator.osdp_reader import OsdpBus, wiegand
from simulator.processes import free_port
from simulator.scenes import Sight
from simulator.serial_line import SerialLine
from simulator.smoke_sensor import NORMAL as NO_SMOKE
from simulator.smoke_sensor import SMOKE, SmokeSensor
from simulator.typing_reader import TypingReader
from tests.clock import FastClock
from tests.drivers.cameras.far_camera import FileOfSights, Plug, far_camera, looking_often
from tests.drivers.far_pcsc import far_reader
from tests.drivers.gpio_peer import simulated_chip
from tests.drivers.supervised import Kept, kept_reading, open_files, until
from tests.secrets import any_secret, no_secrets, these_secrets

STEPS = [*range(12), 20, 50, 200]  # of the event loop, until it is cancelled


class Line(Protocol):
    """What can be pulled and plugged."""

    def plug(self) -> None: ...

    def unplug(self) -> None: ...


class Device(NamedTuple):
    """One device on a line that can be pulled; `act` makes it report something new."""

    settings: msgspec.Struct
    line: Line
    act: Callable[[], None]
    reading: type[Reading] | UnionType | None  # None: it only shows lights
    absent: str = "P-101"  # the code while it is pulled
    secrets: Secrets = no_secrets
    back_s: float = 2.0  # at most, from the plug to when it works


@asynccontextmanager
async def card_reader(folder: Path) -> AsyncIterator[Device]:
    line = SerialLine(folder / "reader")
    line.plug()
    shown = iter(range(1, 1_000))

    def show() -> None:
        line.send(ironlogic_line(bytes([0x6F, 0, 0, 0, next(shown)])))

    settings = serial_ascii.Settings(port=str(line.link), format=serial_ascii.Format.IRONLOGIC)
    yield Device(settings, line, show, Tap)
    line.unplug()


@asynccontextmanager
async def fire_panel(folder: Path) -> AsyncIterator[Device]:
    panel = FirePanel(folder, "panel", zones=2)
    await panel.start()

    def burn() -> None:
        panel.set(1, NORMAL if panel.zones[0] == FIRE else FIRE)

    port = str(panel.agent_end.link)
    zones = {"1": "canteen", "2": "gym"}
    settings = modbus_panel.Settings(profile="bolid-s2000-pp", port=port, unit=2, zones=zones, poll_ms=50)
    yield Device(settings, panel.agent_end, burn, ZoneChange)
    await panel.stop()


@asynccontextmanager
async def pcsc_reader(folder: Path) -> AsyncIterator[Device]:
    shown = iter(range(1, 1_000))
    async with far_reader(folder) as reader:

        def show() -> None:
            reader.hold(bytes([0x24, 0, 0, next(shown)]))

        settings = pcsc.Settings(reader="ACS ACR122U*", lights=pcsc.Lights.ACR122U, poll_ms=20)
        yield Device(settings, reader, show, Tap, "R-302")


@asynccontextmanager
async def typing_reader(folder: Path) -> AsyncIterator[Device]:
    reader = TypingReader("reader", folder / "reader")
    reader.plug()
    shown = iter(range(1, 1_000))

    def show() -> None:
        reader.type(f"{next(shown):010d}")

    settings = hid.Settings(device=str(reader.link), format=hid.Format.TEN_DIGITS, form=CardForm.WIEGAND34)
    yield Device(settings, reader, show, Tap, "R-401")
    reader.unplug()


@asynccontextmanager
async def smoke_board(folder: Path) -> AsyncIterator[Device]:
    board = SmokeSensor(folder / "smoke", beat_s=0.1)
    board.plug()

    def smoke() -> None:
        board.set(1, NO_SMOKE if board.states[1] == SMOKE else SMOKE)

    yield Device(serial_smoke.Settings(port=str(board.line.link), zones={"1": "attic"}), board, smoke, ZoneChange)
    board.unplug()


@asynccontextmanager
async def contact(folder: Path) -> AsyncIterator[Device]:
    with simulated_chip(folder, [17]) as chip:
        door = Contact(chip, 17, closed=True)

        def move() -> None:
            door.move(closed=not door.closed)

        settings = gpio_contact.Settings(chip=str(chip.folder), line=17, normally="closed")
        yield Device(settings, chip, move, ContactChange, "P-201")


@asynccontextmanager
async def loop(folder: Path) -> AsyncIterator[Device]:
    converter = LoopConverter(folder / "converter")
    converter.plug()

    def close() -> None:
        converter.set(contacts=1 - converter.contacts)

    settings = supervised_loop.Settings(converter=str(converter.folder), channel=0, poll_ms=20, settle_ms=20)
    yield Device(settings, converter, close, ContactChange, "S-211")
    converter.unplug()


@asynccontextmanager
async def lamp(folder: Path) -> AsyncIterator[Device]:
    with simulated_chip(folder, [22, 23]) as chip:
        settings = gpio_signal.Settings(chip=str(chip.folder), green=22, red=23)
        yield Device(settings, chip, lambda: None, None, "P-201")


@asynccontextmanager
async def osdp_reader(folder: Path) -> AsyncIterator[Device]:
    key = bytes(range(16))
    bus = OsdpBus(folder, "bus", baud=38400)
    reader = bus.add("reader", 1, key)
    await bus.start()
    shown = iter(range(1, 1_000))

    def show() -> None:
        reader.hold(*wiegand(bytes([0, 0, next(shown)])))

    settings = osdp.Settings(port=str(bus.line.link), address=1, key="osdp-1", baud=38400)
    yield Device(settings, bus.line, show, Tap | ContactChange, secrets=these_secrets(**{"osdp-1": key.hex()}))
    await bus.stop()


@asynccontextmanager
async def network_camera(folder: Path) -> AsyncIterator[Device]:
    async with far_camera() as camera, looking_often():

        def change() -> None:
            (camera.clear if camera.sight is Sight.COVERED else camera.cover)()

        settings = rtsp.Settings(url=camera.url, covered_s=1)
        yield Device(settings, Plug(camera), change, PictureChange, "V-101", back_s=5.0)


@asynccontextmanager
async def video_file(folder: Path) -> AsyncIterator[Device]:
    """A link to one of two videos; pulled, it leads nowhere, which is noticed when the video ends."""
    seen = FileOfSights(folder)
    async with looking_often():
        settings = file.Settings(file=str(seen.link), covered_s=1)
        yield Device(settings, seen, seen.change, PictureChange, "V-101", back_s=5.0)


DEVICES: dict[str, Callable[[Path], AbstractAsyncContextManager[Device]]] = {
    "serial_ascii": card_reader,
    "modbus_panel": fire_panel,
    "pcsc": pcsc_reader,
    "osdp": osdp_reader,
    "hid": typing_reader,
    "serial_smoke": smoke_board,
    "gpio_contact": contact,
    "supervised_loop": loop,
    "gpio_signal": lamp,
    "rtsp": network_camera,
    "file": video_file,
}
PLACES = {  # driver -> the setting that says where the device is, if it is no port
    "pcsc": "reader",
    "hid": "device",
    "gpio_contact": "chip",
    "gpio_signal": "chip",
    "supervised_loop": "converter",
    "rtsp": "url",
    "file": "file",
}
ELSEWHERE = {
    "eyes": "no device: it looks at what other cells have seen (tests/agent/pipelines/test_eyes.py)",
    "csi": "rests on Debian's own libcamera: make test-csi",
    "usb": "no USB camera can be made without one, or a kernel module that plays one",
}
FEWER_STEPS = {"rtsp"}  # its thread goes on without the loop: the steps differ in little, and each opens a stream
WORDS: dict[str, dict[str, Any]] = {  # what a driver must be told besides
    "modbus_panel": {"profile": "bolid-s2000-pp", "zones": {"1": "canteen"}},
    "osdp": {"address": 1, "key": "osdp-1"},
    "hid": {"format": "10d", "form": "wiegand34"},
    "serial_smoke": {"zones": {"1": "attic"}},
    "gpio_contact": {"line": 17, "normally": "open"},
    "gpio_signal": {"green": 22},
    "supervised_loop": {"channel": 0},
}
drivers = pytest.mark.parametrize("name", DEVICES)
every_driver = pytest.mark.parametrize("name", CATALOG)


def on_port(name: str, port: str) -> msgspec.Struct:
    """Settings of a driver with nothing said but its port."""
    words: dict[str, Any] = WORDS.get(name, {})
    place = PLACES.get(name, "port")
    if name == "rtsp":
        port = f"rtsp://127.0.0.1:{free_port()}/{quote(port, safe='')}"
    found: msgspec.Struct = load(name).Settings(**{place: port}, **words)
    return found


async def use(module: Any, settings: msgspec.Struct, secrets: Secrets = no_secrets) -> None:
    async with module.connect(settings, FastClock(), secrets) as source:
        async for _ in source:
            await source.show(Light.ACCEPTED)


async def reports(device: Device, kept: Kept) -> None:
    """It tells something new, if it is a device that does."""
    if device.reading is not None:
        readings = len(kept.readings)
        device.act()
        await until(lambda: len(kept.readings) > readings)


def test_each_driver_of_the_catalog_has_its_device_here() -> None:
    assert set(DEVICES) | set(ELSEWHERE) == set(CATALOG)


@every_driver
def test_it_has_the_shape_of_a_driver(name: str) -> None:
    module = load(name)
    for function in ("probe", "connect"):
        wanted = [one for one in inspect.signature(getattr(Driver, function)).parameters if one != "self"]
        assert list(inspect.signature(getattr(module, function)).parameters) == wanted
    config = module.Settings.__struct_config__
    assert (config.frozen, config.forbid_unknown_fields) == (True, True)
    assert "Raises" in (module.__doc__ or "")


@drivers
async def test_what_it_opens_has_the_shape_of_a_source(name: str, tmp_path: Path) -> None:
    async with (
        DEVICES[name](tmp_path) as device,
        load(name).connect(device.settings, SystemClock(), device.secrets) as source,
    ):
        assert source.counters == Counters(frames=source.counters.frames, video=source.counters.video)
        for light in Light:
            await source.show(light)
        if device.reading is None:
            return
        readings = aiter(source)
        device.act()
        async with asyncio.timeout(10):
            assert isinstance(await anext(readings), device.reading)


@drivers
@given(port=st.text(min_size=1, max_size=50) | st.sampled_from(["/", "/dev/null", "/dev/tty", "/proc/self/mem", "\0"]))
def test_probe_never_raises(name: str, port: str) -> None:
    module = load(name)
    found = module.probe(on_port(name, port))
    assert isinstance(found, Finding)
    assert (found.verdict is Verdict.OK) == (found.code == "")
    assert found.what
    assert bool(found.do) == (found.verdict is not Verdict.OK)


@drivers
async def test_probe_disturbs_no_open_device_and_leaves_nothing_open(name: str, tmp_path: Path) -> None:
    module = load(name)
    async with DEVICES[name](tmp_path) as device, kept_reading(module, device.settings, device.secrets) as kept:
        await until(kept.works)
        before = open_files()
        for _ in range(20):
            assert module.probe(device.settings).verdict is Verdict.OK
        assert open_files() == before
        await reports(device, kept)
        assert kept.states == ["working"]


@drivers
async def test_an_absent_device_is_a_device_error(name: str, tmp_path: Path) -> None:
    before = open_files()
    for _ in range(5):
        with pytest.raises(DeviceError) as caught:
            await use(load(name), on_port(name, str(tmp_path / "nothing")), any_secret)
        assert caught.value.what
        assert caught.value.do.endswith(".")
    assert open_files() == before


@pytest.mark.parametrize(
    ("name", "steps"),
    [(name, steps) for name in DEVICES for steps in (STEPS[::5] if name in FEWER_STEPS else STEPS)],
)
async def test_cancelled_at_any_step_it_leaves_nothing_open(name: str, tmp_path: Path, steps: int) -> None:
    async with DEVICES[name](tmp_path) as device:
        before = open_files()
        task = asyncio.create_task(use(load(name), device.settings, device.secrets))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=10)
        assert done, "it does not end"
        assert task.cancelled()
        assert open_files() == before


@drivers
async def test_cancelled_while_it_reads_it_leaves_nothing_open(name: str, tmp_path: Path) -> None:
    async with DEVICES[name](tmp_path) as device:
        before = open_files()
        async with kept_reading(load(name), device.settings, device.secrets) as kept:
            await until(kept.works)
            await reports(device, kept)
        assert open_files() == before


@drivers
async def test_it_works_again_in_time_after_the_plug_is_back(name: str, tmp_path: Path) -> None:
    async with DEVICES[name](tmp_path) as device:
        before = open_files()
        async with kept_reading(load(name), device.settings, device.secrets) as kept:
            await until(kept.works)
            device.line.unplug()
            await until(lambda: kept.states[-1] == device.absent)
            device.line.plug()
            assert await until(kept.works) < device.back_s
            await reports(device, kept)
        assert kept.states[0] == kept.states[-1] == "working"
        assert len(open_files()) == len(before)  # the pty has another number now
