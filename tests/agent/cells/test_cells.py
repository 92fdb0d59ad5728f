"""A device in a cell is as one without: readings, lights, secrets, counters, troubles; a bus shares one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.cells.cells import CelledDriver, Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from drivers import catalog
from drivers.catalog import Cell as Limits
from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.readers import osdp, serial_ascii
from drivers.readings import Light, Reading, Tap
from tests.agent.cells import odd_driver
from tests.agent.cells.kept import ENVIRONMENT, LIMITS, house
from tests.agent.cells.odd_driver import Settings
from tests.drivers.supervised import open_files, until
from tests.secrets import these_secrets

_: Driver[Settings, Tap] = odd_driver


async def test_readings_come_one_by_one_with_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, Settings(does="read")) as kept:
        (device,) = kept.devices
        await until(lambda: len(device.readings) >= 60)
        await until(lambda: device.station.totals().frames > 0)
        assert device.states == ["working"]
        cards = [int(reading.card, 16) for reading in device.readings if isinstance(reading, Tap)]
        assert cards == list(range(1, len(cards) + 1))


async def test_the_time_of_a_reading_is_the_daemons(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    clock.not_before(clock.utc_ns() + 3_600_000_000_000)  # it knows better than the system
    async with house(monkeypatch, Settings(does="read")) as kept:
        cell = kept.cell()
        monkeypatch.setattr(cell, "_clock", clock)
        async with cell.connected("tests.agent.cells.odd_driver", Settings(does="read"), {}) as remote:
            reading = await anext(aiter(remote))
        assert abs(clock.utc_ns() - reading.at_ns) < 5_000_000_000


async def test_a_light_is_shown_at_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, Settings(does="nothing")) as kept:
        (device,) = kept.devices
        await until(device.works)
        async with kept.cell().connected("tests.agent.cells.odd_driver", Settings(does="nothing"), {}) as remote:
            await remote.show(Light.ACCEPTED)
            reading = await anext(aiter(remote))
            assert isinstance(reading, Tap)
            assert reading.card == "accepted"


async def test_a_lamp_that_is_broken_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, Settings(does="dark")) as kept:
        await until(kept.devices[0].works)
        async with kept.cell().connected("tests.agent.cells.odd_driver", Settings(does="dark"), {}) as remote:
            with pytest.raises(DeviceError, match="G-101 the lamp is broken"):
                await remote.show(Light.ACCEPTED)


async def test_a_defect_in_a_light_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(does="defect in its light")
    async with house(monkeypatch, settings) as kept:
        await until(kept.devices[0].works)
        async with kept.cell().connected("tests.agent.cells.odd_driver", settings, {}) as remote:
            with pytest.raises(DeviceError, match=r"R-190 .*ZeroDivisionError: a defect \(odd_driver.py:"):
                await remote.show(Light.ACCEPTED)


async def test_a_light_that_is_never_shown_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.remote.SHOW_S", 0.1)
    async with house(monkeypatch, Settings(does="slow light")) as kept:
        await until(kept.devices[0].works)
        async with kept.cell().connected("tests.agent.cells.odd_driver", Settings(does="slow light"), {}) as remote:
            with pytest.raises(DeviceError, match="U-105"):
                await remote.show(Light.ACCEPTED)


async def test_a_secret_is_sent_to_the_cell_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = these_secrets(word="hidden")
    async with house(monkeypatch, Settings(does="read", secret="word"), secrets=secrets) as kept:
        (device,) = kept.devices
        await until(lambda: device.readings)
        assert [reading.card for reading in device.readings[:1] if isinstance(reading, Tap)] == ["hidden"]
        told = Path(f"/proc/{kept.pid()}/cmdline").read_bytes() + Path(f"/proc/{kept.pid()}/environ").read_bytes()
        assert b"hidden" not in told


async def test_a_secret_that_is_not_stored_is_the_devices_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, Settings(does="read", secret="word")) as kept:
        await until(lambda: kept.devices[0].failed("T-120"))


async def test_the_trouble_of_a_device_is_told_as_its_driver_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, Settings(does="absent")) as kept:
        await until(lambda: kept.devices[0].failed("P-101"))
        assert kept.devices[0].station.trouble is not None
        assert kept.devices[0].station.trouble.do == "Plug it in."
        assert kept.cell().falls.total == 0


async def test_a_file_that_is_put_there_or_replaced_later_can_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A certificate that was forgotten, or renewed: nobody has to start the agent again."""
    path = tmp_path / "ca.pem"
    async with house(monkeypatch, Settings(does="try", port=str(path), files=(str(path),))) as kept:
        (device,) = kept.devices
        await until(lambda: device.trouble().startswith("FileNotFoundError"))
        path.write_text("first")
        await until(lambda: device.trouble().startswith(f"read {path}"))
        first = kept.pid()
        (tmp_path / "new").write_text("second")
        (tmp_path / "new").rename(path)
        await until(lambda: kept.pid() not in (0, first) and device.trouble().startswith(f"read {path}"))
        assert kept.cell().falls.total == 0


