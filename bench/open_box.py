"""The agent's outbox and its link to the centre as in the daemon, without devices: for processes that are measured."""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from agent import config as configuration
from agent.box import evidence_of
from agent.clock import SystemClock
from agent.daemon import SWITCH_INTERVAL_S, spare_what_is_loaded
from agent.evidence.films import Films
from agent.evidence.store import Evidence
from agent.outbox.outbox import Outbox, open_outbox
from agent.reference import Reference
from agent.sync.centre_link import CentreLink
from agent.sync.identity import load_identity


class Nothing(msgspec.Struct):
    """The order `status` is not asked for here."""


@asynccontextmanager
async def open_box(path: Path, rng: random.Random) -> AsyncIterator[tuple[Outbox, CentreLink, Reference]]:
    """Of a configuration. The link does nothing before its run()."""
    async with open_evidence_box(path, rng) as (outbox, link, reference, _):
        yield outbox, link, reference


@asynccontextmanager
async def open_evidence_box(
    path: Path, rng: random.Random, films: Films | None = None
) -> AsyncIterator[tuple[Outbox, CentreLink, Reference, Evidence]]:
    """The same with its evidence, which is not begun."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    config = configuration.load(path)
    clock = SystemClock()
    async with open_outbox(config.state.database, school=config.school, clock=clock, settings=config.outbox) as outbox:
        reference = Reference(config.state.reference, clock)
        evidence = evidence_of(config, outbox, reference, clock, films)
        link = CentreLink(
            config.centre, school=config.school, outbox=outbox, identity=load_identity(Path(config.state.directory)),
            evidence=evidence, reference=reference, clock=clock,
            rng=rng, status=Nothing,
        )  # fmt: skip
        spare_what_is_loaded()
        yield outbox, link, reference, evidence
