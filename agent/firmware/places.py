"""Where the files are that this changes, under a root and a boot partition."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.errors import AgentError

BOOTS = ("boot/firmware", "boot")  # Raspberry Pi OS from 12 on, and before
OVERLAYROOT = Path("etc/overlayroot.conf")
BUSYBOX = Path(
    "usr/bin/busybox"
)  # klibc's shell, which Debian's first file system has without it, ends at overlayroot's first trap
DATA_LABEL = Path("dev/disk/by-label/mektep-data")


class Places(msgspec.Struct, frozen=True):
    """One installed system."""

    root: Path
    boot: Path

    @property
    def config_txt(self) -> Path:
        return self.boot / "config.txt"

    @property
    def cmdline(self) -> Path:
        return self.boot / "cmdline.txt"

    @property
    def backups(self) -> Path:
        """On the boot partition: a card that does not start any more can be put into any computer."""
        return self.boot / "mektep-backup"

    def etc(self, path: str) -> Path:
        return self.root / "etc" / path


def places_of(root: Path) -> Places:
    """Raises AgentError F-104 where no boot partition is."""
    for one in BOOTS:
        if (root / one / "config.txt").is_file() and (root / one / "cmdline.txt").is_file():
            return Places(root, root / one)
    do = "Mount the boot partition: sudo mount /boot/firmware"
    raise AgentError("F-104", f"config.txt and cmdline.txt are not in {root / BOOTS[0]}", do=do)
