"""The card: space, read-only mounts, wear as the card says and as it can be reckoned, errors in the kernel's words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.doctor.storage import card, disk, journal, kernel, mounts, wear
from tests.agent.doctor.boxes import box, configured, programs, told

GB = 10**9


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """space(free, size): of every disk."""

    def be(free: float, size: float = 30 * GB, files: int = 1_000, room: int = 900) -> None:
        about = SimpleNamespace(f_bavail=free, f_frsize=1, f_blocks=size, f_files=files, f_favail=room)
        monkeypatch.setattr(os, "statvfs", lambda _path: about)

    return be


def test_space_is_told_and_what_is_short_of_it(tmp_path: Path, space: Callable[..., None]) -> None:
    site = box(tmp_path, {"etc/fstab": ""})
    space(20 * GB)
    assert told(disk(site)) == ["ok"]
    space(1 * GB)
    assert told(disk(site)) == ["warn H-111"]
    space(20 * GB, room=5)
    assert told(disk(site)) == ["warn H-111"]


def test_below_the_reserve_the_agent_drops_telemetry(tmp_path: Path, space: Callable[..., None]) -> None:
    site = configured(tmp_path)
    space(500_000)  # reserve_mb = 1
    site.path(str(tmp_path / "state")).mkdir(parents=True)
    assert told(disk(site))[0] == "fault D-123"


MOUNTS = "/dev/mmcblk0p2 / ext4 {} 0 0\nproc /proc proc ro 0 0\n/dev/mmcblk0p1 /boot/firmware vfat rw 0 0\n"


@pytest.mark.parametrize(
    ("options", "fstab", "errors", "found"),
    [
        ("rw,noatime", "", "0", ["ok"]),
        ("ro,noatime", "", "0", ["fault H-113"]),
        ("ro", "PARTUUID=1-02 / ext4 defaults,ro 0 1\n", "0", ["ok"]),  # meant so
        ("rw", "", "3", ["fault H-114"]),
    ],
)
def test_what_should_be_writable(tmp_path: Path, options: str, fstab: str, errors: str, found: list[str]) -> None:
    files = {
        "proc/self/mounts": MOUNTS.format(options),
        "etc/fstab": fstab,
        "sys/fs/ext4/mmcblk0p2/errors_count": errors,
    }
    assert told(mounts(box(tmp_path, files))) == found


BOUND = "LABEL=mektep-data /data ext4 nofail 0 2\n/data/opt-mektep /opt/mektep none bind,nofail 0 0\n"


@pytest.mark.parametrize(
    ("there", "found"),
    [("/data /opt/mektep", ["ok"]), ("/data", ["fault H-118"]), ("", ["fault H-118"])],
)
def test_a_data_partition_that_is_not_there_is_named(tmp_path: Path, there: str, found: list[str]) -> None:
    rows = "".join(f"/dev/sda1 {where} ext4 rw 0 0\n" for where in there.split())
    files = {"proc/self/mounts": f"overlayroot / overlay rw 0 0\n{rows}", "etc/fstab": BOUND}
    assert told(mounts(box(tmp_path, files))) == found


@pytest.mark.parametrize(
    ("line", "root", "found"),
    [
        ("root=PARTUUID=6d656b74-02 overlayroot=tmpfs:recurse=0", "/dev/mmcblk0p2 / ext4", ["warn H-119"]),
        ("overlayroot=disabled overlayroot=tmpfs:recurse=0", "/dev/mmcblk0p2 / ext4", ["warn H-119"]),
        ("overlayroot=tmpfs:recurse=0", "overlayroot / overlay", ["ok"]),
        ("overlayroot=tmpfs:recurse=0 overlayroot=disabled", "/dev/mmcblk0p2 / ext4", ["ok"]),
        ("overlayroot=", "/dev/mmcblk0p2 / ext4", ["ok"]),
        ("root=/dev/mmcblk0p2", "/dev/mmcblk0p2 / ext4", ["ok"]),
    ],
)
def test_a_root_that_is_to_forget_and_does_not_is_named(tmp_path: Path, line: str, root: str, found: list[str]) -> None:
    files = {"proc/cmdline": f"{line}\n", "proc/self/mounts": f"{root} rw 0 0\n"}
    assert told(mounts(box(tmp_path, files))) == found


@pytest.mark.parametrize(
    ("life", "end", "found"),
    [("", "", "ok"), ("0x01 0x02", "0x01", "ok"), ("0x09 0x01", "0x01", "warn H-112"),
     ("0x02 0x02", "0x02", "warn H-112"),
     ("0x0b 0x0b", "0x03", "fault H-112")],
)  # fmt: skip
def test_what_the_card_says_of_itself(tmp_path: Path, life: str, end: str, found: str) -> None:
    device = "sys/block/mmcblk0/device"
    files = {
        f"{device}/name": "SC32G",
        f"{device}/date": "03/2021",
        f"{device}/life_time": life,
        f"{device}/pre_eol_info": end,
    }
    (finding,) = card(box(tmp_path, files))
    assert told([finding]) == [found]
    assert "SC32G, made 03/2021" in finding.fact


@pytest.mark.parametrize(
    ("sectors", "up_s", "found"),
    [(2_000_000, 86_400, "ok"), (40_000_000, 86_400, "warn H-115"), (40_000_000, 600, "ok")],
)
def test_how_long_a_card_lasts_is_reckoned_with_its_assumptions(
    tmp_path: Path, sectors: int, up_s: int, found: str
) -> None:
    """32 GB: 500 erasures of 62,500,000 sectors, four times as much written as asked."""
    stat = f"1 1 1 1 1 1 {sectors} 1 0 1 1"
    files = {"sys/block/mmcblk0/stat": stat, "sys/block/mmcblk0/size": "62500000", "proc/uptime": f"{up_s}.0 1.0"}
    (finding,) = wear(box(tmp_path, files))
    assert told([finding]) == [found]
    if up_s > 3_600:
        assert "assumed" in finding.fact
        assert f"{62_500_000 * 500 / (4 * sectors) / 365:.1f} years" in finding.fact


LOG = "usb 1-1: new device\nmmc0: Got data interrupt 0x02000000 even though no data operation was in progress.\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", "ok"),
        ("blk_update_request: I/O error, dev mmcblk0, sector 122880 op 0x1:(WRITE)\n", "fault H-114"),
        ("EXT4-fs error (device mmcblk0p2): ext4_find_entry:1455: inode #2\n", "fault H-114"),
        ("mmc0: card never left busy state\n", "fault H-114"),
        ("Buffer I/O error on dev sda1, logical block 0, async page read\n", "fault H-114"),
    ],
)
def test_what_the_kernel_says_of_its_disks(tmp_path: Path, line: str, found: str) -> None:
    assert told(kernel(box(tmp_path, run=programs(journalctl=LOG + line)))) == [found]
    assert told(kernel(box(tmp_path, run=programs(dmesg=LOG + line)))) == [found]
    assert told(kernel(box(tmp_path))) == ["note H-192"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, "ok"),
        ({"etc/systemd/journald.conf": "#SystemMaxUse=\n"}, "note H-116"),
        ({"etc/systemd/journald.conf": "", "etc/systemd/journald.conf.d/mektep.conf": "SystemMaxUse=64M\n"}, "ok"),
        ({"etc/systemd/journald.conf": "[Journal]\nStorage=volatile\n"}, "ok"),
    ],
)
def test_the_journal_has_a_limit(tmp_path: Path, files: dict[str, str], found: str) -> None:
    assert told(journal(box(tmp_path, files))) == [found]
