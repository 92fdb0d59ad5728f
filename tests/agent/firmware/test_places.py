"""Where the boot partition is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware.places import places_of
from tests.agent.firmware.pi import pi


@pytest.mark.parametrize("boot", ["boot/firmware", "boot"])
def test_of_new_and_old_systems(tmp_path: Path, boot: str) -> None:
    assert places_of(pi(tmp_path, boot=boot)).boot == tmp_path / boot


def test_a_boot_partition_that_is_not_mounted_is_told(tmp_path: Path) -> None:
    (tmp_path / "boot/firmware").mkdir(parents=True)
    with pytest.raises(AgentError, match="F-104"):
        places_of(tmp_path)
