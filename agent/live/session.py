"""One live view as the daemon knows it, and when it is to end. Pure: steady seconds go in."""

from __future__ import annotations

import msgspec

KEEP_S = 30.0  # without a word of who looks
END_S = 5.0  # for the camera's process to say that it is over


class Session(msgspec.Struct, kw_only=True):
    """From the order to the record of its end."""

    id: str
    camera: str
    by: str
    host: str
    began_ns: int  # UTC, of the order
    keep_until_s: float
    limit_s: float  # it ends then, whoever looks
    shown_s: float | None = None  # since when the media server takes it
    bytes_sent: int = 0
    ending: str = ""  # the reason, once it is decided
    end_by_s: float = 0.0  # then it is over, whatever is heard

    def keep(self, now_s: float) -> None:
        self.keep_until_s = now_s + KEEP_S

    def due(self, now_s: float) -> str:
        """Why it is to end now; empty while it is not."""
        if self.ending:
            return ""
        if now_s >= self.limit_s:
            return "limit"
        return "lapsed" if now_s >= self.keep_until_s else ""

    def end(self, reason: str, now_s: float) -> None:
        """The first reason counts."""
        if not self.ending:
            self.ending, self.end_by_s = reason, now_s + END_S

    def seconds(self, now_s: float) -> int:
        """For which it was shown."""
        return 0 if self.shown_s is None else max(0, round(now_s - self.shown_s))


class Recorded(msgspec.Struct, frozen=True):
    """What a restart must know of a view that was on: it ends it on the record, and resumes nothing."""

    id: str
    camera: str
    by: str
    host: str


class LiveShown(msgspec.Struct, frozen=True, kw_only=True):
    """A view that is on, for people."""

    camera: str
    by: str
    since: str
    host: str
