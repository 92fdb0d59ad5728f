"""Age's format, X25519: seals what only one box may read, opens a picture with the key of who may see it.

The only file of the centre that imports pyrage.
Source  age-encryption.org/v1
Raises  CentreError K-121 no key in the file, K-122 not sealed for this key.
"""

from __future__ import annotations

from pathlib import Path

import pyrage  # type: ignore[import-untyped]

from centre.errors import CentreError


def open_sealed(sealed: bytes, identity: Path) -> bytes:
    """The picture. `identity`: a file as age-keygen makes it."""
    try:
        lines = [line.strip() for line in identity.read_text(encoding="utf-8").splitlines()]
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise _no_key(identity) from error
    if not keys:
        raise _no_key(identity)
    try:
        return bytes(pyrage.decrypt(sealed, keys))
    except pyrage.DecryptError as error:
        do = "Take the identity of one of the recipients that were published when the picture was taken."
        raise CentreError("K-122", f"the key does not open it: {error}", do=do) from error


def usable(recipient: str) -> bool:
    """Whether anything can be sealed for it."""
    try:
        pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        return False
    return True


def seal(plain: bytes, recipient: str) -> bytes:
    """For one recipient, who must be usable."""
    return bytes(pyrage.encrypt(plain, [pyrage.x25519.Recipient.from_str(recipient)]))


def _no_key(path: Path) -> CentreError:
    do = "Give the file that `age-keygen` wrote: a line that begins with AGE-SECRET-KEY-1."
    return CentreError("K-121", f"{path} holds no age identity", do=do)
