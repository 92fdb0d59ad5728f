"""With sudo a command writes as the agent's user; without it, as whoever runs it."""

from __future__ import annotations

import grp
import os
from pathlib import Path

import pytest

from agent.cli.owner import as_owner, become_owner
from agent.errors import AgentError

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


# --- in a child -------------------------------------------------------------------------------------------------------

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another")


def test_what_is_done_as_the_owner_comes_back(tmp_path: Path) -> None:
    assert as_owner(tmp_path, lambda: b"x" * 3_000_000) == b"x" * 3_000_000


def test_its_trouble_is_told_in_its_own_words(tmp_path: Path) -> None:
    def work() -> bytes:
        raise AgentError("V-404", "there is none", do="Look.")

    with pytest.raises(AgentError) as caught:
        as_owner(tmp_path, work)
    assert (caught.value.code, caught.value.what, caught.value.do) == ("V-404", "there is none", "Look.")


@as_root
def test_the_child_is_the_owner_and_we_stay_root(tmp_path: Path) -> None:
    os.chown(tmp_path, UID, GID)
    found = as_owner(tmp_path, lambda: repr((os.getresuid(), os.getresgid(), os.getgroups())).encode())
    assert found.decode() == repr(((UID,) * 3, (GID,) * 3, []))
    assert os.geteuid() == 0


@as_root
def test_the_child_has_the_groups_that_the_agent_has_and_no_other(tmp_path: Path) -> None:
    os.chown(tmp_path, UID, GID)
    video = grp.getgrnam("video").gr_gid
    found = as_owner(tmp_path, lambda: repr(os.getgroups()).encode(), groups=("video", "no-such-group"))
    assert found.decode() == repr([video])


@as_root
def test_a_child_that_ends_by_itself_is_a_trouble(tmp_path: Path) -> None:
    def work() -> bytes:
        os._exit(9)

    with pytest.raises(AgentError) as caught:
        as_owner(tmp_path, work)
    assert caught.value.code == "X-003"


def test_without_root_it_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    pid = os.getpid()
    assert as_owner(tmp_path, lambda: str(os.getpid()).encode()) == str(pid).encode()
