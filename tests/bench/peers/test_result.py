"""Rows become figures: ours beside its rival with the target, peers beside ours without one."""

from __future__ import annotations

import pytest

from bench.peers import result
from bench.peers.course import Losses, rate
from bench.peers.result import CPU, MEASURES, OURS, RATE, Lost, Row


def rows(name: str, values: list[float]) -> list[Row]:
    """The same value for each measure, run by run."""
    return [Row(name, dict.fromkeys(MEASURES, value)) for value in values]


def test_ours_stands_beside_the_rival_and_peers_beside_ours() -> None:
    found = result.figures([*rows(OURS, [30.0, 60.0, 40.0]), *rows("rival", [10.0, 30.0, 16.0])], "rival")
    figures = {figure.figure: figure for figure in found}
    ours, peer = figures[f"{RATE.name}: {OURS}"], figures[f"{RATE.name}: rival"]
    assert (ours.value, ours.range, ours.runs, ours.ratio) == (40.0, (30.0, 60.0), 3, 2.5)  # of 3, 2 and 2.5
    assert (ours.limit_or_peer, ours.target, ours.met) == ("rival: 16", "ratio >= 2", True)
    assert (peer.value, peer.ratio, peer.target, peer.met) == (16.0, 0.4, "", None)
    assert figures[f"{CPU.name}: {OURS}"].met is False
    assert len(found) == 2 * len(MEASURES)


def test_what_only_some_were_put_through_is_told_of_these_alone() -> None:
    some = [Row("as shipped", {RATE: 5.0})]
    found = result.figures([*rows(OURS, [10.0]), *rows("rival", [5.0]), *some], "rival")
    assert [figure.figure for figure in found if "as shipped" in figure.figure] == [f"{RATE.name}: as shipped"]


def test_nothing_is_divided_by_nothing() -> None:
    found = result.figures([*rows(OURS, [10.0]), *rows("rival", [0.0])], "rival")
    assert {figure.ratio for figure in found} == {None, 0.0}


def test_only_our_losses_have_a_target() -> None:
    none, some = Losses(100, 0), Losses(100, 7)
    figures = result.losses([Lost(OURS, none, none, some), Lost("peer", some, none, none)], 3)
    assert [figure.value for figure in figures] == [0, 7, 0, 0, 7, 0]
    assert [figure.met for figure in figures] == [True, None, True, None, False, None]
    assert [figure.runs for figure in figures] == [3, 3, 3, 3, 1, 1]
    assert figures[1].limit_or_peer == "of 100 accepted"


@pytest.mark.parametrize(
    ("at_s", "expected"),
    [([1.0, 2.0, 3.0], 1.0), ([1.0, 1.0, 1.0, 2.0], 1.0), ([5.0, 5.0], float("inf"))],
)
def test_the_first_message_is_not_part_of_the_rate(at_s: list[float], expected: float) -> None:
    assert rate(at_s) == expected
