"""What is looked at and what is left alone: ports that are held or the kernel's, what is configured."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.cli import discover_plan
from agent.cli.discover_configured import Configured
from agent.cli.discover_plan import Wish, gather, merged, touchable
from agent.clock import SystemClock
from drivers.discovery import holders, keyboards, modbus_host, modbus_line, onvif, osdp_bus
from drivers.discovery.found import Found, Kind, Sure, Tick, Why
from simulator.card_reader import CardReader, rdm6300_frame
from simulator.onvif_camera import OnvifCamera
from simulator.processes import free_port
from tests.drivers.discovery.board import FTDI, Z2, Board, school
from tests.drivers.discovery.looked import is_open
from tests.drivers.sensors.far_panel import far_panel

NOTHING = Configured(frozenset(), {})


class Bars:
    def __init__(self) -> None:
        self.titles: list[str] = []
        self.cards = 0

    def bar(self, words: str, title: str) -> Tick:
        self.titles.append(title)
        return lambda done, of: None

    def show_cards(self, count: int) -> None:
        self.cards = count


def wish(root: Path, **words: Any) -> Wish:
    plain: dict[str, Any] = {
        "root": root, "listen_s": 0.0, "probe": False, "ports": (), "network_s": 0.0, "interfaces": ("lo",),
        "hosts": (), "scan": None,
    }  # fmt: skip
    return Wish(**(plain | words))


def names(found: list[Any], root: Path) -> list[str]:
    return [os.path.relpath(port.device, root) for port in found]


async def look(given: Wish, configured: Configured = NOTHING, bars: Bars | None = None) -> list[Found]:
    return await gather(given, configured, SystemClock(), bars or Bars())


def test_only_free_ports_that_nobody_has_configured_are_touched(tmp_path: Path) -> None:
    board = school(tmp_path)
    free = ["dev/ttyUSB1", "dev/ttyUSB2", "dev/ttyUSB3"]  # ttyAMA0 is the kernel's, ttyUSB0 the agent's
    assert names(touchable(wish(tmp_path), NOTHING), tmp_path) == free
    z2 = str(board.root / "dev/ttyUSB3")
    configured = Configured(frozenset({"gate"}), {os.path.realpath(z2): "gate"})
    assert names(touchable(wish(tmp_path), configured), tmp_path) == free[:-1]
    named = wish(tmp_path, ports=(z2, str(board.root / "dev/ttyUSB0")))
    assert names(touchable(named, configured), tmp_path) == ["dev/ttyUSB3"]  # named: the configured one, not the held


def test_who_cannot_see_the_holders_touches_only_what_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = school(tmp_path)
    monkeypatch.setattr(holders, "look", lambda proc, wanted: holders.Held({}, complete=False))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert touchable(wish(tmp_path), NOTHING) == []
    named = wish(tmp_path, ports=(str(board.root / "dev/ttyUSB1"),))
    assert names(touchable(named, NOTHING), tmp_path) == ["dev/ttyUSB1"]
    monkeypatch.setattr(os, "geteuid", lambda: 0)  # root who may not look cannot help it
    assert len(touchable(wish(tmp_path), NOTHING)) == 4


async def test_keyboards_are_left_to_the_console_where_a_port_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, heard = Board(tmp_path), []

    async def listen(keyboard: Found, *_: object) -> AsyncIterator[Found]:
        heard.append(keyboard.name)
        yield keyboard

    monkeypatch.setattr(keyboards, "listen", listen)
    board.keyboard("event0", "usb-Reader-event-kbd", board.usb("1-1", FTDI), "RFID Reader")
    board.port("ttyUSB0", board.usb("1-2", FTDI))
    console = board.on_board("ttyAMA0")
    board.write("proc/cmdline", "console=ttyAMA0")
    await look(wish(tmp_path, listen_s=0.1, ports=(str(console),)))
    assert heard == []
    await look(wish(tmp_path, listen_s=0.1))
    assert len(heard) == 1


async def test_a_look_without_a_wish_opens_nothing(tmp_path: Path) -> None:
    board, bars = Board(tmp_path), Bars()
    reader = CardReader("x", tmp_path / "pty", "em4100")
    reader.line.plug()
    written: list[bytes] = []
    reader.line.on_data = written.append
    board.port("ttyUSB0", board.usb("1-1", FTDI), to=reader.line.link)
    opened = asyncio.create_task(is_open(reader.line.link))
    found = await look(wish(tmp_path), bars=bars)
    assert [one.kind for one in found] == [Kind.PORT]
    assert not opened.done()
    opened.cancel()
    assert (bars.titles, written) == ([], [])
    reader.line.unplug()


async def test_a_reader_is_heard_and_its_port_is_not_asked_again(tmp_path: Path) -> None:
    board, bars = Board(tmp_path), Bars()
    reader = CardReader("x", tmp_path / "pty", "em4100")
    reader.line.plug()
    board.port("ttyUSB0", board.usb("1-1", FTDI), to=reader.line.link)
    task = asyncio.create_task(look(wish(tmp_path, listen_s=5.0), bars=bars))
    await is_open(reader.line.link)
    reader.line.send(rdm6300_frame(bytes.fromhex("6F007B3972")))
    port, heard = await task
    assert (port.kind, heard.kind, heard.why) == (Kind.PORT, Kind.READER, Why.CARD)
    assert (bars.cards, bars.titles) == (1, ["listen"])
    reader.line.unplug()


async def test_a_panel_that_answered_is_not_listened_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osdp_bus, "ANSWER_S", 0.01)
    monkeypatch.setattr(osdp_bus, "BAUDS", (9600,))
    monkeypatch.setattr(modbus_line, "ANSWER_S", 0.15)
    bars = Bars()
    async with far_panel(tmp_path) as panel:
        panel.agent_end.on_data = _only_modbus(panel.agent_end.on_data)
        board = Board(tmp_path / "root")
        board.port("ttyUSB0", board.usb("1-1", FTDI), to=panel.agent_end.link)
        found = await look(wish(board.root, probe=True, listen_s=5.0), bars=bars)
        panel.frames = [frame for frame in panel.frames if frame[:1] != b"\x53"]
    assert [one.what for one in found if one.kind is Kind.PANEL] == ["Bolid S2000-PP, unit 2"]
    assert bars.titles == ["osdp", "modbus"]


def _only_modbus(to: Any) -> Any:
    """The panel's line is not disturbed by a question of another protocol, as a real panel's."""
    return lambda data: to(data) if data[:1] != b"\x53" else None


async def test_a_camera_is_asked_over_rtsp_and_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onvif, "PORT", free_port())
    camera = OnvifCamera(realm="IP Camera(1)", discovery_port=onvif.PORT)
    await camera.start()
    try:
        found = await look(wish(Board(tmp_path).root, network_s=0.4, rtsp_port=camera.port))
        assert [(one.kind, one.code) for one in found] == [(Kind.CAMERA, "X-113")]
        assert found[0].proposal is not None
        asked = len(camera.asked)
        configured = Configured(frozenset({"gate"}), {found[0].host: "gate"})
        (again,) = await look(wish(tmp_path, network_s=0.4, rtsp_port=camera.port), configured)
        assert (again.configured, again.proposal) == ("gate", None)
        assert len(camera.asked) == asked  # it is the agent's: not asked again
    finally:
        await camera.stop()


async def test_a_host_that_is_named_is_asked_for_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_host, "ANSWER_S", 0.2)
    camera, port = OnvifCamera(realm="x"), free_port()
    await camera.start()
    try:
        async with far_panel(tmp_path, tcp_port=port):
            named = wish(Board(tmp_path / "root").root, hosts=("127.0.0.1",), rtsp_port=camera.port, modbus_port=port)
            found = await look(named)
        assert {one.kind for one in found} == {Kind.CAMERA, Kind.PANEL}
        configured = Configured(frozenset({"p"}), {"127.0.0.1": "p"})
        assert await look(named, configured) == []  # the agent's own host: nothing is asked of it
    finally:
        await camera.stop()


async def test_a_network_is_looked_through(tmp_path: Path) -> None:
    camera = OnvifCamera(realm="x")
    await camera.start()
    try:
        scan = ipaddress.IPv4Network("127.0.0.0/30")
        given = wish(Board(tmp_path).root, scan=scan, rtsp_port=camera.port, modbus_port=free_port())
        found = await look(given)
        assert sorted(one.host for one in found) == ["127.0.0.1", "127.0.0.2"]  # it listens on every address here
    finally:
        await camera.stop()


async def test_a_scan_does_not_connect_to_what_is_configured(tmp_path: Path) -> None:
    """A panel that takes one connection would give up the agent's for ours."""
    connected: list[str] = []

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer.get_extra_info("sockname")[0])
        writer.close()

    server = await asyncio.start_server(talk, "0.0.0.0", 0)
    port = server.sockets[0].getsockname()[1]
    given = wish(Board(tmp_path).root, scan=ipaddress.IPv4Network("127.0.0.0/30"), rtsp_port=port, modbus_port=port)
    await look(given, Configured(frozenset({"panel"}), {"127.0.0.1": "panel"}))
    server.close()
    assert set(connected) == {"127.0.0.2"}


