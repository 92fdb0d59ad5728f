"""The proposed lines are TOML that loads, whatever a device calls itself; what a driver still misses is said."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import config
from agent.cli.discover_languages import languages
from agent.cli.discover_proposal import propose, toml
from agent.texts import LANGUAGES, load_texts
from drivers import catalog
from drivers.discovery import keyboards, listening, modbus_units, osdp_bus, pcsc_readers, rtsp
from drivers.discovery.found import Found, Kind, Proposal, Setting, Sure, Why, settings
from tests.agent.cli.command import write_config
from tests.drivers.discovery.looked import port_at

SAY = load_texts("en")
READER = Proposal(kind="reader", driver="serial_ascii", settings=settings(port="/dev/x", format="ironlogic"))
PANEL = Proposal(
    kind="sensor", driver="modbus_panel",
    settings=settings(profile="bolid-s2000-pp", port="/dev/y", unit=2, zones=(Setting("1", "zone 1"),)),
)  # fmt: skip


def found(proposal: Proposal | None, what: str = "a device") -> Found:
    return Found(kind=Kind.READER, what=what, name="/dev/x", sure=Sure.CERTAIN, why=Why.CARD, proposal=proposal)


def text(*proposals: Proposal, taken: tuple[str, ...] = (), language: str = "en") -> str:
    devices = propose([found(one) for one in proposals], taken, load_texts(language))
    return "\n".join(line for device in devices for line in ("", *device.lines))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_load_as_they_are(tmp_path: Path, language: str) -> None:
    loaded = config.load(write_config(tmp_path, more=text(READER, PANEL, language=language)))
    assert [(source.name, source.driver) for source in loaded.sources] == [
        ("reader-1", "serial_ascii"),
        ("panel-1", "modbus_panel"),
    ]


ZONES = settings(zones=settings(**{"3": "zone 3"}))


def camera(status: int, body: bytes, server: str) -> Found:
    path, _ = rtsp._paths(server)
    return rtsp._camera("10.0.0.9", 554, path or "/", rtsp.Answer(status, server, "", body), None, "RTSP")


KEYBOARD = Found(kind=Kind.READER, what="x", name="/dev/input/by-id/x-event-kbd", sure=Sure.LIKELY, why=Why.USB)
OF_EACH_DRIVER = {  # as the looks make them
    "serial_ascii": listening._device(port_at(Path("/dev/x")), languages()[0], (), 19_200),
    "serial_smoke": listening._device(port_at(Path("/dev/x")), languages()[-1], ZONES, 9600),
    "osdp": osdp_bus._found(port_at(Path("/dev/y")), 38_400, osdp_bus.Reply(1, osdp_bus.PDID, bytes(12))),
    "pcsc": found(
        Proposal(kind="reader", driver="pcsc", settings=settings(reader=pcsc_readers.pattern("A 00 00", [])))
    ),
    "hid": keyboards._read(KEYBOARD, keyboards._proposal(KEYBOARD.name, "3d5d", "wiegand26", "azerty", "hid")),
    "modbus_panel": modbus_units._panel(modbus_units.questions()[0], 2, settings(host="10.0.0.9"), "10.0.0.9:502"),
    "rtsp": camera(rtsp.WANTS_PASSWORD, b"", "Hikvision"),
    "usb": found(Proposal(kind="camera", driver="usb", settings=settings(port="/dev/v4l/by-id/usb-C270-video-index0"))),
    "csi": found(Proposal(kind="camera", driver="csi", settings=settings(camera=1))),
}


NOBODY_CAN_FIND = {  # what says nothing of itself
    "eyes": "no device",
    "file": "a file of the technician's",
    "gpio_contact": "two wires",
    "gpio_signal": "a lamp on two wires",
    "supervised_loop": "a converter that answers like others do",
}


def test_every_driver_is_proposed_unless_nobody_can_find_its_device() -> None:
    assert set(OF_EACH_DRIVER) | set(NOBODY_CAN_FIND) == set(catalog.CATALOG)


@pytest.mark.parametrize("driver", OF_EACH_DRIVER)
def test_what_is_proposed_for_a_driver_is_what_it_wants(tmp_path: Path, driver: str) -> None:
    (device,) = propose([OF_EACH_DRIVER[driver]], (), SAY)
    (source,) = config.load(write_config(tmp_path, more="\n".join(device.lines))).sources
    assert source.driver == driver
    assert not [line for line in device.lines if "to complete" in line]
    assert sorted(device.secrets) == sorted(catalog.secrets_named(source.settings))


@pytest.mark.parametrize("path", [paths[0] for paths in rtsp.PATHS.values()] + list(rtsp.USUAL))
def test_a_camera_that_anybody_may_watch_is_proposed_without_a_password(tmp_path: Path, path: str) -> None:
    sdp = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    one = rtsp._camera("10.0.0.9", 554, path, rtsp.Answer(rtsp.OPEN, "", "", sdp), None, "RTSP")
    (device,) = propose([one], (), SAY)
    (source,) = config.load(write_config(tmp_path, more="\n".join(device.lines))).sources
    assert (source.driver, catalog.secrets_named(source.settings)) == ("rtsp", ())


def test_they_say_what_it_is_and_how_sure_that_is() -> None:
    assert text(READER).splitlines()[1:] == [
        "# a device: certain, a card was read",
        "[[reader]]",
        'name = "reader-1"',
        'driver = "serial_ascii"',
        'port = "/dev/x"',
        'format = "ironlogic"',
    ]


@pytest.mark.parametrize(
    ("language", "comment", "zone"),
    [
        ("ru", "# плата датчиков дыма, 9600 бод, adapter: точно, что-то пришло", "зона 3"),
        ("kk", "# түтін датчиктерінің платасы, 9600 бод, adapter: анық, бірдеңе келді", "3-аймақ"),
    ],
)
def test_they_are_in_the_readers_language(language: str, comment: str, zone: str) -> None:
    (device,) = propose([OF_EACH_DRIVER["serial_smoke"]], (), load_texts(language))
    assert device.lines[0] == comment
    (sensor,) = tomllib.loads("\n".join(device.lines))["sensor"]
    assert sensor["zones"] == {"3": zone}


def test_names_that_are_taken_are_not_proposed() -> None:
    devices = propose([found(READER), found(READER)], {"reader-1", "reader-3"}, SAY)
    assert [device.name for device in devices] == ["reader-2", "reader-4"]


def test_what_is_not_proposed_or_has_no_driver_gives_no_lines() -> None:
    unknown = Proposal(kind="reader", driver="no-such-driver", settings=())
    assert propose([found(None), found(unknown)], (), SAY) == []


def test_what_the_driver_misses_is_said() -> None:
    lines = text(Proposal(kind="sensor", driver="modbus_panel", settings=settings(port="/dev/y"))).splitlines()
    assert [line for line in lines if line.startswith("# to complete: profile is missing.")]


def test_an_extra_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalog.CATALOG, "later", catalog.Entry("no_such_module", "reader", "later"))
    lines = text(Proposal(kind="reader", driver="later", settings=())).splitlines()
    assert f"# Run: {catalog.pip_install('later')}" in lines


def test_a_secret_is_named_after_its_device() -> None:
    (device,) = propose([found(Proposal(**_words(READER), secrets=("password",)))], (), SAY)
    assert device.secrets == ("reader-1-password",)
    assert 'password = "reader-1-password"' in device.lines
    assert "# then run: sudo mektep secret reader-1-password" in device.lines


def _words(proposal: Proposal) -> dict[str, object]:
    return {"kind": proposal.kind, "driver": proposal.driver, "settings": proposal.settings}


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_written_so_that_it_is_read_again(value: str) -> None:
    line = f"key = {toml(value)}"
    assert line.isprintable()
    assert tomllib.loads(line) == {"key": value}


def test_half_a_character_of_a_path_is_replaced() -> None:
    assert tomllib.loads(f"key = {toml(chr(0xDC80))}") == {"key": "�"}


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_devices_words_cannot_leave_their_comment(what: str) -> None:
    from drivers.discovery.found import printable

    (device,) = propose([found(READER, printable(what))], (), SAY)
    assert set(tomllib.loads("\n".join(device.lines))) == {"reader"}
