"""What the pages show is run: the driver of add-a-driver.md on a pty, the profiles of add-a-panel.md, the looks into
the database of commands.md, the orders of centre.md.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from agent.sync.order_book import PaceArgs
from drivers.readings import CardForm, Tap, ZoneState
from drivers.sensors.profile import condition, load_profile
from simulator.serial_line import SerialLine
from tests.agent.outbox.box import opened, taps
from tests.drivers.supervised import kept_reading, until
from tests.source_tree import ROOT

DOCS = ROOT / "docs"


def block(name: str, what: str) -> str:
    """The code block after a marker."""
    text = (DOCS / name).read_text(encoding="utf-8")
    (found,) = re.findall(rf"<!-- example {what} -->\n```\w+\n(.*?)\n```\n", text, re.DOTALL)
    return f"{found}\n"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The module of the page, imported from a file as it stands there."""
    path = tmp_path_factory.mktemp("driver") / "decimal_lines.py"
    path.write_text(block("add-a-driver.md", "driver"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("decimal_lines", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["decimal_lines"] = module
    spec.loader.exec_module(module)
    return module


HEARD = [
    (b"0123456789\r\n", ["075BCD15"]),
    (b"4294967295\r\n0000000001\r\n", ["FFFFFFFF", "00000001"]),
    (b"4294967296\r\n", [b"4294967296"]),
    (b"012345678\r\n", [b"012345678"]),
    (b"x" * 40, [b"x" * 33]),
    (b"0123456789", []),
]


@pytest.mark.parametrize(("data", "heard"), HEARD)
def test_the_driver_of_the_page_decodes(driver: ModuleType, data: bytes, heard: list[str | bytes]) -> None:
    assert list(driver.decode(bytearray(data))) == heard
    buffer, found = bytearray(), []
    for byte in data:
        buffer.append(byte)
        found += driver.decode(buffer)
    assert b"".join(one if isinstance(one, bytes) else b"" for one in found) in (b"", data.strip(), data[:33])
    assert [one for one in found if isinstance(one, str)] == [one for one in heard if isinstance(one, str)]


async def test_the_driver_of_the_page_reads_cards_from_a_port(driver: ModuleType, tmp_path: Path) -> None:
    line = SerialLine(tmp_path / "reader")
    line.plug()
    try:
        settings = driver.Settings(port=str(tmp_path / "reader"))
        async with kept_reading(driver, settings) as kept:
            await until(kept.works)
            line.send(b"0123456789\r\n")
            await until(lambda: kept.readings)
            line.unplug()
            await until(lambda: "P-104" in kept.states or "P-101" in kept.states)
            line.plug()
            await until(kept.works)
            line.send(b"garbage\r\n0000000042\r\n")
            await until(lambda: len(kept.readings) == 2)
            assert kept.station.totals().garbled == 1
            assert driver.probe(settings).code == ""
    finally:
        line.unplug()
    cards = [(one.card, one.form) for one in kept.readings if isinstance(one, Tap)]
    assert cards == [("075BCD15", CardForm.WIEGAND34), ("0000002A", CardForm.WIEGAND34)]
    assert driver.probe(settings).code == "P-101"


def test_the_driver_of_the_page_has_the_style_of_the_tree() -> None:
    page = block("add-a-driver.md", "driver")
    for tool in (["check"], ["format", "--check"]):
        words = [sys.executable, "-m", "ruff", *tool, "--stdin-filename", "drivers/readers/decimal_lines.py", "-"]
        done = subprocess.run(words, input=page, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_profiles_of_the_page_load_and_mean_what_it_says(tmp_path: Path) -> None:
    found = {}
    for what in ("codes", "bits"):
        path = tmp_path / f"{what}.toml"
        path.write_text(block("add-a-panel.md", f"profile {what}"), encoding="utf-8")
        found[what] = load_profile(str(path))
    assert condition(found["codes"], [24 << 8 | 37]).state is ZoneState.FIRE
    assert condition(found["codes"], [99 << 8]).state is ZoneState.UNKNOWN
    assert condition(found["bits"], [1, 1]).words == "smoke"
    assert condition(found["bits"], [0, 0]).state is ZoneState.FAULT
    assert condition(found["bits"], [1, 0]).state is ZoneState.NORMAL


async def test_the_looks_into_the_database_work(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with opened(path) as outbox:
        await outbox.accept(taps(3))
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    commands = re.findall(r"^sqlite-utils .*$", text, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        words = shlex.split(command.replace("/var/lib/mektep/outbox.db", str(path)))
        tool = [sys.executable, "-m", "sqlite_utils", *words[1:]]
        rows = json.loads(subprocess.run(tool, capture_output=True, text=True, check=True).stdout)
        assert "kz.mektep.card.seen.v1" in {row["type"] for row in rows}


def test_the_orders_of_the_centres_page_have_arguments_that_fit() -> None:
    text = (DOCS / "centre.md").read_text(encoding="utf-8")
    (args,) = re.findall(r"pace --args '(.*?)'", text)
    assert msgspec.json.decode(args, type=PaceArgs).bytes_per_s > 0
