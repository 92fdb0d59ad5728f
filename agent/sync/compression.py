"""zstd for what is sent, if the configuration wants it. Nothing that arrives is ever decompressed on the box."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3  # higher levels gain nothing on such batches


def compress(payload: bytes) -> bytes:
    """One zstd frame."""
    return zstd.compress(payload, level=LEVEL)
