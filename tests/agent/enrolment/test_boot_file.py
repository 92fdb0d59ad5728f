"""The file that makes a fresh card a school's box: read, refused in words, and without its token afterwards."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.enrolment.boot_file import SIZE_MAX, read_boot_file, without_token
from agent.enrolment.errors import EnrolmentError

TOKEN = "0123456789abcdefghijKLMNOPQRST_-"
GOOD = f"""
school = "school-07"
est = "https://centre.example:8445"
broker = "mqtts://centre.example:8883"
ca_sha256 = "{"a5" * 32}"
orders_key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
token = "{TOKEN}"
"""
WRONG = {
    "not TOML": GOOD + "x",
    "not UTF-8": GOOD.encode() + b"#\xff",
    "a stranger's key": GOOD + 'colour = "red"\n',
    "no school": GOOD.replace("school =", "scool ="),
    "school": GOOD.replace("school-07", "School 7"),
    "est without TLS": GOOD.replace("https://", "http://"),
    "est with a path": GOOD.replace(":8445", ":8445/x"),
    "est with a password": GOOD.replace("https://", "https://u:p@"),
    "est's port": GOOD.replace("8445", "99999"),
    "est without a host": GOOD.replace("centre.example:8445", ":8445"),
    "est of two lines": GOOD.replace("8445", "8445\\n"),
    "broker without TLS": GOOD.replace("mqtts://", "mqtt://"),
    "fingerprint": GOOD.replace("a5a5", "xyzw"),
    "orders key": GOOD.replace("O2onv", "O2"),
    "token with a space": GOOD.replace(TOKEN, "0123456789 abcdefghij"),
    "too large": GOOD + "#" * SIZE_MAX,
}


def test_a_good_one_is_read_also_as_windows_saves_it() -> None:
    for data in (GOOD.encode(), b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()):
        found = read_boot_file(data, "mektep.toml")
        assert (found.school, found.token, found.config) == ("school-07", TOKEN, "")


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_and_the_token_is_not(text: str | bytes) -> None:
    with pytest.raises(EnrolmentError, match=r"N-101 mektep\.toml") as told:
        read_boot_file(text if isinstance(text, bytes) else text.encode(), "mektep.toml")
    assert "0123456789" not in told.value.what + told.value.do
    assert "new file" in told.value.do


def test_the_token_is_blanked_where_it_stands() -> None:
    spent = without_token(GOOD.encode(), TOKEN)
    assert len(spent) == len(GOOD.encode())
    assert TOKEN.encode() not in spent
    assert tomllib.loads(spent.decode()) == tomllib.loads(GOOD) | {"token": ""}
    assert read_boot_file(spent, "mektep.toml").token == ""


@given(st.binary(max_size=300), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_blanking_moves_nothing(data: bytes, token: str) -> None:
    assert len(without_token(data, token)) == len(data)