async def test_what_a_short_connection_counted_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, Settings(does="noise")) as kept:
        (device,) = kept.devices
        await until(lambda: device.failed("P-104"))
        assert device.station.totals().garbled == 7


async def test_a_defect_of_a_driver_quarantines_its_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = msgspec.structs.replace(LIMITS, together=True)
    bad, good = Settings(does="defect", port="/bus"), Settings(does="read", port="/bus")
    async with house(monkeypatch, bad, good, limits=limits) as kept:
        await until(lambda: kept.devices[0].failed("R-190"))
        await until(lambda: kept.devices[1].readings)
        assert "ZeroDivisionError: a defect (odd_driver.py:" in kept.devices[0].trouble()
        assert kept.cell(0) is kept.cell(1)
        assert kept.devices[1].states == ["working"]


async def test_the_devices_of_one_bus_share_a_cell_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = msgspec.structs.replace(LIMITS, together=True)
    ports = ("/bus/a", "/bus/a", "/bus/b")
    async with house(monkeypatch, *(Settings(does="read", port=port) for port in ports), limits=limits) as kept:
        await until(lambda: all(device.readings for device in kept.devices))
        assert kept.pid(0) == kept.pid(1) != kept.pid(2)


async def test_a_bus_whose_path_can_be_none_keeps_the_daemon_from_nothing() -> None:
    settings = osdp.Settings(port="/dev/b\0us", address=1, key="gate")
    source = SourceConfig(name="gate", kind="reader", driver="osdp", settings=settings, places={})
    async with Cells([source], SystemClock(), ENVIRONMENT) as cells:
        assert cells.cell("gate") is not None


async def test_a_driver_that_needs_no_cell_has_none() -> None:
    settings = serial_ascii.Settings(port="/dev/nothing")
    source = SourceConfig(name="canteen-1", kind="reader", driver="serial_ascii", settings=settings, places={})
    async with Cells([source], SystemClock(), ENVIRONMENT) as cells:
        assert cells.driver(source) is serial_ascii
        assert cells.cell("canteen-1") is None


def test_a_celled_driver_keeps_the_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        catalog.CATALOG, "odd", catalog.Entry("tests.agent.cells.odd_driver", "reader", "", cell=Limits(memory_mb=9))
    )
    config = SourceConfig(name="a", kind="reader", driver="odd", settings=Settings(does="read"), places={})
    driver = Cells([config], SystemClock(), ENVIRONMENT).driver(config)
    shape: Driver[msgspec.Struct, Reading] = driver
    assert isinstance(shape, CelledDriver)
    assert shape.probe(config.settings).verdict is Verdict.OK


async def test_nothing_is_left_when_the_daemon_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_files()
    async with house(monkeypatch, Settings(does="read"), Settings(does="nothing")) as kept:
        await until(lambda: all(device.works() for device in kept.devices))
        pids = [kept.pid(0), kept.pid(1)]
        assert all(pids)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert open_files() == before


@pytest.mark.parametrize(("version", "warned"), [(-1, True), (3, False)])
async def test_a_kernel_that_cannot_confine_files_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: int, warned: bool
) -> None:
    monkeypatch.setattr("agent.cells.cells.landlock_version", lambda: version)
    async with house(monkeypatch, Settings(does="nothing")):
        pass
    assert ("no Landlock" in caplog.text) is warned
    caplog.clear()
    async with house(monkeypatch):  # nothing to confine
        pass
    assert caplog.text == ""
