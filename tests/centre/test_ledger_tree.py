"""Roots: published ones, and the box's own tree at every size."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.log import Log
from centre.ledger_tree import EMPTY_ROOT, Edge, edge_of, leaf_hash
from tests.agent.ledger.leaves import PUBLISHED

ROOTS = {  # google/certificate-transparency, merkle_tree_test.cc
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
EVERY_ROOT = (
    "beb3dfe77b9dd2c6d2bb97bcf06063554c7af47c083e5396682872afc5b0d3f7"  # as golang.org/x/mod/sumdb/tlog has them
)


def test_the_published_roots() -> None:
    edge = Edge()
    found = {0: edge.root().hex()}
    for leaf in PUBLISHED:
        edge.append(leaf)
        found[edge.size] = edge.root().hex()
    assert found == ROOTS


def test_every_root_up_to_256_is_what_another_program_found() -> None:
    edge, roots = Edge(), [EMPTY_ROOT]
    for number in range(256):
        edge.append(leaf_hash(bytes([number])))
        roots.append(edge.root())
    assert hashlib.sha256(b"".join(roots)).hexdigest() == EVERY_ROOT


@given(first=st.integers(0, 700), more=st.integers(0, 300))
def test_it_goes_on_from_a_kept_edge_as_the_box_does(first: int, more: int) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(first + more)]
    edge = Edge()
    for leaf in leaves[:first]:
        edge.append(leaf)
    again = edge_of(edge.size, edge.kept())
    for leaf in leaves[first:]:
        again.append(leaf)
    assert (again.size, again.root()) == (len(leaves), Log().grown(leaves)[0].root())


@pytest.mark.parametrize(("size", "kept"), [(1, b""), (3, bytes(32)), (2, bytes(31)), (0, bytes(32))])
def test_a_row_that_is_no_edge_is_hashed_anew(size: int, kept: bytes) -> None:
    assert edge_of(size, kept) == Edge()
