"""What we notice ourselves has a code of the page, the camera's name and an instruction."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.cameras import troubles
from drivers.errors import DeviceError

NAME = "rtsp://10.0.0.5/main"
PAGE = (Path(__file__).parents[3] / "docs/errors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (troubles.blind(NAME, 25), "V-104"),
        (troubles.unreadable(NAME, 30), "V-106"),
        (troubles.no_video(NAME, "sound only"), "V-107"),
        (troubles.ended(NAME), "V-109"),
        (troubles.no_still(NAME), "V-112"),
        (troubles.unreachable(NAME, "no answer"), "V-101"),
    ],
)
def test_what_we_notice_ourselves(error: DeviceError, code: str) -> None:
    assert error.code == code
    assert f"| {code} |" in PAGE
    assert NAME in error.what
    assert error.do.endswith(".")
