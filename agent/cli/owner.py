"""Whose the state directory is: what a command writes there with sudo, the agent's user must be able to read."""

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


def as_owner(directory: Path, work: Callable[[], bytes], groups: Sequence[str] = ()) -> bytes:
    """The work in a child process that is the directory's owner for good; we stay who we are. Raises AgentError."""
    if os.geteuid() != 0:
        return work()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _answer(write, directory, work, groups)
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


def _answer(write: int, directory: Path, work: Callable[[], bytes], groups: Sequence[str]) -> None:
    """In the child; does not return."""
    try:
        become_owner(directory, groups)
        try:
            done = _Done(work())
        except AgentError as error:
            done = _Done(error=(error.code, error.what, error.do))
        with os.fdopen(write, "wb") as out:
            out.write(msgspec.msgpack.encode(done))
    finally:
        os._exit(0)  # without an answer if it failed by itself


def become_owner(directory: Path, groups: Sequence[str] = ()) -> None:
    """Root becomes the directory's owner, for good: it makes no file of root's, and follows no link of another's.

    `groups`: that the agent has by its unit, as far as they are there.
    """
    if os.geteuid() != 0 or not directory.exists():
        return
    about = directory.stat()
    if about.st_uid == 0:
        return
    os.setgroups([found.gr_gid for found in grp.getgrall() if found.gr_name in groups])
    os.setresgid(about.st_gid, about.st_gid, about.st_gid)
    os.setresuid(about.st_uid, about.st_uid, about.st_uid)
