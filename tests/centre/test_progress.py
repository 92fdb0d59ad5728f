"""A bar where somebody looks, and nothing else anywhere."""

from __future__ import annotations

import pytest

from centre.progress import track


@pytest.mark.parametrize("terminal", ["", "1"])
def test_the_items_come_through(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", terminal)
    assert list(track(range(5), 5)) == [0, 1, 2, 3, 4]
    said = capsys.readouterr()
    assert said.out == ""
    assert bool(said.err) == bool(terminal)
