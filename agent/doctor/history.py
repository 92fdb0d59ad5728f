"""What the last day's history says: how the agent ended, whether the clock was set."""

from __future__ import annotations

import msgspec

from agent.doctor.finding import Finding, Level, of_trouble, well
from agent.doctor.site import Site
from agent.errors import AgentError
from agent.history import view
from agent.history.rows import Part
from agent.ops.life_view import DAY_NS, lately
from agent.ops.status import TroubleView


def last_day(site: Site, part: Part) -> list[TroubleView]:
    """Nothing where the database cannot be read: that is told by another check."""
    if site.config is None:
        return []
    try:
        told = view.read(site.config.state.database, part, "", site.now_ns - DAY_NS)
    except AgentError:
        return []
    return [
        msgspec.structs.replace(one, what=f"{one.what}, at {one.since[:16]}Z")
        for one in lately(told.stretches, site.now_ns)
    ]


def life(site: Site) -> list[Finding]:
    """Ends of the last day that nobody had asked for."""
    found = [of_trouble(one, Level.NOTE) for one in last_day(site, Part.AGENT) if one.code != "H-133"]
    return found or [well("no power cut and no fall in the last day, as far as is known")]
