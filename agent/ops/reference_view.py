"""What the box's reference data are, for people: version, age, how much of each thing, and whether they still hold."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from agent.book import Book
from agent.clock import Clock
from agent.ops.status import DatasetView
from agent.reference import Reference
from agent.school.calendar import local


def dataset_views(reference: Reference, utc_ns: int) -> dict[str, DatasetView]:
    """Each dataset that is held, at this moment."""
    book, issued = reference.book, reference.issued()
    counts = _counts(book)
    return {
        name: DatasetView(
            version=version,
            issued=issued[name],
            counts=counts.get(name, {}),
            stale=name != "recipients" and book.stale(name, utc_ns),
            ends=book.calendar.last if name == "calendar" and book.calendar else "",
            ended=name == "calendar" and _ended(book, utc_ns),
            utc_offset_min=book.calendar.utc_offset_min if name == "calendar" and book.calendar else None,
        )
        for name, version in reference.versions().items()
    }


def views_on_disk(folder: Path, clock: Clock) -> dict[str, DatasetView]:
    """Of an agent that does not run. Nothing is written: a box without a key has never run, and looking makes none."""
    try:
        there = os.listdir(folder)
    except FileNotFoundError:
        return {}
    if not there or not folder.with_name(f"{folder.name}.agekey").exists():
        return {}
    return dataset_views(Reference(folder, clock), clock.utc_ns())


def _ended(book: Book, utc_ns: int) -> bool:
    return book.calendar is not None and local(utc_ns, book.calendar).day > book.calendar.last


@lru_cache(maxsize=1)  # a picture is taken each second, a book changes once a day
def _counts(book: Book) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    if book.cards:
        pupils, staff = book.cards.pupils, book.cards.staff
        numbers = sum(len(one.cards) for one in pupils) + sum(len(one.cards) for one in staff)
        found["cards"] = {
            "classes": len(book.cards.classes),
            "pupils": len(pupils),
            "staff": len(staff),
            "numbers": numbers,
            "blocked": sum(len(one.blocked) for one in pupils),
        }
    if book.calendar:
        found["calendar"] = {"shifts": len(book.calendar.shifts), "holidays": len(book.calendar.holidays)}
    if book.meals:
        meals = book.meals
        found["meals"] = {
            "meals": len(meals.meals),
            "programmes": len(meals.programmes),
            "entitlements": len(meals.entitlements),
        }
    if book.clubs:
        found["clubs"] = {"clubs": len(book.clubs.clubs), "vouchers": len(book.clubs.vouchers)}
    if book.duty:
        found["duty"] = {"duties": len(book.duty.duties)}
    return found
