"""What a media server says back: answers to RTSP requests, and its own reports between them.

Wire    RTSP 1.0 (RFC 2326): a status line, headers, an empty line, a body as long as Content-Length says; between
        them blocks that begin with a dollar sign, one byte of channel, two of length (section 10.12).
Shape   read() eats what is whole and leaves the rest. Raises AnswerError where it is none, or too long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

HEAD_BYTES = 8_192
BODY_BYTES = 65_536
REST_BYTES = HEAD_BYTES + BODY_BYTES + 4  # of what is not whole yet
STATUS = re.compile(rb"RTSP/1\.[01] (\d{3})(?: ([ -~]{0,200}))?")
HEADER = re.compile(rb"([!-9;-~]{1,64}):[ \t]*([ -~\t]{0,1000})")
ASKED = re.compile(rb"([A-Z_]{1,20}) [!-~]{1,1000} RTSP/1\.[01]")
BLOCK = 0x24  # "$"
BLOCK_HEAD = 4


class AnswerError(Exception):
    """No media server speaks so."""


class Answer(msgspec.Struct, frozen=True):
    """To the request with this number."""

    status: int
    words: str
    headers: dict[str, str]  # names in lower case

    @property
    def number(self) -> int:
        text = self.headers.get("cseq", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1

    @property
    def session(self) -> str:
        return self.headers.get("session", "").partition(";")[0].strip()

    @property
    def timeout_s(self) -> int:
        """How long the session lives without a word; the standard's minute if the server does not say."""
        told = re.search(r";\s*timeout=(\d{1,4})", self.headers.get("session", ""))
        return max(1, int(told[1])) if told else 60


class Asked(msgspec.Struct, frozen=True):
    """The server asks something of us."""

    method: str


def read(buffer: bytearray) -> Iterator[Answer | Asked]:
    """Raises AnswerError."""
    while buffer:
        if buffer[0] == BLOCK:
            end = BLOCK_HEAD + int.from_bytes(buffer[2:4], "big")
            if len(buffer) < max(end, BLOCK_HEAD):
                return
            del buffer[:end]
            continue
        found = _message(buffer)
        if found is None:
            return
        yield found


def _message(buffer: bytearray) -> Answer | Asked | None:
    """Raises AnswerError."""
    end = buffer.find(b"\r\n\r\n", 0, HEAD_BYTES)
    if end < 0:
        if len(buffer) >= HEAD_BYTES:
            raise AnswerError("an answer without end")
        return None
    first, *lines = bytes(buffer[:end]).split(b"\r\n")
    headers = dict(_header(line) for line in lines)
    length = _length(headers)
    if len(buffer) < end + 4 + length:
        return None
    del buffer[: end + 4 + length]
    if answer := STATUS.fullmatch(first):
        return Answer(int(answer[1]), (answer[2] or b"").decode("ascii"), headers)
    if asked := ASKED.fullmatch(first):
        return Asked(asked[1].decode("ascii"))
    raise AnswerError("no answer of RTSP")


def _header(line: bytes) -> tuple[str, str]:
    found = HEADER.fullmatch(line)
    if found is None:
        raise AnswerError("a header that is none")
    return found[1].decode("ascii").lower(), found[2].decode("ascii").strip()


def _length(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or int(text) > BODY_BYTES:
        raise AnswerError("a body that is too long")
    return int(text)
