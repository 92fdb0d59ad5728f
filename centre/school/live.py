"""The dataset `live`, which is the same for every school: to which media servers boxes may show cameras.

It comes from `[live]` of centre.toml and is published with a school's other data. Taken out there, it becomes empty:
then nothing may be shown live.
Raises  OSError for a file of an authority that cannot be read; StoreDown
"""

from __future__ import annotations

import msgspec

from centre.database import Database
from centre.school.datasets import Live, MediaServer
from centre.school.kept import kept_of, note_loaded
from centre.settings import Settings


def live_of(settings: Settings) -> bytes:
    """As boxes read it."""
    if settings.live is None:
        return msgspec.json.encode(Live(servers=[]))
    servers = [
        MediaServer(host=one.host, port=one.port, ca=settings.file(one.ca_file).read_text() if one.ca_file else "")
        for one in settings.live.servers
    ]
    return msgspec.json.encode(Live(servers=servers, sessions=settings.live.sessions, seconds=settings.live.seconds))


def note_live(database: Database, settings: Settings, school: str) -> None:
    """Keep it for publishing, if it is another than before."""
    kept = kept_of(database, school).get("live")
    if kept is None and settings.live is None:
        return
    content = live_of(settings)
    if kept is None or kept.loaded != content:
        with database.transaction():
            note_loaded(database, school, {"live": content})
