"""centre.toml: where the database and the broker are, and which files prove who we are."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from centre.errors import CentreError

EST_PORT = 8445


class NotifySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How persons are told besides the desk, and when the centre tells by itself."""

    url: Annotated[str, Meta(description="of a gateway of messages; empty: only the desk")] = ""
    secret_file: Annotated[str, Meta(description="what its requests are signed with, beside this file")] = ""
    ca_file: Annotated[str, Meta(description="who vouches for the gateway; empty: the system's authorities")] = ""
    language: Annotated[str, Meta(pattern="^(kk|ru|en)$", description="of persons without an account")] = "ru"
    silent_s: Annotated[int, Meta(ge=1, le=3_600, description="then the centre answers for a report itself")] = 10
    remind_s: Annotated[int, Meta(ge=10, le=86_400, description="and tells the next person after so long")] = 300


class MediaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A media server that live views may go to."""

    host: Annotated[str, Meta(pattern=r"^[a-z0-9.-]{1,253}\Z")]
    port: Annotated[int, Meta(ge=1, le=65_535)] = 322
    ca_file: Annotated[str, Meta(description="who vouches for it; empty: the city's own CA")] = ""


class LiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The dataset `live` of every school."""

    servers: Annotated[list[MediaSettings], Meta(max_length=8)]
    sessions: Annotated[int, Meta(ge=1, le=4)] = 2
    seconds: Annotated[int, Meta(ge=10, le=7_200)] = 900


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The page for persons: which keys it holds, so which pictures it can show."""

    blurred_identity: Annotated[str, Meta(description="an age identity file, beside this one; empty: none")] = ""
    plain_identity: Annotated[str, Meta(description="of the police's circle; empty: they open files elsewhere")] = ""
    operators_see_plain: Annotated[bool, Meta(description="also the city's operators, not the police alone")] = False
    player: Annotated[
        str, Meta(pattern=r"^(https://.*)?\Z", description="where a browser plays {path}; empty: none")
    ] = ""


class EnrolmentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What boxes are told when they enrol, and how the broker hears of a revoked one."""

    est: Annotated[
        str, Meta(pattern=r"^(https://[^\s]+)?\Z", description="where boxes ask; empty: port 8445 of broker_host")
    ] = ""
    broker: Annotated[
        str, Meta(pattern=r"^(mqtts://[^\s]+)?\Z", description="as boxes reach it; empty: as the centre does")
    ] = ""
    reload: Annotated[
        list[str],
        Meta(description="makes the broker read crl.pem and its certificate again; empty: a SIGHUP to its process"),
    ] = []


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    database: Annotated[str, Meta(description="sqlite:///PATH or postgresql://HOST/NAME")]
    broker_host: str = "127.0.0.1"
    broker_port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    tls: bool = True
    group_batches: Annotated[int, Meta(ge=1, le=1000, description="batches of one commit at most")] = 32
    notify: NotifySettings = NotifySettings()
    live: LiveSettings | None = None
    desk: DeskSettings = DeskSettings()
    enrolment: EnrolmentSettings = EnrolmentSettings()
    folder: str = ""  # set when loading: where this file lies

    @property
    def est(self) -> str:
        """Where boxes ask for certificates."""
        return self.enrolment.est or f"https://{self.broker_host}:{EST_PORT}"

    @property
    def broker(self) -> str:
        """Where boxes connect."""
        return self.enrolment.broker or f"mqtts://{self.broker_host}:{self.broker_port}"

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
