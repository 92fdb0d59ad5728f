"""The centre's half of the ledger: what a box claims of its leaves and signs of its root, whoever may speak for it."""

from __future__ import annotations

import msgspec

from agent.ledger.entry import entry_of as entry_of_the_box
from agent.ledger.merkle import leaf_hash
from centre import erased, ledger_entry, ledger_note, ledger_verdict
from tests.fuzz.ledger import COSIGNED, KEY, LEAF, LOG, SIGNED, STRANGE, TEXT
from tests.fuzz.target import Target, shown_safely

_json = msgspec.json.Decoder()


def checkpoint(data: bytes) -> None:
    """Only the text that this key has ever signed opens."""
    text = data.decode("utf-8", errors="replace")
    try:
        found = ledger_note.open_checkpoint(text, LOG.name, [KEY.public])
        assert (found.text, found.size, found.root) == (TEXT, 1, LEAF)
    except ledger_note.BadNote as error:
        shown_safely(str(error))


def leaf(data: bytes) -> None:
    """A leaf has the hash that the box's own code gives it, also when its child is forgotten; else it has no place."""
    body = data.decode("utf-8", errors="replace")
    found = ledger_entry.leaf_of(body, 1)
    line = ledger_entry.line_in(body)
    assert line is None or len(line) == 4
    if found is None:
        return
    event = _json.decode(body)
    assert found.hash == leaf_hash(entry_of_the_box(event["type"], event["time"], event["data"]))
    kept = erased.erased(body)
    again = ledger_entry.leaf_of(kept, 1)
    assert again is not None
    assert "salt" not in event["data"] or again.hash == found.hash
    assert erased.is_same(kept, body)


def statement(data: bytes) -> None:
    """Whatever a statement says, its verdict is a line of plain words."""
    try:
        said = msgspec.json.decode(data, type=ledger_verdict.Said)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
    truth = ledger_verdict.Truth(idx=3, first=0, root_first=LEAF, root_end=LEAF, sums={})
    verdict = ledger_verdict.of_statement(said, truth)
    assert ledger_verdict.kind_of(verdict) in (ledger_verdict.VERIFIED, ledger_verdict.DIFFERS)
    shown_safely(verdict)


_MEAL = b'{"type":"kz.mektep.meal.granted.v1","time":"2026-11-25T10:00:00Z","leaf":"7","data":%s}'
TARGETS = {
    "centre, a checkpoint": Target(
        checkpoint,
        [one.encode() for one in (SIGNED, COSIGNED, SIGNED + STRANGE, SIGNED.replace("\n", "\r\n"), "x\n\n" + SIGNED)],
    ),
    "centre, a leaf": Target(
        leaf,
        [
            _MEAL % b'{"pupil":"00ff00ff00ff00ff","salt":"00112233445566778899aabbccddeeff","day":"","tenge":950}',
            _MEAL % b'{"operator":"x","programme":"\\u001b","tenge":1e3,"b":[{"a":null}]}',
            _MEAL % b'{"pupil":7,"salt":"zz"}',
            b'{"type":"t","time":"","data":{},"leaf":"01"}',
            b"[" * 5_000,
        ],
    ),
    "centre, a statement": Target(
        statement,
        [
            b'{"day":"2026-11-25","first":0,"end":3,"root_first":"","root_end":"","lines":[{"kind":"granted","day":"",'
            b'"what":"\\n","tenge":950,"count":3}],"meals":3,"meals_tenge":2850,"visits":0,"visits_tenge":0,'
            b'"suspicions":0,"record_last":9,"datasets":{}}'
        ],
    ),
}
