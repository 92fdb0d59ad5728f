"""What shows an alarm, in the forms that it is kept in: plain for one circle of people, blurred for another.

Two forms are two files: each has its own id, its own recipients, its own record; the alarm names both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from agent.age import fingerprint, seal
from agent.events import EvidenceSealed
from agent.model import Moment, Severity


class Form(StrEnum):
    """`kind` on the wire, and the name of its circle in the reference data `recipients`; the smaller one goes first."""

    BLURRED = "blurred"
    SNAPSHOT = "snapshot"


class Shows(Protocol):
    """A reading that has a picture. An empty form could not be made."""

    @property
    def jpeg(self) -> bytes: ...

    @property
    def blurred(self) -> bytes:
        """The same with faces and bodies made unrecognisable."""
        ...

    @property
    def at_ns(self) -> int: ...

    @property
    def monotonic_ns(self) -> int: ...


class Ids(msgspec.Struct, frozen=True, kw_only=True):
    """Under which the forms of one picture will be kept; empty for one that is not."""

    snapshot: str = ""
    blurred: str = ""


class Picture(msgspec.Struct, frozen=True):
    """One form that is on its way to the disk."""

    id: str
    camera: str
    form: Form
    severity: Severity
    content: bytes
    at: Moment


def forms(shown: Shows) -> Iterator[tuple[Form, bytes]]:
    """Those that there are."""
    for form, content in ((Form.BLURRED, shown.blurred), (Form.SNAPSHOT, shown.jpeg)):
        if content:
            yield form, content


def sealed(picture: Picture, recipients: Sequence[str]) -> tuple[bytes, EvidenceSealed]:
    """The sealed file, and what its record says."""
    return sealed_as(picture.id, picture.camera, picture.form.value, picture.content, recipients)


def sealed_as(
    id_: str, camera: str, kind: str, content: bytes, recipients: Sequence[str]
) -> tuple[bytes, EvidenceSealed]:
    """The same of any content."""
    file = seal(content, recipients)
    return file, EvidenceSealed(
        evidence=id_,
        camera=camera,
        kind=kind,
        bytes=len(file),
        sha256=hashlib.sha256(file).hexdigest(),
        plain_bytes=len(content),
        plain_sha256=hashlib.sha256(content).hexdigest(),
        recipients=[fingerprint(one) for one in recipients],
    )
