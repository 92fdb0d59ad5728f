"""Lines out of a stream of bytes, bounded: a line that is too long loses its beginning, never its reader. Pure."""

from __future__ import annotations

from collections.abc import Iterator


def cut(buffer: bytearray, longest: int) -> Iterator[tuple[bytes, bool]]:
    """Eat whole lines; leave the unfinished rest, at most `longest` bytes.

    A line without its newline, and True; or the beginning of one that is too long, and False.
    """
    while True:
        end = buffer.find(b"\n", 0, longest + 1)
        if end < 0 and len(buffer) <= longest:
            return
        taken, eaten = (end, end + 1) if end >= 0 else (longest + 1, longest + 1)
        line = bytes(buffer[:taken])
        del buffer[:eaten]
        yield line, end >= 0
