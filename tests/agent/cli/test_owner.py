"""With sudo a command writes as the agent's user; without it, as whoever runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.cli.owner import become_owner

UID, GID = 4711, 4712


class Ids:
    """What was asked of the system, by a user of this number, in a directory of that owner's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, user: int, owner: int) -> None:
        self.asked: list[tuple[object, ...]] = []
        about = os.stat_result((0o40700, 0, 0, 1, owner, GID, 0, 0, 0, 0))
        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(Path, "stat", lambda _path, **_: about)
        for name in ("setgroups", "setresgid", "setresuid"):
            monkeypatch.setattr(os, name, lambda *given, name=name: self.asked.append((name, *given)))


def test_root_becomes_the_owner_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = Ids(monkeypatch, user=0, owner=UID)
    become_owner(tmp_path)
    assert ids.asked == [("setgroups", []), ("setresgid", GID, GID, GID), ("setresuid", UID, UID, UID)]


@pytest.mark.parametrize(("user", "owner"), [(UID, UID), (1000, UID), (0, 0)])
def test_others_stay_who_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, owner: int) -> None:
    ids = Ids(monkeypatch, user=user, owner=owner)
    become_owner(tmp_path)
    assert ids.asked == []


def test_before_the_first_start_there_is_nobody_to_become(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = Ids(monkeypatch, user=0, owner=UID)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    become_owner(tmp_path / "none")
    assert ids.asked == []
