"""What a statement or a checkpoint is, by what we hold: one wrong thing at a time."""

from __future__ import annotations

import base64

import msgspec
import pytest

from centre.ledger_verdict import (
    VERIFIED,
    Said,
    SaidLine,
    Truth,
    differences,
    kind_of,
    of_checkpoint,
    of_statement,
)

A, B, C = (bytes([n]) * 32 for n in (1, 2, 3))
SUMS = {
    ("granted", "2026-11-23", "free-1-4", 950): 10,
    ("forgotten", "2026-11-23", "", 0): 1,
    ("reversed", "2026-11-23", "free-1-4", 950): 2,
    ("dated", "2026-11-23", "free-1-4", 950): 3,
    ("not_counted", "2026-11-23", "free-1-4", 950): 1,
    ("visit", "2026-11-23", "chess", 1_500): 2,
    ("visit_not_counted", "2026-11-23", "chess", 0): 1,
    ("suspicion", "2026-11-23", "too_fast", 0): 4,
}
TRUTH = Truth(idx=120, first=100, root_first=A, root_end=B, sums=SUMS)
SAID = Said(
    day="2026-11-23", first=100, end=120,
    root_first=base64.b64encode(A).decode(), root_end=base64.b64encode(B).decode(),
    lines=[SaidLine(*line, count) for line, count in SUMS.items()],
    meals=8, meals_tenge=7 * 950, visits=2, visits_tenge=3_000, suspicions=4,
)  # fmt: skip


def test_a_statement_that_fits() -> None:
    assert of_statement(SAID, TRUTH) == VERIFIED


WRONG = [
    ({"first": 99}, "it begins at leaf 99, and must at 100"),
    ({"root_first": "AAAA"}, "the root before leaf 100 is another"),
    ({"end": 119}, "it ends before leaf 119, and stands at 120"),
    ({"root_end": "AAAA"}, "the root before leaf 120 is another"),
    ({"meals": 9}, "its total of meals is not that of its lines"),
    ({"meals_tenge": 1}, "its total of meals_tenge"),
    ({"visits": 3}, "its total of visits "),
    ({"visits_tenge": 3}, "its total of visits_tenge"),
    ({"suspicions": 0}, "its total of suspicions"),
]


@pytest.mark.parametrize(("changes", "says"), WRONG, ids=[next(iter(case[0])) for case in WRONG])
def test_one_thing_that_does_not_fit_is_named(changes: dict[str, object], says: str) -> None:
    verdict = of_statement(msgspec.structs.replace(SAID, **changes), TRUTH)
    assert verdict.startswith(f"differs: {says}")
    assert kind_of(verdict) == "differs"


@pytest.mark.parametrize("line", SUMS, ids=lambda line: line[0])
def test_each_line_must_be_the_sum_of_its_leaves(line: tuple[str, str, str, int]) -> None:
    held = SUMS | {line: SUMS[line] + 1}
    verdict = of_statement(SAID, msgspec.structs.replace(TRUTH, sums=held))
    assert f"{line[0]} of 2026-11-23" in verdict
    assert f"the statement says {SUMS[line]}, the leaves {SUMS[line] + 1}" in verdict


def test_another_tariff_is_two_differences() -> None:
    assert differences({("granted", "d", "p", 950): 2}, {("granted", "d", "p", 900): 2}) == [
        "granted of d, p, 900 tenge: the statement says 0, the leaves 2",
        "granted of d, p, 950 tenge: the statement says 2, the leaves 0",
    ]


def test_many_differences_have_an_end() -> None:
    held = {("granted", f"2026-11-{day:02d}", "p", 950): 1 for day in range(1, 20)}
    verdict = of_statement(SAID, msgspec.structs.replace(TRUTH, sums=held))
    assert verdict.endswith("; and 22 more")


@pytest.mark.parametrize(
    ("root", "settled", "others", "kind"),
    [
        (A, False, False, "verified"), (A, True, True, "verified"),
        (B, False, False, "differs"), (B, True, False, "fork"), (B, False, True, "fork"),
    ],
)  # fmt: skip
def test_a_checkpoint(root: bytes, settled: bool, others: bool, kind: str) -> None:
    assert kind_of(of_checkpoint(root, A, settled=settled, others=others)) == kind
