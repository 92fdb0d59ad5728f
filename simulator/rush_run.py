"""A rush from nothing to its reckoning: a school is made, the rush passes, and the centre is asked what it holds."""

from __future__ import annotations

import json
import statistics
from typing import Any

from simulator import lanes
from simulator.opinions import accountant, auditor
from simulator.rush import Rush
from simulator.rush_reckoning import reckoned
from simulator.school import SCHOOL


async def result_of(rush: Rush) -> dict[str, Any]:
    """Stop the box, and reckon: numbers, and `wrong`."""
    school = rush.school
    status = school.status()
    await school.agent.stop()
    events = await school.centre_events()
    decoded = [json.loads(event) for event in events]
    result = reckoned(rush.truth, rush.roll, school.city.people(SCHOOL), decoded, replaced=rush.settings.replaced)
    result |= await _by_others(rush, result)
    result["wrong"] += lanes.wrong(events, await school.centre_status(), status, school.kept_events())
    result |= {"events_stored": len(events), "kills": rush.kills}
    latency_ms = sorted(ms for reader in school.readers for ms in reader.latency_ms)
    if latency_ms:
        result["tap_median_ms"] = round(statistics.median(latency_ms), 2)
        result["tap_p99_ms"] = round(latency_ms[int(len(latency_ms) * 0.99)], 2)
    return result


async def _by_others(rush: Rush, result: dict[str, Any]) -> dict[str, Any]:
    """What the city's accountant and the auditor make of it, by the products' own commands."""
    day = f"{rush.roll.day}"
    report, audit = await rush.school.city.report(SCHOOL, day[:7]), await rush.school.audit()
    wrong = accountant(report, result, replaced=rush.settings.replaced)
    wrong += auditor(audit, result, replaced=rush.settings.replaced)
    return {
        "reported_tenge": report["to_pay"],
        "audited_tenge": sum(month["meals_tenge"] for month in audit["months"]),
        "audited_leaves": sum(log["leaves"] for log in audit["logs"]),
        "wrong": result["wrong"] + wrong,
    }
