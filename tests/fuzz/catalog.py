"""All targets by name: tests/fuzz/test_targets.py tries each for a moment, `make fuzz` for as long as it is told."""

from __future__ import annotations

from tests.fuzz import (
    audit,
    cameras,
    cells,
    centre_incidents,
    centre_ledger,
    enrolment,
    files,
    incidents,
    ledger,
    link,
    network,
    panels,
    readers,
    school_data,
    updates,
)
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    **readers.TARGETS,
    **panels.TARGETS,
    **network.TARGETS,
    **cameras.TARGETS,
    **cells.TARGETS,
    **link.TARGETS,
    **files.TARGETS,
    **ledger.TARGETS,
    **centre_ledger.TARGETS,
    **centre_incidents.TARGETS,
    **school_data.TARGETS,
    **audit.TARGETS,
    **incidents.TARGETS,
    **enrolment.TARGETS,
    **updates.TARGETS,
}
