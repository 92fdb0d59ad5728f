"""Asks the running agent: the commands' side of agent/ops/control.py.

Raises  AgentError U-121 where nobody answers, and whatever the agent answers instead.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.errors import AgentError
from agent.ops.control import ANSWER_S, Answer, Ask, account_of
from agent.plain import plain

T = TypeVar("T")
GRACE_S = 2.0  # more than the agent takes at most


def ask(path: Path, word: str, type_: type[T], **args: Any) -> T:
    """What the agent says."""
    question = msgspec.json.encode(Ask(word, args, who())) + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWER_S + GRACE_S)
            line.connect(os.fspath(path))
            line.sendall(question)
            said = b"".join(iter(lambda: line.recv(65_536), b""))
    except PermissionError as error:
        what = f"{path} may not be used by this account"
        raise AgentError("X-002", what, do="Run it with sudo.") from error
    except OSError as error:
        do = "Start it: sudo systemctl start mektep-agent. `mektep status` says why it does not run."
        raise AgentError("U-121", f"the agent does not answer: {error.strerror or error}", do=do) from error
    if not said.endswith(b"\n"):
        raise AgentError("U-121", "the agent has put us out", do="Try again; if it stays, send the log to support.")
    answer = msgspec.json.decode(said, type=Answer)
    if answer.error is not None:
        raise AgentError(answer.error.code, answer.error.what, do=answer.error.do)
    return msgspec.convert(answer.ok, type_)


def who() -> str:
    """The account that asks: behind sudo, the one who typed it."""
    return plain(os.environ.get("SUDO_USER", "") or account_of(os.getuid(), ""))[:64]