async def test_a_box_without_pyserial_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover_plan, "find_spec", lambda name: None)
    (found,) = await look(wish(Board(tmp_path).root, probe=True))
    assert found.code == "X-118"


async def test_a_network_that_is_not_there_is_told(tmp_path: Path) -> None:
    (found,) = await look(wish(Board(tmp_path).root, network_s=0.01, interfaces=("no-such",)))
    assert found.code == "X-112"


def one(**words: Any) -> Found:
    plain: dict[str, Any] = {"kind": Kind.READER, "what": "a", "name": "n", "sure": Sure.CERTAIN, "why": Why.USB}
    return Found(**(plain | words))


def test_what_one_look_supposes_gives_way_to_what_another_knows() -> None:
    likely, certain = one(sure=Sure.LIKELY), one(why=Why.CARD)
    assert merged([likely, certain]) == [certain]
    assert merged([likely]) == [likely]
    elsewhere = msgspec.structs.replace(certain, name="other")
    assert merged([likely, elsewhere]) == [likely, elsewhere]
    two = [one(what="address 0"), one(what="address 1")]  # one bus, two readers
    assert merged(two) == two
    port, silent = one(kind=Kind.PORT), one(kind=Kind.PORT, code="X-105")
    assert merged([port, silent]) == [silent]


def test_the_networks_of_this_box_do_not_count_itself() -> None:
    assert "lo" not in discover_plan.interfaces()


async def test_a_name_that_nobody_can_write_is_not_proposed(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.port("ttyUSB0", board.usb("1-1", Z2, serial="K"), by_id="usb-\udc80\x1b[2J")
    (found,) = await look(wish(tmp_path))
    assert found.name.isprintable()
    assert found.proposal is None
    assert msgspec.json.encode(found)
