"""The tree: the published roots and proofs, every spoiled proof refused, and all sizes up to 256 at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.agent.ledger.leaves import PUBLISHED, kept

ROOTS = [  # by size, 0 to 8
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
A = bytes.fromhex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7")
B = bytes.fromhex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e")
C = bytes.fromhex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")
D = bytes.fromhex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b")
E = bytes.fromhex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0")
F = bytes.fromhex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a")
G = bytes.fromhex("b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f")
INCLUSION = [  # index from 0, size, path
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [D, E, ROOTS[4]]),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], B, D]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [F, E, ROOTS[4]]),
    (2, 5, [B, D]),
    (6, 7, [F, G, ROOTS[4]]),
]
OTHER = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")
OF_8 = kept(PUBLISHED)
BYTES = [leaf_hash(bytes([value])) for value in range(256)]
OF_256 = kept(BYTES)
SIZES = st.integers(min_value=1, max_value=256)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert root_of(PUBLISHED[:size]) == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_is_the_published_one(index: int, size: int, path: list[bytes]) -> None:
    assert inclusion(size, index, OF_8) == path
    assert verify_inclusion(PUBLISHED[index], index, size, path, ROOTS[size])


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_consistency_is_the_published_one(old: int, new: int, path: list[bytes]) -> None:
    assert consistency(old, new, OF_8) == path
    assert verify_consistency(old, new, ROOTS[old], ROOTS[new], path)


def test_every_tree_of_up_to_256_leaves_as_two_others_have_it() -> None:
    """The three hashes were made by programs in two languages: over all roots, all inclusions, all consistencies."""
    roots = [root_of(BYTES[:size]) for size in range(257)]
    assert roots[256].hex() == "0387b1bfaad194ad5b534d6a57c9710a83484cb544258df5f4df94bc41820b5f"
    inclusions = [(size, index) for size in range(1, 257) for index in range(size)]
    consistencies = [(old, new) for new in range(1, 257) for old in range(1, new + 1)]
    assert [
        _digest(roots),
        _digest(one for size, index in inclusions for one in inclusion(size, index, OF_256)),
        _digest(one for old, new in consistencies for one in consistency(old, new, OF_256)),
    ] == [
        "beb3dfe77b9dd2c6d2bb97bcf06063554c7af47c083e5396682872afc5b0d3f7",
        "55f25fc43feb53861c8f0fedd345483239f7b265b40082e899a2f48481b4d5d6",
        "7cf77a9e139f4c3c79f3e76d48adb27dcc84910b5467449414a14208c9ca5b52",
    ]


def _digest(hashes: Iterator[bytes] | Sequence[bytes]) -> str:
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def spoiled(path: list[bytes], *roots: bytes) -> Iterator[list[bytes]]:
    """The corruptions of a path that transparency-dev/merkle publishes as cases to be refused."""
    yield [*path, b""]
    yield [b"", *path]
    yield from ([*path, root] for root in roots)
    yield from ([root, *path] for root in roots)
    for at, one in enumerate(path):
        yield [*path[:at], bytes([one[0] ^ 8]) + one[1:], *path[at + 1 :]]
        yield [*path[:at], one[:-1], *path[at + 1 :]]
        yield path[:at] + path[at + 1 :]
        yield [*path[:at], OTHER, *path[at:]]
    if len(path) > 1:
        yield path[::-1]
        yield []


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_a_spoiled_inclusion_is_refused(index: int, size: int, path: list[bytes]) -> None:
    leaf, root = PUBLISHED[index], ROOTS[size]
    cases = [(leaf, index, size, one, root) for one in spoiled(path, root, leaf)]
    cases += [(leaf, wrong, size, path, root) for wrong in (index - 1, index + 1, index ^ 2)]
    cases += [(leaf, index, wrong, path, root) for wrong in (size * 2, size // 2, 0, -size)]
    cases += [(wrong, index, size, path, root) for wrong in (b"WrongLeaf", b"", OTHER)]
    cases += [(leaf, index, size, path, wrong) for wrong in (EMPTY_ROOT, OTHER, b"")]
    assert [case for case in cases if verify_inclusion(*case)] == []


@pytest.mark.parametrize(("old", "new", "path"), [case for case in CONSISTENCY if case[2]])
def test_a_spoiled_consistency_is_refused(old: int, new: int, path: list[bytes]) -> None:
    before, after = ROOTS[old], ROOTS[new]
    cases = [(old, new, before, after, one) for one in spoiled(path, before, after, path[0])]
    cases += [(wrong, new, before, after, path) for wrong in (old - 1, old + 1, old ^ 2, 0, -old)]
    cases += [(old, wrong, before, after, path) for wrong in (new * 2, new // 2, old, 0)]
    cases += [(old, new, wrong, after, path) for wrong in (b"WrongRoot", EMPTY_ROOT, OTHER, after)]
    cases += [(old, new, before, wrong, path) for wrong in (b"WrongRoot", EMPTY_ROOT, OTHER, before)]
    assert [case for case in cases if verify_consistency(*case)] == []


ONE = ROOTS[1]
TRIVIAL = [  # old, new, old root, new root, path, whether it holds
    (0, 0, EMPTY_ROOT, EMPTY_ROOT, [], True),
    (0, 8, EMPTY_ROOT, ROOTS[8], [], True),
    (1, 1, ONE, ONE, [], True),
    (0, 0, ONE, ONE, [], False),  # nothing has one root only
    (0, 0, EMPTY_ROOT, ONE, [], False),
    (0, 1, ONE, ONE, [], False),
    (0, 1, EMPTY_ROOT, EMPTY_ROOT, [EMPTY_ROOT], False),
    (0, 0, EMPTY_ROOT, EMPTY_ROOT, [EMPTY_ROOT], False),
    (1, 1, ONE, ONE, [EMPTY_ROOT], False),
    (1, 1, EMPTY_ROOT, ONE, [], False),
    (1, 2, ONE, ROOTS[2], [], False),
    (1, 0, ONE, EMPTY_ROOT, [], False),
    (2, 1, ROOTS[2], ONE, [], False),
    (0, 1, b"do not care 1", b"do not care 2", [], False),
    (1, 1, b"do not care", b"do not care", [], False),
]


@pytest.mark.parametrize(("old", "new", "before", "after", "path", "holds"), TRIVIAL)
def test_where_there_is_nothing_to_prove_the_roots_decide(
    old: int, new: int, before: bytes, after: bytes, path: list[bytes], holds: bool
) -> None:
    assert verify_consistency(old, new, before, after, path) is holds


@pytest.mark.parametrize(
    ("leaf", "index", "size", "root"),
    [
        (b"", 0, 1, b""),  # the textbook's judge takes it
        (ONE, 0, 1, b""),
        (b"", 0, 1, ONE),
        (OTHER, 0, 0, EMPTY_ROOT),
        (OTHER, 1, 0, EMPTY_ROOT),
        (ONE, 1, 1, ONE),
        (ONE, 2, 1, ONE),
        (ONE, -1, 1, ONE),
    ],
)
def test_there_is_no_leaf_of_another_size_nor_outside(leaf: bytes, index: int, size: int, root: bytes) -> None:
    assert not verify_inclusion(leaf, index, size, [], root)


def test_a_path_does_not_fix_the_size() -> None:
    """Why size and root come from a signed checkpoint."""
    path = inclusion(8, 0, OF_8)
    assert [size for size in range(1, 17) if verify_inclusion(PUBLISHED[0], 0, size, path, ROOTS[8])] == [5, 6, 7, 8]
    grown = consistency(3, 8, OF_8)
    found = [size for size in range(1, 17) if verify_consistency(3, size, ROOTS[3], ROOTS[8], grown)]
    assert found == [5, 6, 7, 8]


@given(size=SIZES, data=st.data())
def test_a_proof_holds_and_no_other_leaf_index_or_byte_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion(size, index, OF_256), root_of(BYTES[:size])
    assert verify_inclusion(BYTES[index], index, size, path, root)
    other = data.draw(st.integers(0, 2 * size))
    assert not verify_inclusion(BYTES[index], other, size, path, root) or other == index
    assert not verify_inclusion(BYTES[(index + 1) % 256], index, size, path, root)
    if path:
        at, byte, flip = data.draw(st.tuples(st.integers(0, len(path) - 1), st.integers(0, 31), st.integers(1, 255)))
        path[at] = _flipped(path[at], byte, flip)
        assert not verify_inclusion(BYTES[index], index, size, path, root)


@given(old=SIZES, new=SIZES, data=st.data())
def test_growth_is_proven_and_no_other_beginning_is(old: int, new: int, data: st.DataObject) -> None:
    old, new = sorted((old, new))
    path, before, after = consistency(old, new, OF_256), root_of(BYTES[:old]), root_of(BYTES[:new])
    assert verify_consistency(old, new, before, after, path)
    byte, flip = data.draw(st.tuples(st.integers(0, 31), st.integers(1, 255)))
    assert not verify_consistency(old, new, _flipped(before, byte, flip), after, path)
    assert not verify_consistency(old, new, before, _flipped(after, byte, flip), path)
    other = data.draw(st.integers(0, 2 * new))
    assert not verify_consistency(other, new, before, after, path) or other == old
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        path[at] = _flipped(path[at], byte, flip)
        assert not verify_consistency(old, new, before, after, path)


def _flipped(one: bytes, byte: int, flip: int) -> bytes:
    return one[:byte] + bytes([one[byte] ^ flip]) + one[byte + 1 :]


@given(groups=st.lists(st.integers(0, 40), max_size=6))
def test_it_does_not_matter_in_what_groups_leaves_come(groups: list[int]) -> None:
    frontier = Frontier()
    for count in groups:
        frontier = frontier.extend(BYTES[frontier.size : frontier.size + count])
    alone = Frontier()
    for leaf in BYTES[: frontier.size]:
        alone = alone.append(leaf)
    assert frontier == alone
    assert frontier.root() == root_of(BYTES[: frontier.size])
    assert len(frontier.hashes) == frontier.size.bit_count()


def test_order_and_doubling_change_the_root() -> None:
    assert root_of([*BYTES[:2], BYTES[3], BYTES[2]]) != root_of(BYTES[:4])
    assert root_of([*BYTES[:3], BYTES[2]]) != root_of(BYTES[:3])
    assert leaf_hash(b"\1" + bytes(64)) != node_hash(bytes(32), bytes(32))


def test_a_frontier_is_a_value() -> None:
    before = Frontier().extend(BYTES[:3])
    after = before.append(BYTES[3])
    assert (before.root(), after.root()) == (root_of(BYTES[:3]), root_of(BYTES[:4]))


@pytest.mark.parametrize(("size", "hashes"), [(1, ()), (2, (ONE, ONE)), (0, (ONE,)), (1, (b"short",)), (-1, ())])
def test_what_is_no_frontier_is_refused(size: int, hashes: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="no frontier"):
        Frontier(size, hashes)


@pytest.mark.parametrize(("size", "index"), [(0, 0), (8, 8), (8, -1)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(size: int, index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion(size, index, OF_8)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 3)])
def test_there_is_no_proof_of_shrinking(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no beginning"):
        consistency(old, new, OF_8)
