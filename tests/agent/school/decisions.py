"""Decisions that are leaves of the ledger, as drafts."""

from __future__ import annotations

from agent.events import draft
from agent.model import Draft, Moment
from agent.school_events import ClubVisit, MealDated, MealGranted, MealReversed, Suspicion
from tests.clock import START_NS

AT = Moment(START_NS, 5_000_000_000, True)
DAY = "2026-11-23"
OPERATOR = "0f" * 8


def salt(number: int) -> str:
    return f"{number:032x}"


def pupil(number: int) -> str:
    return f"{number:016x}"


def granted(number: int = 0, *, day: str = DAY, tenge: int = 950, programme: str = "free-1-4") -> Draft:
    meal = MealGranted(
        reader="canteen-1", pupil=pupil(number), salt=salt(number), day=day, meal="lunch", programme=programme,
        tenge=tenge,
    )  # fmt: skip
    return draft(meal, AT)


def forgotten(number: int = 0) -> Draft:
    meal = MealGranted(
        reader="canteen-1", pupil="", salt=salt(number), day=DAY, meal="lunch", programme="", tenge=0,
        operator=OPERATOR,
    )  # fmt: skip
    return draft(meal, AT)


def reversed_(number: int = 0, *, tenge: int = 950) -> Draft:
    meal = MealReversed(
        reader="canteen-1", pupil=pupil(number), salt=salt(number), of="", day=DAY, meal="lunch",
        programme="free-1-4", tenge=tenge, operator=OPERATOR,
    )  # fmt: skip
    return draft(meal, AT)


def dated(number: int = 0, *, counted: bool = True, tenge: int = 950) -> Draft:
    meal = MealDated(
        pupil=pupil(number), salt=salt(number), of=f"{'0' * 36}/1", day=DAY, meal="lunch", programme="free-1-4",
        tenge=tenge, counted=counted, reason="" if counted else "already_eaten",
    )  # fmt: skip
    return draft(meal, AT)


def visit(number: int = 0, *, counted: bool = True, tenge: int = 1500) -> Draft:
    found = ClubVisit(
        reader="club-1", pupil=pupil(number), salt=salt(number), club="chess", voucher="v-1", day=DAY, minutes=45,
        counted=counted, ended="tap", tenge=tenge if counted else 0,
    )  # fmt: skip
    return draft(found, AT)


def suspicion() -> Draft:
    return draft(Suspicion(rule="too_fast", day=DAY, reader="canteen-1"), AT)
