"""centre.toml: where the database and the broker are, and which files prove who we are."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from centre.errors import CentreError


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    database: Annotated[str, Meta(description="sqlite:///PATH or postgresql://HOST/NAME")]
    broker_host: str = "127.0.0.1"
    broker_port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    tls: bool = True
    group_batches: Annotated[int, Meta(ge=1, le=1000, description="batches of one commit at most")] = 32
    folder: str = ""  # set when loading: where this file lies

    def file(self, name: str) -> Path:
        """A file of the centre's folder."""
        return Path(self.folder) / name


def load_settings(path: Path) -> Settings:
    """Raises CentreError K-103."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Settings)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        do = "Run `mektep-centre init DIR`, then give DIR/centre.toml with --config."
        raise CentreError("K-103", f"{path}: {error}", do=do) from error
    return msgspec.structs.replace(found, folder=str(path.resolve().parent))
