"""Where the commands of this box talk to the running agent: a Unix socket, one line of JSON there, one back.

Wire     {"ask": "drill", "args": {...}, "account": "olga"} -> {"ok": {...}} or {"error": {"code", "what", "do"}}
Who      the kernel tells whose process asks; only root may say for which account (behind sudo). The socket's mode lets
         root and the agent's own group ask.
Bounded  lines of LINE_BYTES, CONNECTIONS at once, ANSWER_S for an answer; whoever says nothing is put out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from agent.errors import AgentError
from agent.outbox.troubles import Trouble
from agent.plain import plain

log = logging.getLogger("agent.control")

LINE_BYTES = 65_536
CONNECTIONS = 8
ANSWER_S = 10.0
MODE = 0o660
PEER = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)
A = TypeVar("A", bound=msgspec.Struct)


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a command wants."""

    ask: Annotated[str, Meta(max_length=32)]
    args: dict[str, Any] = {}
    account: Annotated[str, Meta(max_length=64)] = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer: code, fact, instruction."""

    code: str
    what: str
    do: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the two."""

    ok: Any = None
    error: Told | None = None


Handler = Callable[[dict[str, Any], str], Awaitable[object]]  # the arguments, the account that asks


def args_of(args: dict[str, Any], type_: type[A]) -> A:
    """Raises AgentError U-122."""
    try:
        return msgspec.convert(args, type_)
    except msgspec.ValidationError as error:
        do = "Use the command of the same version as the agent: restart the agent after an update."
        raise AgentError("U-122", f"the agent does not understand what is asked: {error}", do=do) from error


class Control:
    """`async with` it: the socket is there while it lasts. `handlers`: what may be asked."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        self._open = 0
        self._trouble: list[Trouble] = []

    async def __aenter__(self) -> Control:
        """A folder that does not take the socket costs the commands, and nothing else."""
        try:
            self._path.unlink(missing_ok=True)  # of an agent that was killed
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_BYTES)
            self._path.chmod(MODE)
        except OSError as error:
            what = f"{self._path} cannot be made: {error.strerror}; commands cannot ask the agent"
            do = "Check `runtime` under [state], and that the agent's user may write there."
            self._trouble = [Trouble(code="U-120", what=what, do=do, since_ns=0)]
            log.warning("%s", what)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def trouble(self) -> list[Trouble]:
        return self._trouble

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= CONNECTIONS:
            writer.close()
            return
        self._open += 1
        try:
            async with asyncio.timeout(ANSWER_S):
                line = await reader.readline()
                writer.write(msgspec.json.encode(await self._answer(line, _peer(writer))) + b"\n")
                await writer.drain()
        except (TimeoutError, OSError, ValueError) as error:  # nobody there, or a line without an end
            log.warning("a command was put out: %s", error)
        except asyncio.CancelledError:  # the agent ends; the stream's own callback would log it as a defect
            log.info("a command gets no answer: the agent ends")
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, line: bytes, peer_uid: int) -> Answer:
        try:
            asked = msgspec.json.decode(line, type=Ask)
            handler = self._handlers.get(asked.ask)
            if handler is None:
                do = "Restart the agent after an update."
                raise AgentError("U-122", f"the agent does not know what `{asked.ask}` asks", do=do)
            return Answer(ok=await handler(asked.args, account_of(peer_uid, asked.account)))
        except AgentError as error:
            return Answer(error=Told(code=error.code, what=error.what, do=error.do))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return Answer(error=Told(code="U-122", what=f"no question: {error}", do="Use the command mektep."))
        except Exception as error:  # a defect of ours is told to who asked, and ends nothing
            log.exception("an ask failed")
            do = "Send the log to support."
            return Answer(error=Told(code="U-123", what=f"the agent failed by itself: {error!r}", do=do))


def account_of(uid: int, said: str) -> str:
    """Who asks: root may say for whom, everybody else is who the kernel says."""
    if uid == 0 and (shown := plain(said)):
        return shown
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _peer(writer: asyncio.StreamWriter) -> int:
    """The uid at the other end."""
    sock = writer.get_extra_info("socket")
    _, uid, _ = PEER.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    return int(uid)
