"""The socket on which commands ask: one line there, one back, whoever asks known by the kernel; nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import AgentError
from agent.ops import control
from agent.ops.control import CONNECTIONS, LINE_BYTES, Answer, Control, account_of


async def echo(args: dict[str, Any], account: str) -> object:
    return {"args": args, "account": account}


async def refuses(_args: dict[str, Any], _account: str) -> object:
    raise AgentError("U-125", "it is closed", do="Nothing.")


async def fails(_args: dict[str, Any], _account: str) -> object:
    raise ZeroDivisionError("a defect")


HANDLERS = {"echo": echo, "refuses": refuses, "fails": fails}


async def said(path: Path, line: bytes) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    try:
        answer = await reader.read()
    except ConnectionResetError:  # put out before it was read
        answer = b""
    writer.close()
    found: dict[str, Any] = json.loads(answer) if answer else {}
    return found


async def test_an_answer_a_refusal_and_a_defect(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with Control(path, HANDLERS) as serving:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        told = await said(path, b'{"ask":"echo","args":{"x":1},"account":"olga"}\n')
        assert told["ok"]["args"] == {"x": 1}
        assert told["ok"]["account"] == ("olga" if os.getuid() == 0 else account_of(os.getuid(), ""))
        assert (await said(path, b'{"ask":"refuses"}\n'))["error"] == {
            "code": "U-125", "what": "it is closed", "do": "Nothing.",
        }  # fmt: skip
        assert (await said(path, b'{"ask":"fails"}\n'))["error"]["code"] == "U-123"
        assert (await said(path, b'{"ask":"format-disk"}\n'))["error"]["code"] == "U-122"
        assert serving.trouble() == []
    assert not path.exists()


@pytest.mark.parametrize(
    "line", [b"\n", b"[]\n", b'{"ask":1}\n', b'{"ask":"echo","more":1}\n', b"\xff\xfe\n", b"[" * 9_000 + b"\n"]
)
async def test_what_is_no_question_gets_told_so(tmp_path: Path, line: bytes) -> None:
    async with Control(tmp_path / "c", HANDLERS):
        assert (await said(tmp_path / "c", line))["error"]["code"] == "U-122"
        assert "ok" in await said(tmp_path / "c", b'{"ask":"echo"}\n')


@given(st.binary(max_size=200))
def test_no_bytes_end_it(line: bytes) -> None:
    answer = asyncio.run(Control(Path("unused"), HANDLERS)._answer(line, 0))
    assert isinstance(answer, Answer)
    assert msgspec.json.encode(answer)


async def test_a_line_without_an_end_is_put_out(tmp_path: Path) -> None:
    async with Control(tmp_path / "c", HANDLERS):
        assert await said(tmp_path / "c", b"x" * (LINE_BYTES + 2)) == {}
        assert "ok" in await said(tmp_path / "c", b'{"ask":"echo"}\n')


async def test_who_says_nothing_is_put_out_and_more_than_some_are_not_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ANSWER_S", 0.3)
    async with Control(tmp_path / "c", HANDLERS):
        silent = [await asyncio.open_unix_connection(tmp_path / "c") for _ in range(CONNECTIONS)]
        assert await said(tmp_path / "c", b'{"ask":"echo"}\n') == {}
        for reader, writer in silent:
            assert await reader.read() == b""
            writer.close()
        assert "ok" in await said(tmp_path / "c", b'{"ask":"echo"}\n')


async def test_the_socket_of_a_killed_agent_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.fspath(tmp_path / "c"))
    async with Control(tmp_path / "c", HANDLERS):
        assert "ok" in await said(tmp_path / "c", b'{"ask":"echo"}\n')


async def test_where_it_cannot_be_made_the_agent_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with Control(tmp_path / "file/c", HANDLERS) as serving:
        assert [one.code for one in serving.trouble()] == ["U-120"]


@pytest.mark.parametrize(
    ("uid", "name", "account"),
    [
        (0, "olga", "olga"),
        (0, "", "root"),
        (0, "a\x1b[2Jb", "a[2Jb"),
        (0, "\x1b", "root"),
        (4_000_000_000, "root", "uid 4000000000"),
    ],
)
def test_only_root_says_for_whom(uid: int, name: str, account: str) -> None:
    assert account_of(uid, name) == account
