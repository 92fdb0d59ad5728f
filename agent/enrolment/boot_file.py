"""The file that makes a fresh card a school's box: on the boot partition, or given to `mektep enrol`.

Shape   TOML, docs/enrolment.md. `token` serves once; `config` is the rest of agent.toml.
Spent   the token is blanked where it stands, by spaces: no byte moves, so that a power cut leaves a whole file, and
        none of the token is left on the card.
Raises  EnrolmentError N-101
"""

from __future__ import annotations

import tomllib
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from agent.config import SchoolName
from agent.enrolment.errors import EnrolmentError
from agent.strict import read_table

SIZE_MAX = 262_144
TOKEN_LEAST = 16
DO = "Ask the centre for a new file: `mektep-centre enrol SCHOOL`."


class BootFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the centre gives a new box."""

    school: SchoolName
    est: Annotated[
        str,
        Meta(
            description="where certificates are asked for",
            examples=["https://centre.shymkent.example:8445"],
            pattern=r"^https://[^\s]+\Z",
        ),
    ]
    broker: Annotated[
        str,
        Meta(
            description="the centre's broker",
            examples=["mqtts://centre.shymkent.example:8883"],
            pattern=r"^mqtts://[^\s]+\Z",
        ),
    ]
    ca_sha256: Annotated[
        str, Meta(description="SHA-256 of the city's authority, 64 hex digits", pattern=r"^[0-9a-fA-F]{64}\Z")
    ]
    orders_key: Annotated[str, Meta(description="the centre's public orders key, base64", min_length=44, max_length=44)]
    token: Annotated[str, Meta(description="serves once", pattern=r"^([\x21-\x7e]{16,256})?\Z")] = ""
    config: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError."""
        url = urlsplit(self.est)
        try:
            whole = url.hostname and url.port != 0
        except ValueError:
            whole = False
        if not whole or url.username or url.password or url.path.strip("/") or url.query or url.fragment:
            raise ValueError("est is a host and a port, nothing else. Write https://HOST:PORT.")


def read_boot_file(data: bytes, name: str) -> BootFile:
    """name: of the file, for what is said."""
    if len(data) > SIZE_MAX:
        raise EnrolmentError("N-101", f"{name} is too large to be a boot file", do=DO)
    try:
        document = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise EnrolmentError("N-101", f"{name} is not TOML: {error}", do=DO) from error
    shown = {key: value if key != "token" else "…" * 16 for key, value in document.items()}
    found, problems = read_table(document, BootFile, file=name, prefix="")
    if found is None:
        _, worded = read_table(shown, BootFile, file=name, prefix="")
        one = next((problem for problem in worded if problem.key != "token"), None)
        what = f"{one.code} {one.key}{': ' if one.key else ''}{one.what}" if one else "token is no token"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise EnrolmentError("N-101", f"{name}: {what}{more}", do=f"{one.do} {DO}" if one else DO)
    return found


def without_token(data: bytes, token: str) -> bytes:
    """The same file, of the same length, with nothing between the quotation marks."""
    if len(token) < TOKEN_LEAST:
        return data
    for mark in (b'"', b"'"):
        quoted = mark + token.encode() + mark
        data = data.replace(quoted, mark * 2 + b" " * (len(quoted) - 2))
    return data
