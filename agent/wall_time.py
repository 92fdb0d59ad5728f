"""Nanoseconds since 1970 as the wire writes them: RFC 3339, UTC, microseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(utc_ns: int) -> str:
    """2026-11-23T08:12:39.123456Z; the empty string for 0, which stands for never."""
    if utc_ns == 0:
        return ""
    return (
        datetime.fromtimestamp(utc_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        + f".{utc_ns // 1000 % 1_000_000:06d}Z"
    )


def utc_ns_of(text: str) -> int:
    """The moment that a text of this form names. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} names no offset")
    return round(moment.timestamp() * 1_000_000) * 1_000
