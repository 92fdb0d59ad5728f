"""Every mistake in a configuration is named at once: code, key, value, and what to write instead. Examples load."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agent import config
from agent.config import ConfigError
from agent.strict import Problem
from drivers import catalog

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
CENTRE = '[centre]\nbroker = "mqtt://127.0.0.1"\norders_key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="\n'
HEAD = 'school = "school-07"\n' + CENTRE


def reader(name: str = "canteen-1", port: str = "/dev/reader-1", more: str = "") -> str:
    return f'[[reader]]\nname = "{name}"\ndriver = "serial_ascii"\nport = "{port}"\n{more}\n'


def panel(name: str = "fire-panel", port: str = "/dev/fire-panel") -> str:
    return (
        f'[[sensor]]\nname = "{name}"\ndriver = "modbus_panel"\nprofile = "bolid-s2000-pp"\n'
        f'port = "{port}"\nzones = {{ 1 = "gym" }}\n'
    )


def problems(tmp_path: Path, text: str | bytes) -> list[Problem]:
    """What is wrong with a file; nothing if it loads."""
    path = tmp_path / "box.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        config.load(path)
    except ConfigError as error:
        return error.problems
    return []


# --- what is right ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in EXAMPLES])
def test_every_example_loads(path: Path) -> None:
    found = config.load(path)
    assert found.file == str(path)
    assert found.sources


def test_the_least_that_a_file_must_say(tmp_path: Path) -> None:
    (tmp_path / "box.toml").write_text(HEAD)
    found = config.load(tmp_path / "box.toml")
    assert (found.school, found.sources) == ("school-07", ())
    assert found.state.database == Path("/var/lib/mektep/outbox.db")
    assert found.state.card_key == Path("/var/lib/mektep/card.key")
    assert found.state.live == Path("/run/mektep/status.json")
    assert found.outbox.keep_days == 7


def test_devices_keep_their_order_and_their_places(tmp_path: Path) -> None:
    (tmp_path / "box.toml").write_text(HEAD + panel() + reader("b") + reader("a", "/dev/reader-2"))
    found = config.load(tmp_path / "box.toml")
    assert [(one.name, one.kind, one.places) for one in found.sources] == [
        ("b", "reader", {}),
        ("a", "reader", {}),
        ("fire-panel", "sensor", {1: "gym"}),
    ]


# --- the file -----------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        config.load(tmp_path / "none.toml")
    (problem,) = error.value.problems
    assert (problem.code, problem.file) == ("C-001", str(tmp_path / "none.toml"))
    assert "examples/" in problem.do


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        config.load(tmp_path)
    assert error.value.code == "C-002"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (b'school = "\xff"', "C-002", "UTF-8"),
        ("school = school-07", "C-003", "quotation marks"),
        ('school = "a"\nschool = "b"\n', "C-003", "line 2"),
        ("[centre\n", "C-003", "line 1"),
    ],
)
def test_a_file_that_is_no_toml(tmp_path: Path, text: str | bytes, code: str, words: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.code == code
    assert words in str(problem)


# --- each mistake -------------------------------------------------------------------------------------------

MISTAKES = [
    # the text, then code, key, value, words that must be there
    ("unknown section", HEAD + "[reeder]\n", "C-101", "reeder", "{}", 'Did you mean "reader"?'),
    ("unknown head", "shool = 1\n" + HEAD, "C-101", "shool", "1", 'Did you mean "school"?'),
    ("unknown key", HEAD + "[state]\ndirectry = 1\n", "C-101", "state.directry", "1", 'mean "directory"?'),
    ("unknown key of a device", HEAD + reader(more="bawd = 1"), "C-101", "reader[0].bawd", "1", 'Did you mean "baud"?'),
    ("no school", CENTRE, "C-102", "school", "", 'Write school = "school-07"'),
    ("no centre", 'school = "a"\n', "C-102", "centre", "", "Add [centre]"),
    ("no broker", 'school = "a"\n[centre]\norders_key = ""\n', "C-102", "centre.broker", "", "mqtts://broker."),
    ("no name", HEAD + '[[reader]]\ndriver = "serial_ascii"\n', "C-102", "reader[0].name", "", 'name = "canteen-1"'),
    ("no driver", HEAD + '[[reader]]\nname = "a"\n', "C-102", "reader[0].driver", "", 'driver = "serial_ascii"'),
    ("no port", HEAD + reader().replace("port =", "#"), "C-102", "reader[0].port", "", 'port = "/dev/reader-canteen"'),
    ("school too long", f'school = "{"x" * 33}"\n' + CENTRE, "C-103", "school", f'"{"x" * 33}"', "school-07"),
    ("school in capitals", 'school = "School-07"\n' + CENTRE, "C-103", "school", '"School-07"', "small Latin"),
    ("school with a line end", 'school = "a\\n"\n' + CENTRE, "C-103", "school", '"a\n"', "small Latin"),
    ("school is no text", "school = 7\n" + CENTRE, "C-103", "school", "7", "must be text, not a whole"),
    ("section is no table", "outbox = 1\n" + HEAD, "C-103", "outbox", "1", "Write [outbox]"),
    ("one bracket", HEAD + '[reader]\nname = "a"\n', "C-103", "reader", "", "Write [[reader]] with two brackets"),
    ("a device that is a word", 'reader = ["canteen-1"]\n' + HEAD, "C-103", "reader[0]", '"canteen-1"', "[[reader]]"),
    ("out of bounds", HEAD + "[outbox]\nkeep_days = 400\n", "C-103", "outbox.keep_days", "400",
     "at most 365. Write keep_days = 7"),
    ("wrong format", HEAD + reader(more='format = "em"'), "C-103", "reader[0].format", '"em"', "ironlogic"),
    ("empty port", HEAD + reader(port=""), "C-103", "reader[0].port", '""', "/dev/reader-canteen"),
    ("no TLS", HEAD.replace("127.0.0.1", "far.example"), "C-104", "centre", "", "Write mqtts://"),
    ("no real key", HEAD.replace("O2on", "O2o"), "C-104", "centre", "", "base64 of 32 bytes"),
    ("port and host", HEAD + panel() + 'host = "h"\n', "C-104", "sensor[0]", "", "of port and host there must be one"),
    ("a name twice", HEAD + reader() + reader(port="/dev/b"), "C-105", "reader[1].name", '"canteen-1"',
     "reader[0].name"),
    ("a name in two kinds", HEAD + reader("a") + panel("a"), "C-105", "sensor[0].name", '"a"', "reader[0].name"),
    ("a port twice", HEAD + reader() + reader("b"), "C-106", "reader[1].port", '"/dev/reader-1"',
     '"canteen-1" uses it'),
    ("a port in two kinds", HEAD + reader() + panel(port="/dev/reader-1"), "C-106", "sensor[0].port", '"/dev/reader-1"',
     "one device per port"),
    ("no such driver", HEAD + '[[reader]]\nname = "a"\ndriver = "serial"\n', "C-107", "reader[0].driver", '"serial"',
     'is no driver. Did you mean "serial_ascii"?'),
    ("a driver of another kind", HEAD + '[[reader]]\nname = "a"\ndriver = "modbus_panel"\n', "C-107",
     "reader[0].driver", '"modbus_panel"', "is no reader. Known here: "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "key", "value", "words"), [pytest.param(*row[1:], id=row[0]) for row in MISTAKES]
)
def test_each_mistake_has_its_code_key_value_and_cure(
    tmp_path: Path, text: str, code: str, key: str, value: str, words: str
) -> None:
    (problem,) = [one for one in problems(tmp_path, text) if one.code == code]
    assert (problem.key, problem.value) == (key, value)
    assert problem.file == str(tmp_path / "box.toml")
    assert words in str(problem)
    assert problem.do.endswith((".", "?"))


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    text = 'school = "X"\nzzz = 1\n' + reader(more="baud = 1") + reader() + "[outbox]\nkeep_days = -1\n"
    found = [(one.code, one.key) for one in problems(tmp_path, text)]
    assert sorted(found) == [
        ("C-101", "zzz"),
        ("C-102", "centre"),
        ("C-103", "outbox.keep_days"),
        ("C-103", "reader[0].baud"),
        ("C-103", "school"),
        ("C-105", "reader[1].name"),
    ]


def test_the_error_tells_the_first_and_how_many_more(tmp_path: Path) -> None:
    (tmp_path / "box.toml").write_text("zzz = 1\n")
    with pytest.raises(ConfigError) as error:
        config.load(tmp_path / "box.toml")
    assert error.value.code == "C-101"
    assert "zzz" in error.value.what
    assert "(and 2 more)" in error.value.what
    assert "mektep check" in error.value.do


def test_a_password_in_the_broker_is_not_repeated(tmp_path: Path) -> None:
    text = HEAD.replace("mqtt://127", "mqtts://box:hunter2@127")
    assert "hunter2" not in " ".join(str(one) for one in problems(tmp_path, text))
    assert [one.code for one in problems(tmp_path, text)] == ["C-104"]


# --- what is not installed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "key", "missing", "modules", "extra"),
    [
        (reader(), "reader[0].driver", "serial", ["drivers.readers.serial_ascii", "drivers.serial_port"], "serial"),
        (panel(), "sensor[0].driver", "pymodbus", ["drivers.sensors.modbus_panel"], "modbus"),
    ],
)
def test_a_driver_whose_extra_is_missing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    key: str,
    missing: str,
    modules: list[str],
    extra: str,
) -> None:
    for name in [*modules, *(name for name in sys.modules if name.split(".")[0] == missing)]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    (problem,) = problems(tmp_path, HEAD + device)
    assert (problem.code, problem.key) == ("C-108", key)
    assert f"needs {missing}" in problem.what
    assert f"mektep-agent[{extra}]" in problem.do


# --- one place, many devices --------------------------------------------------------------------------------


def device(kind: str, name: str, driver: str, more: str) -> str:
    return f'[[{kind}]]\nname = "{name}"\ndriver = "{driver}"\n{more}\n'


BUS = 'port = "/dev/bus"\nkey = "k"\naddress = '
TWICE = [
    (device("reader", "a", "osdp", f"{BUS}3") + device("reader", "b", "osdp", f"{BUS}3"),
     "reader[1].address", "/dev/bus address 3", "give each device its own address"),
    (device("reader", "a", "serial_ascii", 'port = "/dev/bus"') + device("reader", "b", "osdp", f"{BUS}3"),
     "reader[1].port", "/dev/bus address 3", "one device per port"),
    (device("sensor", "a", "gpio_contact", 'line = 17\nnormally = "open"')
     + device("signal", "b", "gpio_signal", "red = 17"),
     "signal[0]", "/dev/header line 17", "give each device its own line"),
    (device("reader", "a", "hid", 'device = "/dev/input/x"\nformat = "8d"\nform = "wiegand26"')
     + device("reader", "b", "hid", 'device = "/dev/input/x"\nformat = "8d"\nform = "wiegand26"'),
     "reader[1].device", "/dev/input/x", "leave one of them out"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "value", "rule"), TWICE)
def test_what_two_devices_claim_is_named_by_its_own_setting(
    tmp_path: Path, text: str, key: str, value: str, rule: str
) -> None:
    (problem,) = problems(tmp_path, HEAD + text)
    assert (problem.code, problem.key, problem.value) == ("C-106", key, f'"{value}"')
    assert problem.do == f'"a" uses it already; {rule}.'


# --- one port under two names -------------------------------------------------------------------------------


def test_two_links_to_one_port_are_one_port(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    for name in ("first", "second", "third"):
        (tmp_path / name).symlink_to("ttyUSB0" if name != "third" else "second")
    text = HEAD + "".join(reader(name, str(tmp_path / name)) for name in ("first", "second", "third"))
    found = problems(tmp_path, text)
    assert [(one.code, one.key) for one in found] == [("C-106", "reader[1].port"), ("C-106", "reader[2].port")]
    assert all('"first" uses it already' in one.do for one in found)


def test_a_link_and_what_it_leads_to_are_one_port(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "link").symlink_to("ttyUSB0")
    found = problems(tmp_path, HEAD + reader("a", str(tmp_path / "link")) + panel(port=str(tmp_path / "ttyUSB0")))
    assert [one.key for one in found] == ["sensor[0].port"]


def test_a_linked_folder_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id" / "usb").touch()
    (tmp_path / "serial").symlink_to("by-id")
    text = HEAD + reader("a", f"{tmp_path}/serial/usb") + reader("b", f"{tmp_path}/by-id/../by-id/usb")
    assert [one.code for one in problems(tmp_path, text)] == ["C-106"]


def test_two_ports_that_do_not_exist_yet_are_two(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD + reader("a", "/dev/no-1") + reader("b", "/dev/no-2")) == []


def test_two_links_to_two_ports_are_two(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"tty{number}").touch()
        (tmp_path / f"link{number}").symlink_to(f"tty{number}")
    assert problems(tmp_path, HEAD + reader("a", f"{tmp_path}/link1") + reader("b", f"{tmp_path}/link2")) == []


@pytest.mark.parametrize("port", ["loop", "\\u0000"])
def test_a_path_that_leads_nowhere_is_its_text(tmp_path: Path, port: str) -> None:
    os.symlink("loop", tmp_path / "loop")
    place = str(tmp_path / "loop") if port == "loop" else port
    found = problems(tmp_path, HEAD + reader("a", place) + reader("b", place))
    assert [one.code for one in found] == ["C-106"]


# --- cameras that are watched -----------------------------------------------------------------------------------------

WATCHED = """[[camera]]
name = "gate"
driver = "file"
file = "/var/lib/mektep/gate.mp4"
sees = ["tamper", "people", "fire"]
masks = [[[0, 0], [0.4, 0], [0.4, 0.06], [0, 0.06]]]
budget = 0.5
[[camera.zone]]
name = "stairs"
outline = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
[[camera.line]]
name = "door"
begin = [0.2, 0.5]
end = [0.8, 0.5]
[camera.schedule]
people = ["night", "08:00-18:30"]
[camera.thresholds]
fire = 0.7
"""


def test_a_camera_that_is_watched(tmp_path: Path) -> None:
    (tmp_path / "box.toml").write_text(HEAD + WATCHED)
    (gate,) = config.load(tmp_path / "box.toml").sources
    assert (gate.watch.sees, gate.watch.budget) == (["tamper", "people", "fire"], 0.5)
    assert (gate.watch.zone[0].name, gate.watch.line[0].end) == ("stairs", (0.8, 0.5))
    assert gate.watch.schedule == {"people": ["night", "08:00-18:30"]}
    outline = ((0, 0), (0.4, 0), (0.4, 0.06), (0, 0.06))
    assert gate.settings.masks == (outline,)  # type: ignore[attr-defined] # the camera's own process hides it, too


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ("[0.4, 0]", "[1.4, 0]", "C-103", "camera[0].masks[0][1][0]"),
        ('"fire"]', '"fire", "ghosts"]', "C-103", "camera[0].sees[3]"),
        ('"night"', '"25:00-26:00"', "C-111", "camera[0].schedule.people"),
        ("fire = 0.7", "fight = 0.7", "C-111", "camera[0].thresholds"),
        ("fire = 0.7", "people = 0.7", "C-111", "camera[0].thresholds"),
        ('sees = ["tamper", ', 'colour = 1\nsees = ["tamper", ', "C-101", "camera[0].colour"),
        ('"gate"', '"eyes"', "C-105", "camera[0].name"),
    ],
)
def test_a_mistake_in_what_is_watched_names_key_and_next_step(
    tmp_path: Path, old: str, new: str, code: str, key: str
) -> None:
    assert old in WATCHED
    (problem,) = problems(tmp_path, HEAD + WATCHED.replace(old, new, 1))
    assert (problem.code, problem.key) == (code, key)
    assert problem.do


def test_what_the_eyes_need_is_named_if_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = catalog.find_spec
    monkeypatch.setattr(catalog, "find_spec", lambda name: None if name == "onnxruntime" else find(name))
    (problem,) = problems(tmp_path, HEAD + WATCHED)
    assert (problem.code, problem.key) == ("C-108", "camera[0].sees")
    assert "mektep-agent[vision]" in problem.do
