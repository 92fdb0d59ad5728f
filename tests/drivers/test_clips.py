"""How much video fits into a sealed file."""

from __future__ import annotations

import pyrage  # type: ignore[import-untyped]
import pytest

from drivers.clips import CHUNK_BYTES, ClipOrder, plain_most

ORDER = ClipOrder(at_ns=0, before_s=0, after_s=0, most_bytes=0, recipients=())


@pytest.mark.parametrize("recipients", [1, 16])
@pytest.mark.parametrize("most_bytes", [20_000, CHUNK_BYTES, 5 * CHUNK_BYTES, 1_000_000])
def test_sealed_it_is_not_larger_than_was_ordered_and_not_much_smaller(recipients: int, most_bytes: int) -> None:
    keys = [pyrage.x25519.Identity.generate().to_public() for _ in range(recipients)]
    order = ClipOrder(
        at_ns=0, before_s=0, after_s=0, most_bytes=most_bytes, recipients=tuple(str(key) for key in keys)
    )  # fmt: skip
    sealed = len(pyrage.encrypt(bytes(plain_most(order)), keys))
    assert most_bytes - 512 - 256 * recipients < sealed <= most_bytes


def test_where_nothing_fits_nothing_does() -> None:
    assert plain_most(ORDER) == 0
