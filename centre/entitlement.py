"""Whether a pupil may have a meal on a day, by what was loaded for the school last: programme and tenge.

Of several programmes that cover the meal the first that is listed pays, as at the box.
"""

from __future__ import annotations

import msgspec

from centre.database import Database
from centre.school.datasets import Meals
from centre.school.kept import kept_of

NOTHING = Meals(meals=[], programmes=[], entitlements=[], grace_s=0)


class Right(msgspec.Struct, frozen=True):
    programme: str
    tenge: int


def meals_of(database: Database, school: str) -> Meals:
    """As it was loaded; nothing if it never was."""
    kept = kept_of(database, school).get("meals")
    return msgspec.json.decode(kept.loaded, type=Meals) if kept else NOTHING


def right(meals: Meals, pupil: str, day: str, meal: str) -> Right | None:
    """None without an entitlement, or where its programme has no tariff on that day."""
    for one in meals.entitlements:
        if one.pupil == pupil and meal in one.meals and one.first <= day <= one.last:
            tenge = _tenge(meals, one.programme, day)
            if tenge is not None:
                return Right(one.programme, tenge)
    return None


def _tenge(meals: Meals, programme: str, day: str) -> int | None:
    tariffs = [one for known in meals.programmes if known.programme == programme for one in known.tariffs]
    begun = [one for one in tariffs if one.first <= day]
    return max(begun, key=lambda one: one.first).tenge if begun else None
