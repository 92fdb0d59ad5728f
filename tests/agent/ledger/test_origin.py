"""The name of a log is that of docs/ledger.md: domain, school, epoch."""

from __future__ import annotations

from agent.ledger.note import Checkpoint, parse_checkpoint
from agent.ledger.origin import origin_of

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"


def test_it_names_domain_school_and_epoch() -> None:
    origin = origin_of("school-07", EPOCH)
    assert origin == f"mektep.kz/school-07/{EPOCH}"
    assert parse_checkpoint(str(Checkpoint(origin, 1, bytes(32)))).origin == origin
