"""The archive: a tar.gz for its owner alone, whole or not at all, with a page that says what is in it.

Inside  mektep-SCHOOL-TIME/CONTENTS.txt, about.json, and a folder for each part.
Raises  AgentError X-231 if it cannot be written; nothing is left of it then.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from agent import __version__
from agent.bundle.gathering import File, Made
from agent.bundle.site import Site
from agent.errors import AgentError
from agent.private_file import half_made, publish
from agent.texts import Texts
from agent.texts.measures import size
from agent.wall_time import rfc3339


def stem(site: Site) -> str:
    """mektep-school-07-20261126T091500Z: a school's name that is none gives no path away."""
    school = re.sub(r"[^a-z0-9-]", "", site.school)[:32] or "unknown"
    return f"mektep-{school}-{datetime.fromtimestamp(site.now_ns // 1_000_000_000, UTC):%Y%m%dT%H%M%SZ}"


def packed(site: Site, made: Sequence[Made], name: str, say: Texts) -> bytes:
    """All of it."""
    raw = io.BytesIO()
    files = [File("CONTENTS.txt", contents(site, made, say).encode()), File("about.json", _about(site, made))]
    files += [File(f"{one.part}/{file.name}", file.content) for one in made for file in one.files]
    with tarfile.open(fileobj=raw, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            entry = tarfile.TarInfo(f"{name}/{file.name}")
            entry.size, entry.mode, entry.mtime = len(file.content), 0o600, site.now_ns // 1_000_000_000
            tar.addfile(entry, io.BytesIO(file.content))
    return raw.getvalue()


def contents(site: Site, made: Sequence[Made], say: Texts) -> str:
    """What leaves the school, in words; and what is missing, and why."""
    lines = [
        f"mektep-agent {__version__}, {site.school or '?'}, {rfc3339(site.now_ns)}",
        "",
        say("bundle.holds_no"),
        "",
    ]
    for one in made:
        lines += [f"{beginning(one, say)}{say(f'bundle.{one.part}')}"]
        lines += [f"{'':15}{say('bundle.missing')}: {say.fact('', gap)}" for gap in one.gaps]
        lines += [f"{'':15}{one.part}/{file.name}  {size(say, len(file.content))}" for file in one.files]
    return "\n".join(lines) + "\n"


def beginning(one: Made, say: Texts) -> str:
    """Of a line of the table: part and size; what it tells stands behind."""
    return f"{one.part:15}{size(say, one.bytes) if one.files else '-':>9}  "


def _about(site: Site, made: Sequence[Made]) -> bytes:
    told = {
        "agent": __version__, "school": site.school, "at": rfc3339(site.now_ns),
        "parts": [
            {"part": one.part, "bytes": one.bytes, "files": [file.name for file in one.files], "missing": one.gaps}
            for one in made
        ],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def write(path: Path, content: bytes, owner: tuple[int, int] | None) -> None:
    """A file that was not there; `owner`: whose it is to be, if we are root. Raises AgentError X-231."""
    fresh = half_made(path)
    do = "Name a file that is not there yet, in a folder where you may write: --out PATH."
    try:
        if os.path.lexists(path):
            raise FileExistsError(17, "there is one already")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as out:
            try:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
                if owner is not None:
                    os.fchown(out.fileno(), *owner)
                publish(fresh, path)
            except OSError:
                fresh.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise AgentError("X-231", f"{path} cannot be written: {error.strerror}", do=do) from error
