"""Findings: the worst decides; on the way to the centre only the first break is a fault."""

from __future__ import annotations

import msgspec

from agent.doctor.checks import CHECKS
from agent.doctor.finding import CHAIN, Finding, Level, fault, note, told_once, warn, well, worst
from tests.agent.doctor.boxes import told


def of(check: str, found: Finding) -> Finding:
    return msgspec.structs.replace(found, check=check)


def test_the_worst_decides() -> None:
    assert worst([]) is Level.OK
    assert worst([well("a"), note("H-1", "b", "c"), warn("H-2", "b", "c")]) is Level.WARN
    assert worst([fault("H-3", "b", "c"), well("a")]) is Level.FAULT


def test_what_follows_from_a_break_is_no_fault_of_its_own() -> None:
    found = told_once(
        [
            of("link", fault("H-141", "no link", "Plug it in.")),
            of("name", fault("L-102", "no name", "Check.")),
            of("broker", fault("L-102", "no name", "Check.")),
            of("disk", fault("D-123", "full", "Free.")),
            of("centre", warn("L-102", "no name", "Check.")),
        ]
    )
    assert told(found) == ["fault H-141", "note L-102", "fault D-123"]


def test_a_whole_way_is_left_as_it_is() -> None:
    found = [of("link", well("up")), of("broker", note("H-144", "slow", "Nothing.")), of("tls", well("fine"))]
    assert told_once(found) == found


def test_the_chain_is_of_checks_in_their_order() -> None:
    names = [check.name for check in CHECKS]
    assert [name for name in names if name in CHAIN] == list(CHAIN)
