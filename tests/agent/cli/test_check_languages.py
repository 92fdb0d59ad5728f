"""`mektep check` of a file in which much is wrong, as a technician reads it: in their language, in eighty columns."""

from __future__ import annotations

import io
import re
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.cli.main import main
from agent.devices import COMMON
from agent.strict import Problem, advice
from agent.texts import load_texts
from agent.texts.facts import settings
from drivers import catalog
from tests.agent.cli.test_languages import ALLOWED, LANGUAGES, strangers
from tests.agent.test_config import CENTRE

WRONG = f"""school = "School 7"
zzz = 1
outbox = 5
{CENTRE}keepalive_s = "often"
compress = "yes"
ca = ["a"]
[evidence]
quota_md = 1
keep_days = 0
[[reader]]
name = "gate"
driver = "serial_asci"
[[reader]]
name = "gate"
driver = "serial_ascii"
port = "/dev/a"
signal = "lamb"
[[reader]]
name = "eyes"
driver = "osdp"
port = "/dev/a"
address = 1
key = "k"
purpose = "club"
[[reader]]
name = "c"
driver = "osdp"
port = "/dev/a"
address = 1
key = "k"
lights = {{ alert = {{ colour = "green", beep_s = 5, length = 1 }} }}
[[reader]]
name = "d"
driver = "hid"
device = ""
format = "8d"
[[reader]]
name = "e"
driver = "hid"
device = "/dev/input/by-id/x"
format = "8d"
form = "uid4"
[[camera]]
name = "hall"
driver = "rtsp"
url = "rtsp://admin:secret@192.168.1.2/"
sees = ["tamper"]
schedule = {{ fight = ["tonight", "08:00-08:00"], tamper = [] }}
thresholds = {{ tamper = 0.5 }}
line = [{{ name = "door", begin = [0.1, 0.1], end = [0.9, 0.1] }}]
zone = [
  {{ name = "a", outline = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]] }},
  {{ name = "a", outline = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]] }},
]
[[camera]]
name = "yard"
driver = "file"
file = "yard.mp4"
zone = [{{ name = "B b", outline = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]] }}]
[[camera]]
name = "roof"
driver = "file"
file = "/roof.mp4"
zone = [{{ name = "b", outline = [[0.1, 0.1], [0.2, 0.1], [0.3, 0.1]] }}]
[[camera]]
name = "attic"
driver = "file"
file = "/attic.mp4"
schedule = {{ fights = ["night"] }}
[[sensor]]
name = "panel"
driver = "modbus_panel"
port = "/dev/panel"
profile = "bolid"
zones = {{ 1 = "gym" }}
[[sensor]]
name = "panel-2"
driver = "modbus_panel"
port = "/dev/panel-2"
profile = "bolid-s2000-pp"
zones = {{ 1 = "gym" }}
means = "fire"
[[sensor]]
name = "door"
driver = "gpio_contact"
line = 5000
normally = "shut"
pull = "left"
[[sensor]]
name = "button"
driver = "gpio_contact"
line = 17
normally = "open"
means = "answer"
[[signal]]
name = "lamp"
driver = "gpio_signal"
alerts = ["bullying"]
green = 22
[[signal]]
name = "siren"
driver = "gpio_signal"
"""
SHOWN = {"C-101", "C-102", "C-103", "C-104", "C-105", "C-106", "C-107", "C-109", "C-110", "C-111", "C-113", "C-114"}
TYPED = re.compile(r"\"[^\"]*\"|«[^»]*»|\b\w+ = \S+|\[[^\]]*\]")  # what is to be written as it stands
LISTED = re.compile(r"(?:Known here:|are shown:|Use one of|Write(?= lessons))(.*)")  # names of the configuration
COLUMNS = 80


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.toml"
    path.write_text(WRONG)
    return path


def problems(file: Path) -> list[Problem]:
    with pytest.raises(config.ConfigError) as error:
        config.load(file)
    return error.value.problems


def test_the_file_has_mistakes_of_every_code(file: Path) -> None:
    assert {one.code for one in problems(file)} == SHOWN


@pytest.mark.parametrize("language", LANGUAGES)
def test_facts_and_instructions_have_no_english_word(file: Path, language: str) -> None:
    say = load_texts(language)
    for one in problems(file):
        listed = LISTED.search(one.do)
        names = set(re.findall(r"\w+", listed[1] if listed else "")) | set(re.findall(r"\w+", one.key))
        for told in (say.fact(one.code, one.what), say.instruction(one.code, one.do)):
            assert strangers(TYPED.sub(" ", told), ALLOWED | names | {"wiegand", "uid"}) == set(), (one, told)


@pytest.mark.parametrize("language", [*LANGUAGES, "en"])
def test_it_fits_eighty_columns(file: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}.UTF-8")
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    out = io.StringIO()
    assert main(["check", str(file)], out) == 2
    lines = [line for line in out.getvalue().splitlines() if str(file) not in line]  # a path is never cut
    assert max(map(len, lines)) <= COLUMNS
    assert sum("→" in line for line in lines) == len(problems(file))
    assert "`" not in "".join(one.what for one in problems(file)), "msgspec's own words"
    assert "regex" not in out.getvalue()


# --- the advice of every setting ------------------------------------------------------------------------------------


def structs() -> Iterator[type[msgspec.Struct]]:
    yield from (one for one in vars(config).values() if isinstance(one, type) and issubclass(one, msgspec.Struct))
    yield from COMMON.values()
    yield from (import_module(one.module).Settings for one in catalog.CATALOG.values() if one.kind != "eyes")


@pytest.mark.parametrize(("language", "begins"), [("ru", "Напишите "), ("kk", "Былай жазыңыз: ")])
def test_the_advice_of_every_setting_is_told(language: str, begins: str) -> None:
    say, seen = load_texts(language), 0
    for struct in structs():
        for name, hint in typing.get_type_hints(struct, include_extras=True).items():
            field = next((one for one in msgspec.structs.fields(struct) if one.name == name), None)
            if field is None or not (means := advice(field, hint).partition(": ")[2].rstrip(".")):
                continue
            told = say.instruction("C-103", advice(field, hint))
            assert told.startswith(f"{begins}{name} = "), told
            assert told.endswith(f" — {settings()[means][language]}."), told
            seen += 1
    assert seen > 100


def test_what_is_not_installed() -> None:
    do = "Run: sudo /opt/x/bin/pip install 'mektep-agent[serial]'"
    assert load_texts("ru").instruction("C-108", do) == do.replace("Run", "Выполните")
    assert load_texts("kk").instruction("C-108", do) == do.replace("Run", "Орындаңыз")
