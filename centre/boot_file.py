"""The file that makes a fresh card a school's box: docs/enrolment.md. It goes onto the card's boot partition, or to
`mektep enrol`.

It holds the token: whoever has it before the box has may enrol in its place; the box takes it out once it is used.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from centre import pki
from centre.settings import Settings

BOOT_FILE = """# Enrols one box of {school}. Keep it secret until then: who has the token can take the school's place.
# Copy it to the boot partition as mektep.toml, or run: sudo mektep enrol FILE
school = {school_}
est = {est}
broker = {broker}
ca_sha256 = {ca}
orders_key = {orders}
token = {token}
"""


def boot_file(settings: Settings, school: str, token: str, config: str) -> str:
    """config: the rest of the box's agent.toml; empty: the technician writes it. Raises CentreError K-101, OSError."""
    authority, _ = pki.authority(settings.file("pki"))
    text = BOOT_FILE.format(
        school=school,
        school_=json.dumps(school),
        est=json.dumps(settings.est),
        broker=json.dumps(settings.broker),
        ca=json.dumps(hashlib.sha256(authority.public_bytes(serialization.Encoding.DER)).hexdigest()),
        orders=json.dumps(settings.file("orders.pub").read_text().strip()),
        token=json.dumps(token),
    )
    return text + (f"config = {_quoted(config)}\n" if config else "")


def config_of(path: Path) -> str:
    """A file with the rest of agent.toml. Raises OSError, UnicodeDecodeError."""
    return path.read_text(encoding="utf-8")


def _quoted(text: str) -> str:
    """TOML's basic string over several lines; whatever the text holds comes out of it as it was."""
    escaped = text.replace("\\", "\\\\").replace('"""', '""\\"').replace("\r", "\\r")
    end = "" if escaped.endswith("\n") else "\\\n"  # a backslash takes the end of the line with it
    return f'"""\n{escaped}{end}"""'
