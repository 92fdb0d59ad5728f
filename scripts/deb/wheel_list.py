"""The list of a version's wheels, TAG.txt beside them. A part of install-version and of update-version.

Text     a line `SHA-256  FILE` for each wheel, as sha256sum writes it; each Python has a list of its own.
"""

from __future__ import annotations

import re
import sys

TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"  # of the Python that runs this
LINE = re.compile(r"([0-9a-f]{64})  ([\w.+-]+\.whl)", re.ASCII)


def named(text: bytes) -> dict[str, str]:
    """Wheel -> its SHA-256. Raises ValueError: it is no such list."""
    lines = [LINE.fullmatch(line) for line in text.decode("ascii", "replace").splitlines()]
    if not lines or not all(lines):
        raise ValueError("no list of hashes and wheels")
    return {line[2]: line[1] for line in lines if line}
