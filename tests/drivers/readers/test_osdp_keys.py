"""What is a key, in which order keys are tried, and that none is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import Secret
from drivers.readers.osdp_keys import Keys, Way, keys_of

A, B = "0123456789abcdef" * 2, "f" * 32


@pytest.mark.parametrize(
    ("secret", "install", "ways"),
    [
        (Secret(A), False, [Way.NOW]),
        (Secret(A, B), False, [Way.NOW, Way.BEFORE]),
        (Secret(A, A.upper()), False, [Way.NOW]),
        (Secret(A, "no key"), False, [Way.NOW]),
        (Secret(A), True, [Way.NOW, Way.INSTALL]),
        (Secret(A, B), True, [Way.NOW, Way.BEFORE, Way.INSTALL]),
    ],
)
def test_the_ways_in_their_order(secret: Secret, install: bool, ways: list[Way]) -> None:
    keys = keys_of(secret, install=install)
    assert keys is not None
    assert keys.ways() == ways


@pytest.mark.parametrize("text", [A, A.upper(), "01 23 45 67 89 ab cd ef 01:23:45:67:89:ab:cd:ef"])
def test_a_key_is_32_hex_digits(text: str) -> None:
    keys = keys_of(Secret(text), install=False)
    assert keys is not None
    assert keys.now.hex() == A
    assert repr(keys) == "Keys(…)"


@given(st.text(max_size=40))
def test_nothing_else_is(text: str) -> None:
    keys = keys_of(Secret(text), install=True)
    assert keys is None or (isinstance(keys, Keys) and len(keys.now) == 16)
