"""What the city's accountant and an auditor say of a rush, against what the events themselves come to. Pure.

Accountant  mektep-centre report --month --json: no difference, no fault, no gap; the sum to pay is that of the events
Auditor     mektep audit --json, of the centre's export: in order; every leaf vouched for; the same meals and sum
A box that was replaced has begun a new ledger that cannot name the one before: the auditor must find exactly that.
"""

from __future__ import annotations

from typing import Any

UNWANTED = ("doubles", "undated", "lost_reversals", "unverified", "gaps", "faults")
NOT_NAMED = "A-135"  # docs/errors.md: a new ledger names none before it


def accountant(report: dict[str, Any], result: dict[str, Any], *, replaced: bool) -> list[str]:
    """What is wrong, in words."""
    wrong = [f"the report has {name}: {report[name]}" for name in UNWANTED if report[name]]
    for line in report["meals"] + report["clubs"] + report["suspicions"]:
        if line["differs"]:
            wrong.append(f"the report says that {line['what'] or 'forgotten cards'} differ: {line['differs']}")
        elif line["leaves"] != line["statements"] and not replaced:
            wrong.append(f"the report: {line['what']} has leaves {line['leaves']}, statements {line['statements']}")
    if report["to_pay"] != result["stored_tenge"]:
        wrong.append(f"the report pays {report['to_pay']} tenge, the events come to {result['stored_tenge']}")
    return wrong


def auditor(audit: dict[str, Any], result: dict[str, Any], *, replaced: bool) -> list[str]:
    """What is wrong, in words."""
    found = [finding["code"] for finding in audit["findings"]]
    expected = [NOT_NAMED] if replaced else []
    wrong = []
    if found != expected:
        told = "; ".join(finding["what"] for finding in audit["findings"]) or "nothing"
        wrong.append(f"the auditor finds {told} in place of {expected or 'nothing'}")
    wrong += [
        f"the auditor: {log['leaves']} leaves of {log['epoch'][:8]}, {log['vouched']} under a checkpoint"
        for log in audit["logs"]
        if log["leaves"] != log["vouched"]
    ]
    meals = sum(month["meals"] for month in audit["months"])
    tenge = sum(month["meals_tenge"] for month in audit["months"])
    if (meals, tenge) != (result["stored_meals"], result["stored_tenge"]):
        wrong.append(
            f"the auditor counts {meals} meals for {tenge} tenge, the events {result['stored_meals']} for "
            f"{result['stored_tenge']}"
        )
    return wrong
