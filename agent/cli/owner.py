"""Whose the state directory is: what a command writes there with sudo, the agent's user must be able to read.

A configuration that is not root's was written by the agent's user, and what it names may be anything: then nothing is
done as root, nor as anybody but the user whose file it is.
"""

from __future__ import annotations

import grp
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from agent.errors import AgentError


class _Done(msgspec.Struct, array_like=True):
    """What a child says at its end: its result, or why there is none."""

    result: bytes = b""
    error: tuple[str, str, str] | None = None


def as_owner(directory: Path, file: str | Path, work: Callable[[], bytes], groups: Sequence[str] = ()) -> bytes:
    """The work in a child process that is the owner for good; we stay who we are. Raises AgentError."""
    if os.geteuid() != 0:
        return work()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _answer(write, directory, file, work, groups)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    if not said:
        raise AgentError("X-003", "the part of the command that looks ended by itself", do="Send the log to support.")
    done = msgspec.msgpack.decode(said, type=_Done)
    if done.error is not None:
        code, what, do = done.error
        raise AgentError(code, what, do=do)
    return done.result


def _answer(write: int, directory: Path, file: str | Path, work: Callable[[], bytes], groups: Sequence[str]) -> None:
    """In the child; does not return."""
    try:
        become_owner(directory, file, groups)
        try:
            done = _Done(work())
        except AgentError as error:
            done = _Done(error=(error.code, error.what, error.do))
        with os.fdopen(write, "wb") as out:
            out.write(msgspec.msgpack.encode(done))
    finally:
        os._exit(0)  # without an answer if it failed by itself


def become_owner(directory: Path, file: str | Path, groups: Sequence[str] = ()) -> None:
    """Root becomes the owner, for good: it makes no file of root's, and follows no link of another's.

    The owner is the configuration file's, unless that is root's; then the state directory's that it names.
    `groups`: that the agent has by its unit, as far as they are there.
    """
    if os.geteuid() != 0:
        return
    owners = [about for path in (Path(file), directory) if (about := _about(path)) is not None and about.st_uid != 0]
    if not owners:
        return
    os.setgroups([found.gr_gid for found in grp.getgrall() if found.gr_name in groups])
    os.setresgid(owners[0].st_gid, owners[0].st_gid, owners[0].st_gid)
    os.setresuid(owners[0].st_uid, owners[0].st_uid, owners[0].st_uid)


def _about(path: Path) -> os.stat_result | None:
    """None: it is not there yet."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
