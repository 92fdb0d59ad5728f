"""mektep firmware as it is typed, on a made-up Pi's card."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.firmware import board
from tests.agent.firmware.pi import CMDLINE, forgetful, pi


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(board, "MACHINE", os.uname().machine)
    monkeypatch.setenv("LC_ALL", "C")
    return pi(tmp_path)


def typed(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(["firmware", *words], out), out.getvalue()


def test_shown_applied_undone(card: Path) -> None:
    code, text = typed("show", "--root", str(card))
    assert code == 1
    assert "lines are not as they should be: sudo mektep firmware apply" in text
    assert "no console on the readers' UART" in " ".join(text.split())
    code, text = typed("apply", "--yes", "--root", str(card))
    assert code == 1
    assert "sudo reboot" in text
    assert typed("show", "--root", str(card))[0] == 0
    assert typed("apply", "--yes", "--root", str(card)) == (0, "Nothing to do: the Pi is set up for a box.\n")
    assert typed("undo", "--root", str(card))[0] == 1
    assert (card / "boot/firmware/cmdline.txt").read_text() == CMDLINE


def test_the_difference_changes_nothing(card: Path) -> None:
    code, text = typed("diff", "--root", str(card))
    assert code == 1
    assert "+dtparam=watchdog=on" in text.splitlines()
    assert "+#mektep# enable_uart=0" in text.splitlines()
    assert (card / "boot/firmware/cmdline.txt").read_text() == CMDLINE


def test_nothing_is_written_without_a_yes(card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("apply", "--root", str(card))[0] == 2
    assert "F-111" in capsys.readouterr().err
    assert (card / "boot/firmware/cmdline.txt").read_text() == CMDLINE


def test_options_and_json(card: Path) -> None:
    code, text = typed("show", "--json", "--with", "rtc-ds3231", "--root", str(card))
    assert code == 1
    lines = json.loads(text)["lines"]
    assert {"dtoverlay=i2c-rtc,ds3231"} <= {line["text"] for line in lines}
    typed("apply", "--yes", "--with", "rtc-ds3231", "--root", str(card))
    assert typed("show", "--root", str(card))[0] == 0
    done = json.loads(typed("apply", "--yes", "--json", "--without", "rtc-ds3231", "--root", str(card))[1])
    assert [Path(one).name for one in done["files"]] == ["config.txt"]


def test_a_box_that_is_no_pi_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("show", "--root", str(pi(tmp_path, "Orange Pi 5")))[0] == 2
    assert "F-101" in capsys.readouterr().err


def test_on_a_root_that_forgets_only_the_boot_partition_is_written(
    card: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("apply", "--yes", "--root", str(card))
    with (card / "boot/firmware/cmdline.txt").open("r+") as file:
        file.write(f"overlayroot=tmpfs:recurse=0 {file.read()}")
    forgetful(card)
    (card / "etc/systemd/system.conf.d/50-mektep.conf").unlink()
    assert typed("apply", "--yes", "--root", str(card))[0] == 2
    assert "F-112" in capsys.readouterr().err
    assert typed("apply", "--yes", "--without", "read-only-root", "--root", str(card))[0] == 1
    assert "overlayroot" not in (card / "boot/firmware/cmdline.txt").read_text()
