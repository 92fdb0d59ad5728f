"""What every camera may be told, and that saying nothing is in order."""

from __future__ import annotations

import msgspec
import pytest

from drivers.cameras.view import View
from drivers.cameras.watch import Settings


def test_what_is_not_said_is_what_the_watch_takes_for_right() -> None:
    assert View().watch == Settings()


def test_what_is_said_reaches_the_watch() -> None:
    view = View(covered_s=3, frozen_s=20, dark_is_covered=False)
    assert view.watch == Settings(covered_s=3, frozen_s=20, dark_is_covered=False)


@pytest.mark.parametrize(
    "wrong", [{"covered_s": 0}, {"frozen_s": 1}, {"dark_is_covered": "white"}, {"ring_s": 3_600}, {"ring_mb": 1_000}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, View)
