"""A rush against what the centre holds: the children's meals, the refusals, the money, the statements.

Meals       each child counts as often as its lights allow, by its programme, at the tariff of the day.
Refusals    each that was seen is told, none is told that was not shown.
Statements  simulator/statements.py; nothing is left that none has taken up.
Lanes       simulator/lanes.py: whole, without gaps, the same bytes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from simulator import statements
from simulator.roll import Roll
from simulator.rush_truth import Range, RushTruth
from simulator.statements import DATED, GRANTED, REVERSED, Event, Line

REFUSED = "kz.mektep.meal.refused.v1"
SHOWN_MOST = 8  # of what is wrong in one way


class Account:
    """All events of the meals of one child."""

    def __init__(self) -> None:
        self.granted: list[Event] = []
        self.reversed: list[Event] = []
        self.dated: list[Event] = []

    def count(self) -> int:
        uncounted = sum(not event["data"]["counted"] for event in self.dated)
        return len(self.granted) - len(self.reversed) - uncounted


def meals_wrong(truth: RushTruth, roll: Roll, child_of: Mapping[str, str], events: list[Event]) -> list[str]:
    """child_of: the centre's key of each pupil, and who that is at the school's office."""
    accounts, forgotten, wrong = _accounts(child_of, events)
    due = roll.due()
    for child, possible in truth.meals.items():
        wrong += _child(child, possible, truth.grants[child], accounts.pop(child, Account()), due[child], roll)
    wrong += [f"{child} has {account.count()} meals and was never there" for child, account in accounts.items()]
    if not truth.forgotten.holds(len(forgotten)):
        wrong.append(f"{truth.forgotten} meals for forgotten cards were given and {len(forgotten)} are stored")
    wrong += [
        f"a meal for a forgotten card says {event['data']}"
        for event in forgotten
        if event["data"]["pupil"] or event["data"]["tenge"]
    ]
    reversals = sum(event["type"] == REVERSED for event in events)
    if not truth.reversed.holds(reversals):
        wrong.append(f"{truth.reversed} meals were taken back and {reversals} reversals are stored")
    return wrong


def _accounts(child_of: Mapping[str, str], events: list[Event]) -> tuple[dict[str, Account], list[Event], list[str]]:
    accounts: defaultdict[str, Account] = defaultdict(Account)
    forgotten, wrong = [], []
    for event in events:
        lists = {GRANTED: "granted", REVERSED: "reversed", DATED: "dated"}.get(event["type"])
        if lists is None:
            continue
        data = event["data"]
        if data.get("operator") and event["type"] == GRANTED:
            forgotten.append(event)
        elif data["pupil"] in child_of:
            getattr(accounts[child_of[data["pupil"]]], lists).append(event)
        elif not (event["type"] == DATED and not data["pupil"]):  # of a forgotten card
            wrong.append(f"a meal of nobody is stored: {data['pupil']}")
    return accounts, forgotten, wrong


def _child(
    child: str, possible: set[int], grants: int, account: Account, due: tuple[str, int], roll: Roll
) -> list[str]:
    wrong = []
    if account.count() not in possible:
        how = f"granted {len(account.granted)}, reversed {len(account.reversed)}"
        wrong.append(f"{child} must have {' or '.join(map(str, sorted(possible)))} meals, has {account.count()}: {how}")
    if len(account.granted) > grants:
        wrong.append(f"{child} was granted {len(account.granted)} meals, and {grants} lights at most said so")
    for event in account.granted + account.reversed:
        data = event["data"]
        if (data["programme"], data["tenge"]) != due:
            wrong.append(f"{child}: {data['programme']} {data['tenge']} tenge in place of {due[0]} {due[1]}")
        if data["day"] not in ("", f"{roll.day}"):
            wrong.append(f"{child}: a meal of {data['day']} in place of {roll.day}")
    undated = {event["leaf"] for event in account.granted if not event["data"]["day"]}
    told = {event["data"]["of"].rpartition("/")[2] for event in account.dated}
    if account.count() > 0 and undated - told and not account.reversed:
        wrong.append(f"{child}: a meal without a day was never dated")
    return wrong


def refusals_wrong(truth: RushTruth, events: list[Event]) -> list[str]:
    """By reason: as many as were shown."""
    stored = Counter(event["data"]["reason"] for event in events if event["type"] == REFUSED)
    wrong = [
        f"{reason} was shown {seen} times and is stored {stored[reason]} times"
        for reason, seen in truth.refused.items()
        if not seen.holds(stored[reason])
    ]
    return wrong + [
        f"{reason} is stored {count} times and was never shown"
        for reason, count in stored.items()
        if reason not in truth.refused
    ]


def reckoned(
    truth: RushTruth, roll: Roll, child_of: Mapping[str, str], events: list[Event], *, replaced: bool = False
) -> dict[str, Any]:
    """Numbers, and `wrong`: each difference in words; empty if all agree.

    replaced  the box was: what its former database had not stated yet, no statement takes up
    """
    money = _money(truth, roll)
    leaves = statements.lines_of(events)
    stored, left = statements.summed(leaves), statements.unstated(events)
    stated = statements.added(
        [statements.Sum(*(one[f] for f in statements.Sum._fields)) for one in statements.of(events)]
    )
    old = sum((lines for epoch, lines in left.items() if replaced and epoch != _last(events)), Counter())
    wrong = [
        *truth.defects[:SHOWN_MOST],
        *meals_wrong(truth, roll, child_of, events)[:SHOWN_MOST],
        *refusals_wrong(truth, events),
        *statements.wrong(events)[:SHOWN_MOST],
        *_left_out(left, old),
    ]
    if statements.added([stated, statements.summed(old)]) != stored:
        wrong.append(f"the statements say {stated}, the leaves {stored}")
    if not money.holds(stored.meals_tenge):
        wrong.append(f"the meals must cost {money} tenge, and are stored with {stored.meals_tenge}")
    return {
        "children": len(truth.meals),
        "taps": truth.taps,
        "lights": dict(truth.lights),
        "must_be_tenge": f"{money}",
        "stored_meals": stored.meals,
        "stored_tenge": stored.meals_tenge,
        "stated_meals": stated.meals,
        "stated_tenge": stated.meals_tenge,
        "statements": len(statements.of(events)),
        "forgotten": f"{truth.forgotten}",
        "reversed": f"{truth.reversed}",
        "refused": {reason: f"{seen}" for reason, seen in sorted(truth.refused.items())},
        "suspicions": stored.suspicions,
        "wrong": wrong,
    }


def _money(truth: RushTruth, roll: Roll) -> Range:
    """To the tenge where the lights leave no doubt."""
    due, money = roll.due(), Range()
    for child, possible in truth.meals.items():
        tenge = due[child][1]
        money.add(min(possible) * tenge, max(possible) * tenge)
    return money


def _left_out(left: Mapping[str, Counter[Line]], old: Counter[Line]) -> list[str]:
    lines = sum(left.values(), Counter())
    lines.subtract(old)
    return [f"no statement has taken up {count} {line.kind} of {line.what}" for line, count in lines.items() if count]


def _last(events: list[Event]) -> str:
    """The epoch of the newest record."""
    newest = max((event for event in events if event["source"].endswith("/record")), key=lambda one: one["time"])
    return str(newest["source"].split("/")[-2])
