"""Our bytes before programs that nobody here wrote, and theirs before ours.

tlog-scales  (work in progress, by its own word) takes our roots, inclusion and consistency proofs, checkpoints
             and the centre's cosignatures, and signs the same bytes. It cannot read a checkpoint with an extension
             line, and reads no files of proofs.
tamperlog    takes our roots, inclusion and consistency proofs, and makes the same. It knows no notes, and takes any
             root for an empty log.
pymerkle     has our roots, and our inclusion paths after its first element, which is the leaf; it counts from 1.
             Its consistency proofs have another form and are not compared. GPL: for tests only.
"""

from __future__ import annotations

import pytest
import tamperlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymerkle import InmemoryTree
from tlog_scales import signing, tlog

from agent.ledger.merkle import EMPTY_ROOT, consistency, inclusion, leaf_hash, root_of, verify_consistency
from agent.ledger.note import Checkpoint, Kind, PrivateKey, Verifier, open_checkpoint, open_note, sign_note
from centre.ledger_note import cosign
from tests.agent.ledger.leaves import kept

SIZES = (1, 2, 3, 7, 8, 70, 255, 256, 257)
ENTRIES = [f"entry {number}".encode() for number in range(max(SIZES))]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
HASHES = kept(LEAVES)
ORIGIN, CITY = "mektep.example/school-07/1", "city.example/ledger"
KEY, COSIGNER = PrivateKey(bytes(32)), Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
CHECKPOINT = Checkpoint(ORIGIN, 257, root_of(LEAVES))
NOTE = cosign(sign_note(str(CHECKPOINT), ORIGIN, KEY), CITY, COSIGNER, 1_700_000_000)
LOG, WITNESS = Verifier(ORIGIN, Kind.LOG, KEY.public), Verifier(CITY, Kind.COSIGNER, PrivateKey(COSIGNER).public)


def indices(size: int) -> list[int]:
    return sorted({0, size // 3, size // 2, size - 1})


@pytest.mark.parametrize("size", SIZES)
def test_tlog_scales_takes_our_proofs(size: int) -> None:
    root = root_of(LEAVES[:size])
    for index in indices(size):
        path = inclusion(size, index, HASHES)
        proof = tlog.InclusionProof(index, size, path)
        proof.check(LEAVES[index], root)
        with pytest.raises(tlog.InclusionProofInvalid):
            proof.check(LEAVES[index], bytes(32))
        old = index + 1
        growth = tlog.ConsistencyProof(old, size, consistency(old, size, HASHES))
        growth.check(root_of(LEAVES[:old]), root)
        with pytest.raises(tlog.ConsistencyProofInvalid):
            growth.check(bytes(32), root)
    tlog.ConsistencyProof(0, size, consistency(0, size, HASHES)).check(EMPTY_ROOT, root)


def test_tlog_scales_takes_our_checkpoint_and_cosignature() -> None:
    read = tlog.Checkpoint.from_text(NOTE)
    assert (read.origin, read.size, read.root_hash) == (ORIGIN, 257, CHECKPOINT.root)
    assert read.serialize() == NOTE
    for ours in (LOG, WITNESS):
        vkey = signing.Vkey.from_string(str(ours))
        assert vkey.serialize() == str(ours)
        read.verify(vkey)
    with pytest.raises(InvalidSignature):
        tlog.Checkpoint.from_text(NOTE.replace("\n257\n", "\n256\n")).verify(signing.Vkey.from_string(str(LOG)))


def test_tlog_scales_signs_what_we_open() -> None:
    theirs = tlog.Checkpoint.make_signed(ORIGIN, 257, CHECKPOINT.root, [signing.PlainEd25519Signer(ORIGIN, bytes(32))])
    assert theirs.serialize() == sign_note(str(CHECKPOINT), ORIGIN, KEY)
    assert open_checkpoint(theirs.serialize(), ORIGIN, [LOG]) == CHECKPOINT


def test_a_post_quantum_line_is_passed_over() -> None:
    signers = [
        signing.PlainEd25519Signer(ORIGIN, bytes(32)),
        signing.MLDSA44CosignatureSigner("pq.example", bytes(32)),
    ]
    theirs = tlog.Checkpoint.make_signed(ORIGIN, 257, CHECKPOINT.root, signers)
    assert [one.by for one in open_note(theirs.serialize(), [LOG, WITNESS]).signed] == [LOG]


@pytest.mark.parametrize("size", SIZES)
def test_tamperlog_makes_the_same_and_takes_ours(size: int) -> None:
    leaves, root = LEAVES[:size], root_of(LEAVES[:size])
    assert tamperlog.merkle_root(leaves) == root
    for index in indices(size):
        path, old = inclusion(size, index, HASHES), index + 1
        assert tamperlog.inclusion_proof(index, leaves) == path
        tamperlog.verify_inclusion(index, size, LEAVES[index], path, root)
        growth = consistency(old, size, HASHES)
        assert tamperlog.consistency_proof(old, leaves) == growth
        tamperlog.verify_consistency(old, root_of(LEAVES[:old]), size, root, growth)
        with pytest.raises(tamperlog.ProofError):
            tamperlog.verify_inclusion(index, size, bytes(32), path, root)


def test_tamperlog_takes_any_root_for_nothing_and_we_do_not() -> None:
    tamperlog.verify_consistency(0, bytes(32), 8, root_of(LEAVES[:8]), [])
    assert not verify_consistency(0, 8, bytes(32), root_of(LEAVES[:8]), [])


def test_pymerkle_has_our_roots_and_paths() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for entry in ENTRIES:
        tree.append_entry(entry)
    assert tree.get_root(0) == EMPTY_ROOT
    for size in SIZES:
        assert tree.get_root(size) == root_of(LEAVES[:size])
        for index in indices(size):
            assert tree.prove_inclusion(index + 1, size).path[1:] == inclusion(size, index, HASHES)
