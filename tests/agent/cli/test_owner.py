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
    """What was asked of the system, by a user of this number; `owners` has those of the paths that are there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, user: int, owners: dict[str, int]) -> None:
        self.asked: list[tuple[object, ...]] = []

        def stat(path: Path, **_: object) -> os.stat_result:
            if str(path) not in owners:
                raise FileNotFoundError(str(path))
            return os.stat_result((0o40700, 0, 0, 1, owners[str(path)], GID, 0, 0, 0, 0))

        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(Path, "stat", stat)
        for name in ("setgroups", "setresgid", "setresuid"):
            monkeypatch.setattr(os, name, lambda *given, name=name: self.asked.append((name, *given)))


STATE, FILE = "/var/lib/mektep", "/etc/mektep/agent.toml"
OTHER = 1000


@pytest.mark.parametrize(
    ("user", "owners", "becomes"),
    [
        (0, {STATE: UID, FILE: 0}, UID),  # a technician wrote the file: the agent's user is the directory's owner
        (0, {STATE: UID}, UID),  # a file that is lost
        (0, {STATE: UID, FILE: UID}, UID),
        (0, {STATE: 0, FILE: UID}, UID),  # the agent's user wrote the file: it names a directory of root's,
        (0, {FILE: UID}, UID),  # one that is not there,
        (0, {STATE: OTHER, FILE: UID}, UID),  # or another's
        (0, {STATE: 0, FILE: 0}, None),
        (0, {FILE: 0}, None),  # before the first start there is nobody to become
        (0, {}, None),
        (UID, {STATE: UID, FILE: UID}, None),
        (OTHER, {STATE: UID, FILE: UID}, None),
    ],
)
def test_root_becomes_the_owner_for_good(
    monkeypatch: pytest.MonkeyPatch, user: int, owners: dict[str, int], becomes: int | None
) -> None:
    ids = Ids(monkeypatch, user=user, owners=owners)
    become_owner(Path(STATE), FILE)
    whole = [("setgroups", []), ("setresgid", GID, GID, GID), ("setresuid", UID, UID, UID)]
    assert ids.asked == ([] if becomes is None else whole)


# --- in a child -------------------------------------------------------------------------------------------------------

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another")


def test_what_is_done_as_the_owner_comes_back(tmp_path: Path) -> None:
    assert as_owner(tmp_path, FILE, lambda: b"x" * 3_000_000) == b"x" * 3_000_000


def test_its_trouble_is_told_in_its_own_words(tmp_path: Path) -> None:
    def work() -> bytes:
        raise AgentError("V-404", "there is none", do="Look.")

    with pytest.raises(AgentError) as caught:
        as_owner(tmp_path, FILE, work)
    assert (caught.value.code, caught.value.what, caught.value.do) == ("V-404", "there is none", "Look.")


@as_root
def test_the_child_is_the_owner_and_we_stay_root(tmp_path: Path) -> None:
    os.chown(tmp_path, UID, GID)
    found = as_owner(tmp_path, FILE, lambda: repr((os.getresuid(), os.getresgid(), os.getgroups())).encode())
    assert found.decode() == repr(((UID,) * 3, (GID,) * 3, []))
    assert os.geteuid() == 0


@as_root
def test_the_child_has_the_groups_that_the_agent_has_and_no_other(tmp_path: Path) -> None:
    os.chown(tmp_path, UID, GID)
    video = grp.getgrnam("video").gr_gid
    found = as_owner(tmp_path, FILE, lambda: repr(os.getgroups()).encode(), groups=("video", "no-such-group"))
    assert found.decode() == repr([video])


@as_root
def test_a_child_that_ends_by_itself_is_a_trouble(tmp_path: Path) -> None:
    def work() -> bytes:
        os._exit(9)

    with pytest.raises(AgentError) as caught:
        as_owner(tmp_path, FILE, work)
    assert caught.value.code == "X-003"


def test_without_root_it_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    pid = os.getpid()
    assert as_owner(tmp_path, FILE, lambda: str(os.getpid()).encode()) == str(pid).encode()
