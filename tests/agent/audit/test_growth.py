"""A log grown anew: roots judged at signed sizes, leaves in wrong lines put right, gaps, and a log that begins late."""

from __future__ import annotations

from agent.audit.findings import Findings
from agent.audit.growth import GAP_MOST, LATE, Growth
from agent.audit.leaf import Leaf
from agent.audit.signed import Head
from agent.ledger.merkle import leaf_hash, root_of
from agent.ledger.note import base64_text

HASHES = [leaf_hash(b"%d" % number) for number in range(1_000)]
SIZES = (100, 400, 1_000)


def leaves(count: int = 1_000) -> list[Leaf]:
    return [Leaf(index, index + 1, "x", hash=HASHES[index]) for index in range(count)]


def grown(
    some: list[Leaf], sizes: tuple[int, ...] = SIZES, kept: bytes = b"", claims: dict[int, str] | None = None
) -> tuple[Growth, list[tuple[str, str, int, int]], list[int]]:
    findings, counted = Findings(), list[int]()
    heads = [Head(size, root_of(HASHES[:size]), number, -1, {}) for number, size in enumerate(sizes)]
    growth = Growth("epoch", heads, kept, findings, lambda leaf: counted.append(leaf.index))
    for size, root in (claims or {}).items():
        growth.claim(size, root)
    for leaf in some:
        growth.take(leaf)
    growth.finish()
    return growth, [(one.code, one.case, one.first, one.last) for one in findings.all], counted


def test_a_sound_log() -> None:
    growth, told, counted = grown(leaves())
    assert (growth.vouched, growth.later, told, counted) == (1_000, 0, [], list(range(1_000)))
    assert growth.hashes == b"".join(HASHES)


def test_claimed_roots_are_made_on_the_way() -> None:
    growth, _, _ = grown(leaves(), claims={7: "", 400: "", 401: "", 999: ""})
    assert growth.roots == {size: root_of(HASHES[:size]) for size in (0, 7, 400, 401, 999)}


def test_damage_is_between_two_checkpoints_and_what_follows_is_not_vouched_for() -> None:
    some = leaves()
    some[250].hash = bytes(32)
    growth, told, _ = grown(some)
    assert (told, growth.vouched, growth.later) == ([("A-132", "", 100, 399)], 100, 2)


def test_the_root_of_a_statement_narrows_it() -> None:
    some = leaves()
    some[250].hash = bytes(32)
    claims = {size: base64_text(root_of(HASHES[:size])) for size in (200, 300)}
    assert grown(some, claims=claims)[1] == [("A-132", "", 100, 300)]


def test_kept_hashes_name_the_leaf_and_the_rest_is_vouched_for() -> None:
    some = leaves()
    some[250].hash, some[700].hash = bytes(32), bytes(32)
    growth, told, _ = grown(some, kept=b"".join(HASHES))
    assert (told, growth.vouched) == ([("A-115", "", 250, 250), ("A-115", "", 700, 700)], 1_000)


def test_many_changed_leaves_in_one_window() -> None:
    some = leaves()
    for leaf in some[120:150]:
        leaf.hash = bytes(32)
    _, told, _ = grown(some, kept=b"".join(HASHES))
    assert told == [("A-115", "", index, index) for index in range(120, 150)]


def test_both_an_event_and_another_hash_were_changed() -> None:
    some, kept = leaves(), list(HASHES)
    some[250].hash, kept[260] = bytes(32), bytes(32)
    _, told, _ = grown(some, kept=b"".join(kept))
    assert told == [("A-115", "", 250, 250), ("A-116", "", 260, 260)]


def test_a_doubt_that_nothing_signed_settles() -> None:
    some = leaves()
    some[990].hash = bytes(32)
    assert grown(some, sizes=(100, 980), kept=b"".join(HASHES))[1][0] == ("A-117", "", 990, 990)


def test_a_missing_leaf() -> None:
    some = leaves()
    del some[250]
    growth, told, _ = grown(some)
    assert (told, growth.vouched) == ([("A-111", "", 250, 250), ("A-132", "missing", 100, 399)], 100)
    growth, told, counted = grown(some, kept=b"".join(HASHES))
    assert (told, growth.vouched) == ([("A-111", "", 250, 250)], 1_000)
    assert 250 in counted  # as a gap


def test_the_first_and_the_last_leaf() -> None:
    assert grown(leaves()[1:])[1][0] == ("A-111", "", 0, 0)
    assert grown(leaves()[:-3])[1] == [("A-133", "", 400, 999), ("A-161", "", 400, 996)]


def test_leaves_in_wrong_lines_find_their_place() -> None:
    some = leaves()
    some[250], some[260] = some[260], some[250]
    growth, told, counted = grown(some)
    assert (told, growth.vouched) == ([("A-112", "order", 250, 260)], 1_000)
    assert counted == list(range(1_000))


def test_a_leaf_far_behind_its_place() -> None:
    some = leaves()
    stray = some.pop(10)
    some.insert(10 + LATE + 20, stray)
    growth, told, _ = grown(some, sizes=(1_000,))
    assert (told, growth.vouched) == ([("A-112", "order", 10, 10)], 1_000)
    some.append(some.pop(300))
    assert ("A-112", "far", 300, 300) in grown(some)[1]


def test_two_leaves_for_one_place_and_the_second_is_the_true_one() -> None:
    some = leaves()
    some.insert(250, Leaf(250, 1, "x", hash=bytes(32)))
    growth, told, _ = grown(some)
    assert (told[0], growth.vouched) == (("A-112", "", 250, 250), 1_000)


def test_a_leaf_that_claims_to_be_far_away_is_not_waited_for() -> None:
    some = leaves()
    some.insert(5, Leaf(10 + GAP_MOST * 9, 1, "x", hash=bytes(32)))
    growth, told, _ = grown(some)
    assert (growth.vouched, [one[:2] for one in told]) == (1_000, [("A-112", "far")])


def test_a_log_that_begins_in_the_middle() -> None:
    first = GAP_MOST * 2
    some = [Leaf(first + number, number, "x", hash=bytes(32)) for number in range(5)]
    growth, told, counted = grown(some)
    assert told == [("A-111", "", 0, first - 1)]
    assert (growth.size, growth.vouched, growth.later, len(counted)) == (first + 5, 0, 3, 5)


def test_no_checkpoint_at_all() -> None:
    assert grown(leaves(10), sizes=())[1] == [("A-137", "", 0, 9)]
    assert grown([], sizes=())[1] == []
