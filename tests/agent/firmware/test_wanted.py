"""The files of firmware_cfg/: each line has its reason, and the boot firmware would read it whole."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from agent.firmware.wanted import OPTIONS, Wanted, folder, parse, read
from tests.source_tree import ROOT

FILES = sorted(path.name for path in folder().iterdir())
LINE_CHARS = 98  # of config.txt; more is cut off


@pytest.mark.parametrize("name", FILES)
def test_each_line_has_a_reason_of_its_own_words(name: str) -> None:
    lines = read(name)
    assert lines
    assert [line for line in lines if len(line.why) < 10] == []


@pytest.mark.parametrize("name", ["config.txt", "eeprom.txt"])
def test_the_boot_firmware_reads_each_line_whole(name: str) -> None:
    assert [line.text for line in read(name) if len(line.text) > LINE_CHARS] == []


def test_every_option_is_of_some_line_and_no_other_is() -> None:
    assert {line.option for name in FILES for line in read(name)} - {""} == set(OPTIONS)


def test_reasons_filters_and_options() -> None:
    text = "# of the file\n\n# why\n# so\na=1\n[pi4]\n# option rtc-cell: because\nb=2\n"
    assert parse(text) == [Wanted("all", "a=1", "why so"), Wanted("pi4", "b=2", "because", "rtc-cell")]


@pytest.mark.parametrize("text", ["a=1\n", "# why\n\na=1\n", "# why\n[pi4]\na=1\n", "# option none: why\na=1\n"])
def test_a_line_without_a_reason_or_of_no_option_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match=r"reason|option"):
        parse(text)


def test_the_wheel_brings_the_files(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), "."]
    subprocess.run(words, cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert sorted(name.rsplit("/", 1)[1] for name in names if name.startswith("agent/firmware/cfg/")) == FILES
