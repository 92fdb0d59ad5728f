"""The table of parts: what an archive holds, how large and how slow each may be."""

from __future__ import annotations

import json
from collections.abc import Iterator

from agent.bundle import configuration, database, logs, machine
from agent.bundle.gathering import Gap, Json, Part, Said
from agent.bundle.site import Missing, Site
from agent.ops import status

KB, MB = 1 << 10, 1 << 20
DOCTOR_FINE = (0, 1, 3)


def _status(site: Site) -> Iterator[Said]:
    picture = status.read(site.places.live)
    if picture is None:
        raise Missing(f"{site.places.live}: the agent has not run since the box was switched on")
    yield Json("status.json", {"running": status.is_alive(picture), "picture": picture})


def _doctor(site: Site) -> Iterator[Said]:
    """As the command tells it: what it opens and holds ends with it."""
    if "doctor" not in site.commands:
        raise Missing("this version has no `mektep doctor`")
    said = site.ask([*site.mektep, "doctor", str(site.file), "--json"], fine=DOCTOR_FINE)
    try:
        yield Json("doctor.json", json.loads(said))
    except ValueError as error:
        raise Missing(f"`mektep doctor` said nothing that can be read: {error}") from error


def _configuration(site: Site) -> Iterator[Said]:
    if not site.file.exists():
        yield Gap(f"{site.file}: there is no such file")
    yield from configuration.configuration(site)
    yield from configuration.configurations(site)


PARTS = (
    Part(name="status", look=_status, limit_bytes=512 * KB, limit_s=5.0),
    Part(name="doctor", look=_doctor, limit_bytes=512 * KB, limit_s=45.0),
    Part(name="history", look=database.history, limit_bytes=2 * MB, limit_s=10.0, owner=True),
    Part(name="configuration", look=_configuration, limit_bytes=512 * KB, limit_s=5.0, owner=True),
    Part(name="owed", look=database.owed, limit_bytes=256 * KB, limit_s=10.0, owner=True),
    Part(name="database", look=database.facts, limit_bytes=256 * KB, limit_s=30.0, owner=True),
    Part(name="system", look=machine.system, limit_bytes=512 * KB, limit_s=10.0),
    Part(name="devices", look=machine.devices, limit_bytes=256 * KB, limit_s=5.0),
    Part(name="network", look=machine.network, limit_bytes=256 * KB, limit_s=10.0),
    Part(name="software", look=machine.software, limit_bytes=256 * KB, limit_s=15.0),
    Part(name="journal", look=logs.journal, limit_bytes=logs.JOURNAL_BYTES, limit_s=30.0),
    Part(name="kernel", look=logs.kernel, limit_bytes=1 * MB, limit_s=30.0),
)
