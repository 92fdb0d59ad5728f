"""An incident as the status, lamps, commands and the quota of pictures see it: frozen, in words."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.incident_events import Addressee
from agent.incidents.kinds import MANNERS, URGENCY, Certainty, Kind
from agent.incidents.life import State
from agent.model import Severity


class SignView(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    what: str
    certain: bool
    count: int


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One incident now."""

    incident: Annotated[str, Meta(description="UUID")]
    kind: Kind
    place: str
    certainty: Certainty
    state: State
    drill: bool = False
    report: str = ""
    step: int = 0
    opened: str = ""  # RFC 3339
    answer_by: str = ""  # RFC 3339: when the next step follows by itself
    to: tuple[Addressee, ...] = ()  # who was told last
    answered_by: str = ""
    signs: tuple[SignView, ...] = ()
    cameras: tuple[str, ...] = ()  # that saw it
    changes: int = 0

    @property
    def severity(self) -> Severity:
        return MANNERS[self.kind].severity

    @property
    def waits(self) -> bool:
        """Whether somebody is to answer: nobody has said yet that they are on the way."""
        return self.state in (State.OPENED, State.TOLD)

    @property
    def lights(self) -> bool:
        """Whether lamps and sirens show it now."""
        return MANNERS[self.kind].lights and self.waits

    @property
    def needs_box(self) -> bool:
        """Whether half a minute without the box could harm somebody: what lamps show, until it is dismissed.

        Of the others (bullying, tampering) every deadline is of a quarter of an hour and more, and on the disk; and who
        sends us forged messages must not keep the next version away by them.
        """
        return MANNERS[self.kind].lights and self.state not in (State.DISMISSED, State.CLOSED)


def in_order(views: list[View]) -> tuple[View, ...]:
    """Those that wait for a person first, then the most urgent, then the oldest."""
    waits = {State.OPENED: 0, State.TOLD: 0, State.ACKNOWLEDGED: 1, State.CONFIRMED: 2}
    return tuple(sorted(views, key=lambda one: (waits.get(one.state, 3), URGENCY[one.kind], one.opened)))
