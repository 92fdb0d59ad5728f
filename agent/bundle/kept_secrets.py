"""What this box keeps secret, read for one purpose: to find it in what is about to leave, and take it out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from agent.bundle.gathering import Become, Gap, Part, Said, Text, hear
from agent.bundle.scrub import secrets_in
from agent.bundle.site import Site, read
from agent.sync.identity import FILE as IDENTITY

PEM_LINE = "-----"


def known(site: Site, become: Become) -> tuple[list[str], list[str]]:
    """The secrets, and why some could not be read. Raises nothing."""
    said, gaps = hear(SECRETS, site, become)
    return [one.text for one in said if isinstance(one, Text)], [
        *gaps, *(one.what for one in said if isinstance(one, Gap)),
    ]  # fmt: skip


def _secrets(site: Site) -> Iterator[Said]:
    places = site.places
    stored = sorted(places.secrets.iterdir()) if places.secrets.is_dir() else []
    keys = [Path(places.directory) / IDENTITY, places.reference.with_name(f"{places.reference.name}.agekey")]
    keys += sorted(places.pki.glob("*.key")) if places.pki.is_dir() else []
    for path in (*stored, *keys):
        yield from (Text("", line) for line in read(path).splitlines() if not line.startswith(PEM_LINE))
    if places.card_key.exists():
        raw = places.card_key.read_bytes()
        yield from (Text("", one) for one in (raw.hex(), base64.b64encode(raw).decode()))
    names = {path.name for path in stored}
    if site.config is not None:  # a secret may be called as its device is
        names |= {source.name for source in site.config.sources}
    yield from (Text("", one) for one in secrets_in(site.document) if one not in names)


SECRETS = Part(name="secrets", look=_secrets, limit_bytes=1 << 18, limit_s=5.0, owner=True)
