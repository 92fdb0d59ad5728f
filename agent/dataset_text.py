"""A dataset's JSON -> its struct, in pieces: a school's worth at once would hold up every tap for as long as it takes.

The interpreter lets nobody else run while one call decodes; between the pieces it does. What is refused is the same.
Raises  ValueError (msgspec's own errors are ones), RecursionError
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from agent.datasets import DATASETS, Cards, Clubs, Entitlement, Meals, Pupil, Voucher


class Long(NamedTuple):
    """The one list of a dataset that grows with the school."""

    field: str
    item: type[msgspec.Struct]
    most: int


LONG: dict[type[msgspec.Struct], Long] = {
    Cards: Long("pupils", Pupil, 10_000),
    Meals: Long("entitlements", Entitlement, 50_000),
    Clubs: Long("vouchers", Voucher, 20_000),
}


def read(dataset: str, text: bytes) -> msgspec.Struct:
    """By the schema of the dataset."""
    type_ = DATASETS[dataset]
    long = LONG.get(type_)
    if long is None:
        return msgspec.json.decode(text, type=type_)
    fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    pieces = msgspec.json.decode(fields.get(long.field, b"[]"), type=list[msgspec.Raw])
    if len(pieces) > long.most:
        raise msgspec.ValidationError(f"more than {long.most} items - at `$.{long.field}`")
    if long.field in fields:
        fields[long.field] = msgspec.Raw(b"[]")
    rest = msgspec.json.decode(msgspec.json.encode(fields), type=type_)
    decode = msgspec.json.Decoder(long.item).decode
    return msgspec.structs.replace(rest, **{long.field: [decode(piece) for piece in pieces]})
