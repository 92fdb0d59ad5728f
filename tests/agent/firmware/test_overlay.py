"""On a root that forgets nothing is written that is to stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware.overlay import forgets, refuse
from agent.firmware.places import places_of
from tests.agent.firmware.pi import forgetful, pi


def test_it_is_known_by_its_mount(tmp_path: Path) -> None:
    root = pi(tmp_path)
    assert not forgets(root)
    forgetful(root)
    assert forgets(root)
    (root / "proc/self/mounts").write_text("/dev/mmcblk0p2 / ext4 rw 0 0\noverlay /var/lib/docker/x overlay rw 0 0\n")
    assert not forgets(root)


def test_what_would_be_forgotten_is_refused_and_the_boot_partition_is_not(tmp_path: Path) -> None:
    places = places_of(pi(tmp_path))
    fstab, boot = tmp_path / "etc/fstab", places.cmdline
    refuse(places, [fstab, boot])
    forgetful(tmp_path)
    refuse(places, [boot, Path("EEPROM")])
    with pytest.raises(AgentError, match="F-112"):
        refuse(places, [boot, fstab])
