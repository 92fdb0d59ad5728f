"""The name of a log: whose it is, and of which epoch. docs/ledger.md; the key that signs it has the same name."""

from __future__ import annotations

DOMAIN = "mektep.kz"


def origin_of(school: str, epoch: str) -> str:
    """The first line of the log's checkpoints."""
    return f"{DOMAIN}/{school}/{epoch}"
