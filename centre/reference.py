"""Reference data for a school: a signed manifest, retained by the broker, and parts where it does not fit into one.

A version is never given twice: it is the time of publication in seconds, or one more than the last.
Raises  CentreError K-123 for content that boxes would refuse.
"""

from __future__ import annotations

import hashlib
import re
import time

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre.database import Database
from centre.errors import CentreError
from centre.wire import Manifest, PartName, now_text, sign, topic_of

DATASET = re.compile(r"[a-z][a-z0-9-]{0,31}")
RECIPIENT = re.compile(r"age1[0-9a-z]{58}")
RECIPIENTS_MAX = 16
INLINE_MAX = 65_536
AGE_HEADER = b"age-encryption.org/v1\n"
PART_BYTES = 131_072
PARTS_MAX = 64


class Message(msgspec.Struct, frozen=True):
    """What is to be published, retained; an empty payload takes back what was."""

    topic: str
    payload: bytes
    user: dict[str, str] = {}


class Recipients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The dataset `recipients`: who may see pictures as they are, who with nobody to be recognised in them; support."""

    snapshot: list[str]
    blurred: list[str] = []
    support: list[str] = []  # who may open what a box tells of itself


def check(dataset: str, content: bytes) -> None:
    """Raises CentreError K-123."""
    try:
        msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        if dataset == "recipients":
            named = msgspec.json.decode(content, type=Recipients)
            for found in (named.snapshot, named.blurred, named.support):
                wrong = [one for one in found if not RECIPIENT.fullmatch(one)]
                if wrong or len(found) > RECIPIENTS_MAX:
                    raise ValueError(f"not at most {RECIPIENTS_MAX} keys age1…: {wrong[:1] or len(found)}")
    except (msgspec.MsgspecError, ValueError) as error:
        do = """Give a JSON object; `recipients` is {"snapshot": ["age1…"], "blurred": ["age1…"]}."""
        raise CentreError("K-123", f"boxes would refuse this as {dataset}: {error}", do=do) from error
    check_size(content)


def check_size(content: bytes) -> None:
    """Raises CentreError K-123."""
    if len(content) > PARTS_MAX * PART_BYTES:
        raise CentreError("K-123", f"{len(content)} bytes are too much for a dataset", do="At most 8 MiB.")


def messages(
    key: Ed25519PrivateKey, school: str, dataset: str, version: int, content: bytes, former: list[str]
) -> list[Message]:
    """In the order of publication: parts, the manifest, and what takes back the parts that nobody needs now."""
    parts = _cut(content) if in_parts(content) else []
    manifest = Manifest(
        dataset=dataset,
        school=school,
        version=version,
        issued=now_text(time.time_ns()),
        content=msgspec.UNSET if parts else msgspec.Raw(content),
        parts=[PartName(_sha256(part), len(part)) for part in parts] or msgspec.UNSET,
    )
    topic, payload = topic_of(school, f"reference/{dataset}"), msgspec.json.encode(manifest)
    named = {_sha256(part) for part in parts}
    return [
        *(Message(topic_of(school, f"reference/{_sha256(part)}"), part) for part in parts),
        Message(topic, payload, sign(key, "reference", topic, payload)),
        *(Message(topic_of(school, f"reference/{sha256}"), b"") for sha256 in former if sha256 not in named),
    ]


def part_names(content: bytes) -> list[str]:
    """The parts under which a content was published."""
    return [_sha256(part) for part in _cut(content)] if in_parts(content) else []


def in_parts(content: bytes) -> bool:
    """What does not fit into a manifest, and what is sealed: it is no JSON."""
    return len(content) > INLINE_MAX or content.startswith(AGE_HEADER)


class Published:
    """What was published, by school and dataset; only the newest of each is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def versions(self, school: str) -> dict[str, str]:
        rows = self._database.execute(
            "select dataset, version from reference where school = ? order by dataset", (school,)
        )
        return {dataset: str(version) for dataset, version in rows}

    def newest(self, school: str, dataset: str) -> tuple[int, bytes]:
        """Version and content; 0 and nothing if there is none."""
        sql = "select version, content from reference where school = ? and dataset = ?"
        rows = self._database.execute(sql, (school, dataset))
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, b"")

    def note(self, school: str, dataset: str, version: int, content: bytes) -> None:
        """It is with the broker."""
        sql = (
            "insert into reference (school, dataset, version, content) values (?, ?, ?, ?) "
            "on conflict (school, dataset) do update set version = excluded.version, content = excluded.content "
            "where reference.version < excluded.version"
        )
        with self._database.transaction():
            self._database.execute(sql, (school, dataset, version, content))


def next_version(last: int) -> int:
    return max(last + 1, int(time.time()))


def _cut(content: bytes) -> list[bytes]:
    return [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
