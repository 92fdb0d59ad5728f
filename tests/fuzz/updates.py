"""An update's archive as anybody may have put it into the agent's folder: root reads its heads before any signature."""

from __future__ import annotations

import io
import sys
import tarfile

from tests.fuzz.target import Target, shown_safely
from tests.source_tree import ROOT

sys.path.insert(0, str(ROOT / "scripts/deb"))  # as its program does, for what lies beside it
from scripts.deb.signed_version import MEMBERS, TEXT_BYTES, Archive, Refused

BLOCK = 512


def heads(data: bytes) -> None:
    """What is found lies behind a head, and no text is longer than it may be; anything else is refused in words."""
    try:
        archive = Archive(io.BytesIO(data))
        assert len(archive.found) <= MEMBERS
        for name, (at, size) in archive.found.items():
            assert at % BLOCK == 0
            assert at <= len(data)
            assert len(archive.text(name)) <= min(size, TEXT_BYTES)
    except Refused as error:
        shown_safely(ascii(str(error)))


def _tar(form: int, **files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()[: 4 * BLOCK + 2 * BLOCK]


_FILES = {"manifest.json": b"{}", "manifest.sig": b"x"}
TARGETS = {
    "update archive": Target(
        heads,
        [*(_tar(form, **_FILES) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)),
         _tar(tarfile.USTAR_FORMAT, **{"folder/" * 20 + "long": b""}), bytes(1_024), b""],
        most=8_192,
    ),
}  # fmt: skip
