"""A tap as the rules see it, and the shape of a rule.

A rule runs in the writer's thread, inside the commit that makes its decision durable, and may run again if that commit
fails: it reads and changes nothing but the transaction. Everything else comes in its arguments.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent.book import Book
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school.purpose import Purpose, Way
from drivers.readings import Light


class Tapped(msgspec.Struct, frozen=True, kw_only=True):
    """One card at one reader."""

    reader: str
    purpose: Purpose
    form: str
    card: str  # keyed hash
    at: Moment
    boot: str  # which life of the machine: monotonic times of two are not comparable
    clubs: tuple[str, ...] = ()  # of a club's reader: who meets in that room
    way: Way = Way.BOTH  # of an entrance reader


Rule = Callable[[Transaction, Book, Tapped], Light]
Tick = Callable[[Transaction, Book, Moment, str], None]  # the moment, the boot
