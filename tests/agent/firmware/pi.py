"""A made-up Pi: the files that matter, under a folder."""

from __future__ import annotations

from pathlib import Path

CONFIG_TXT = "dtparam=audio=on\ncamera_auto_detect=1\n[cm4]\notg_mode=1\n[all]\nenable_uart=0\n"
CMDLINE = "console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait\n"
FSTAB = "proc /proc proc defaults 0 0\n"


def pi(root: Path, model: str = "Raspberry Pi 4 Model B Rev 1.4", *, boot: str = "boot/firmware") -> Path:
    (root / "proc/device-tree").mkdir(parents=True)
    (root / "proc/device-tree/model").write_bytes(model.encode() + b"\0")
    (root / boot).mkdir(parents=True)
    (root / boot / "config.txt").write_text(CONFIG_TXT)
    (root / boot / "cmdline.txt").write_text(CMDLINE)
    (root / "etc").mkdir()
    (root / "etc/fstab").write_text(FSTAB)
    return root


def ready_for_read_only(root: Path) -> Path:
    (root / "etc/overlayroot.conf").write_text('overlayroot=""\n')
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/busybox").write_bytes(b"")
    (root / "dev/disk/by-label").mkdir(parents=True)
    (root / "dev/disk/by-label/mektep-data").write_bytes(b"")
    for place in ("etc/mektep", "var/lib/mektep", "opt/mektep"):
        (root / place).mkdir(parents=True)
        (root / place / "kept").write_text(place)
    return root


def forgetful(root: Path) -> None:
    """Its root is an overlay, as overlayroot mounts it."""
    (root / "proc/self").mkdir(exist_ok=True)
    (root / "proc/self/mounts").write_text(
        "/dev/mmcblk0p2 /media/root-ro ext4 ro 0 0\noverlayroot / overlay rw,lowerdir=/media/root-ro 0 0\n"
    )
