"""What must not leave the school is taken out of any text; what support needs stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bundle.scrub import GONE, Scrubber, is_secret, secrets_in
from drivers.cards import HEX_DIGITS, printed
from drivers.readings import CardForm

STAYS = [
    "2026-11-26T08:00:00.123456Z agent: canteen-1: R-102 /dev/ttyUSB0 went away",
    "usb 1-1.2: New USB device found, idVendor=0403, idProduct=6001, bcdDevice= 6.00",
    "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
    "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_5F2A8-video-index0",
    "epoch 0f8fad5b-d9cb-469f-a165-70867728950e, 1234 events, 345.6 KB",
    "link/ether dc:a6:32:01:02:03, inet 192.168.10.17/24, fe80::dea6:32ff:fe01:203",
    "Raspberry Pi 5 Model B Rev 1.0, Linux 6.12.34+rpt-rpi-2712",
    "mmcblk0: mmc0:aaaa SN64G 59.5 GiB; Under-voltage detected!",
    "/opt/mektep/versions/1.4.0/lib/python3.11/site-packages/agent/outbox/writer.py",
    "rtsp://192.168.1.64:554/Streaming/Channels/101",
    "the board was added, decade by decade",
]
GOES = [
    ("tap of 6F007B3972 at canteen-1", "6F007B3972"),
    ("cards 0008076146 and 123,14706", "123,14706"),
    ("wiegand 7B3972", "7B3972"),
    ("0x6f007b3972", "6f007b3972"),
    ("pupil 0123456789abcdef came in", "0123456789abcdef"),
    ("card6F007B3972", "6F007B3972"),
    ("rtsp://admin:S3cret@192.168.1.64/stream", "S3cret"),
    ("Authorization: Basic YWRtaW46UzNjcmV0", "YWRtaW46UzNjcmV0"),
    ("password=hunter2 next", "hunter2"),
    ('{"token": "abc-def"}', "abc-def"),
    ("AGE-SECRET-KEY-1GCLKD9WZ6GDURU7WPDDHP2JR8KQS2EPAYG0VPR9QM9GGWZZFNSMS82JQ8U", "GCLKD9WZ6GDURU7WPDDHP2"),
    ("key O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=", "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik"),
    ("a\n-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\nb", "MC4CAQAw"),
]


@pytest.mark.parametrize("text", STAYS)
def test_what_support_needs_stays(text: str) -> None:
    assert Scrubber().text(text) == text


@pytest.mark.parametrize(("text", "secret"), GOES)
def test_what_is_secret_goes(text: str, secret: str) -> None:
    scrubbed = Scrubber().text(text)
    assert secret not in scrubbed
    assert GONE in scrubbed


def test_what_stands_around_a_pem_block_stays() -> None:
    lines = ["-----BEGIN EC PRIVATE KEY-----", "MHcCAQEE", "-----END EC PRIVATE KEY-----\n12:00 on"]
    log = "\n".join(f"11:00 box: {line}" for line in lines)
    assert Scrubber().text(log) == f"11:00 box: {GONE}\n12:00 on"
    assert Scrubber().text("-----BEGIN X-----\nthat never ends") == "-----BEGIN X-----\nthat never ends"


def test_a_secret_of_this_box_goes_wherever_it_stands() -> None:
    scrubber = Scrubber(["correct horse", "p@ss/w:rd", "abc", ""])
    text = "he typed correct horse, then rtsp://cam/p%40ss%2Fw%3Ard and abc"
    assert scrubber.text(text) == f"he typed {GONE}, then rtsp://cam/{GONE} and abc"


def test_json_keeps_its_shape_and_its_numbers() -> None:
    told = {
        "free_bytes": 12345678901, "password": "x", "nested": [{"card_key": {"a": "b"}, "card": "6F007B3972"}],
        "6F007B3972": 1, "pin": 17, "keys": None, "on": True,
    }  # fmt: skip
    assert Scrubber().told(told) == {
        "free_bytes": 12345678901, "password": GONE, "nested": [{"card_key": GONE, "card": GONE}],
        GONE: 1, "pin": 17, "keys": None, "on": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "secret"),
    [("password", True), ("orders_key", True), ("scbk", True), ("api-key", True), ("Passwort", True),
     ("token_url", True),
     ("port", False), ("keyboard", False), ("broker", False), ("spin", False), ("monkeys", False)],
)  # fmt: skip
def test_a_name_that_announces_a_secret(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_the_secrets_of_a_configuration_are_found() -> None:
    told = {
        "camera": [{"url": "rtsp://admin:S3cret@10.0.0.2/1", "password": "gate"}],
        "centre": {"token": ["a", {"b": "c"}]},
    }
    assert sorted(secrets_in(told)) == ["S3cret", "a", "c", "gate"]


@given(st.data(), st.sampled_from(list(HEX_DIGITS)), st.sampled_from(["{}", "card {}.", "x={}\n", "[{}]", "{}:"]))
def test_no_print_of_a_card_is_left(data: st.DataObject, form: CardForm, around: str) -> None:
    """But for six signs that are all digits, or all letters: they may be a count or a word."""
    card = data.draw(st.text("0123456789ABCDEF", min_size=HEX_DIGITS[form], max_size=HEX_DIGITS[form]))
    for text in printed(form, card).values():
        number = text.rpartition(" ")[2].rpartition("[")[2].rstrip("]")
        if len(number) >= 8 or not (number.isdigit() or number.isalpha()):
            assert number not in Scrubber().text(around.format(text)), text


@given(st.binary(min_size=32, max_size=64))
def test_no_key_is_left_in_hex(raw: bytes) -> None:
    assert raw.hex() not in Scrubber().text(f"key {raw.hex()}")


@given(st.text())
def test_whatever_comes_twice_is_the_same_as_once(text: str) -> None:
    once = Scrubber().text(text)
    assert Scrubber().text(once) == once
    json.dumps(Scrubber().told({text: [text]}))
