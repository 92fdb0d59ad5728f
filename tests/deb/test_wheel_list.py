"""What a list of wheels says, and what is none: a name leads nowhere but into its folder."""

from __future__ import annotations

import pytest

from scripts.deb.wheel_list import named

DIGEST = "0123456789abcdef" * 4


def test_a_line_for_each_wheel() -> None:
    text = f"{DIGEST}  a-1-py3-none-any.whl\n{DIGEST[::-1]}  b-2.0+x-cp311-abi3-linux.whl\n"
    assert named(text.encode()) == {"a-1-py3-none-any.whl": DIGEST, "b-2.0+x-cp311-abi3-linux.whl": DIGEST[::-1]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a.whl",
        f"{DIGEST} a.whl",
        f"{DIGEST[1:]}  a.whl",
        f"{DIGEST.upper()}  a.whl",
        f"{DIGEST}  ../a.whl",
        f"{DIGEST}  /a.whl",
        f"{DIGEST}  a.tar",
        f"{DIGEST}  ä.whl",
        f"{DIGEST}  a.whl\nx",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no list"):
        named(text.encode())
