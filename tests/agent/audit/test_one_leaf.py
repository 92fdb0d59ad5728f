"""One meal: its proof holds for it and for nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.audit.leaf import Kept, read
from agent.audit.one_leaf import leaf_at, prove, read_proof
from agent.audit.signed import trusted
from agent.errors import AgentError
from agent.ledger.note import PrivateKey, base64_text
from bench.ledger_year import EPOCH, SCHOOL, SECOND
from tests.agent.audit.kept import LEAVES, Memory, MemoryLog, changed, ledger
from tests.agent.audit.proofs import proof_of

MADE = ledger()
SOURCE = Memory(MemoryLog(MADE))
KEYS = trusted(SCHOOL, [MADE.vkey], [], [])


@pytest.mark.parametrize("index", [0, 1, 700, LEAVES - 1])
def test_a_proof_holds(index: int) -> None:
    epoch, leaf = leaf_at(SOURCE, f"{EPOCH}/{index}")
    proven = prove(SCHOOL, epoch, leaf, proof_of(MADE, index), KEYS)
    assert (proven.finding, proven.size) == (None, LEAVES)


def test_it_is_of_this_leaf_alone() -> None:
    event = changed(MADE.events[700], lambda content: content["data"].update(reader="elsewhere"))
    epoch, other = leaf_at(SOURCE, f"{EPOCH}/701")
    for leaf, proof, case in (
        (read(Kept(body=event)), proof_of(MADE, 700), ""),
        (other, proof_of(MADE, 700), "other"),
        (other, msgspec.structs.replace(proof_of(MADE, 700), index=701), ""),
    ):
        finding = prove(SCHOOL, epoch, leaf, proof, KEYS).finding
        assert finding is not None
        assert (finding.code, finding.case) == ("A-151", case)


def test_it_ends_in_a_root_that_the_box_has_signed() -> None:
    epoch, leaf = leaf_at(SOURCE, f"{EPOCH}/700")
    stranger = trusted(SCHOOL, [base64_text(PrivateKey(bytes(32)).public)], [], [])
    for keys, of in ((stranger, EPOCH), (KEYS, SECOND)):
        finding = prove(SCHOOL, of, leaf, proof_of(MADE, 700), keys).finding
        assert finding is not None
        assert finding.code == "A-151"
    assert epoch == EPOCH


def test_a_leaf_that_cannot_be_read() -> None:
    finding = prove(SCHOOL, EPOCH, read(Kept(700, 5, b"rubbish")), proof_of(MADE, 700), KEYS).finding
    assert finding is not None
    assert (finding.code, finding.case) == ("A-113", "no_event")


@pytest.mark.parametrize("place", ["700", f"{EPOCH}/", f"{EPOCH}/0700", f"{EPOCH}/{LEAVES}", f"{SECOND}/1", "../1"])
def test_a_leaf_that_is_not_there(place: str) -> None:
    with pytest.raises(AgentError, match="A-103"):
        leaf_at(SOURCE, place)


def test_a_file_of_a_proof(tmp_path: Path) -> None:
    path = tmp_path / "meal.proof"
    path.write_text(str(proof_of(MADE, 5)), newline="")
    assert read_proof(path) == proof_of(MADE, 5)
    for content in (b"", b"rubbish", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(AgentError, match="A-103"):
            read_proof(path)
    with pytest.raises(AgentError, match="A-103"):
        read_proof(tmp_path / "nothing")
