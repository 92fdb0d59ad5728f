"""The journal of the agent's units, and of the kernel what matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.bundle import logs
from agent.bundle.site import Missing
from tests.agent.bundle.laid_out import by_name, site

KERNEL = """\
2026-11-26T08:00:03+0000 box kernel: usb 1-1.2: USB disconnect, device number 5
2026-11-26T08:00:02+0000 box kernel: audit: type=1400 apparmor
2026-11-26T08:00:01+0000 box kernel: hwmon hwmon1: Undervoltage detected!
2026-11-26T08:00:00+0000 box kernel: EXT4-fs error (device mmcblk0p2): ext4_find_entry
2026-11-26T07:59:59+0000 box kernel: Out of memory: Killed process 4711 (python)
2026-11-26T07:59:58+0000 box kernel: blk_update_request: I/O error, dev mmcblk0
2026-11-26T07:59:57+0000 box kernel: Bluetooth: hci0: BCM4345C0
"""


def test_the_journal(tmp_path: Path) -> None:
    said = list(logs.journal(site(tmp_path, programs={"journalctl": "newest\nolder\n"})))
    assert by_name(said) == {"gaps": [], "journal.txt": "newest\nolder\n"}
    said = list(logs.journal(site(tmp_path, programs={"journalctl": ""})))
    assert by_name(said) == {"gaps": [logs.NOTHING]}
    (tmp_path / "bin/journalctl").unlink()
    with pytest.raises(Missing, match="journalctl"):
        list(logs.journal(site(tmp_path)))


def test_of_a_journal_that_is_too_long_the_newest_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "JOURNAL_BYTES", 15)
    said = list(logs.journal(site(tmp_path, programs={"journalctl": "newest\nolder\noldest\n"})))
    assert by_name(said)["journal.txt"] == "newest\nolder\n"


def test_of_the_kernel_what_matters(tmp_path: Path) -> None:
    said = list(logs.kernel(site(tmp_path, programs={"journalctl": KERNEL})))
    kept = str(by_name(said)["kernel.txt"]).splitlines()
    assert [line[11:19] for line in kept] == ["08:00:03", "08:00:01", "08:00:00", "07:59:59", "07:59:58"]


def test_without_a_journal_of_the_kernel_its_own_buffer(tmp_path: Path) -> None:
    said = list(logs.kernel(site(tmp_path, programs={"journalctl": "", "dmesg": "usb old\nusb new\n"})))
    assert by_name(said)["kernel.txt"] == "usb new\nusb old\n"
