"""What may come from the network of a school: answers of anything that says it is a camera; and from a
media server that a camera is shown to."""

from __future__ import annotations

import re
from fractions import Fraction

from drivers.cameras.ring import Form, Packet
from drivers.discovery import chips, onvif, rtsp
from drivers.discovery.found import printable
from drivers.live import rtp, rtsp_answers
from tests.fuzz.target import Target, shown_safely, streamed

ASKED = "urn:uuid:0"
HOST = "192.0.2.7"
MATCH = (
    f'<s:Envelope xmlns:s="{onvif.SOAP}" xmlns:a="{onvif.ADDRESSING}" xmlns:d="{onvif.DISCOVERY}">'
    f"<s:Header><a:RelatesTo>{ASKED}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
    "<a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference>"
    "<d:Types>dn:NetworkVideoTransmitter</d:Types>"
    "<d:Scopes>onvif://www.onvif.org/name/Cam%20A onvif://www.onvif.org/hardware/X</d:Scopes>"
    "<d:XAddrs>http://192.0.2.9/onvif</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
)


def ws_discovery(data: bytes) -> None:
    """A camera is where its answer came from, and its name cannot play with the screen."""
    for one in onvif.found(data, HOST, {ASKED}):
        assert one.host == one.name == HOST
        shown_safely(one.what)
        assert b"ProbeMatch" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data


def rtsp_answer(data: bytes) -> None:
    """A head is RTSP's, its body has a length that is read, and what is shown is one line."""
    head_bytes, _, body = data.partition(b"\r\n\r\n")
    try:
        head = rtsp.read_head(head_bytes + b"\r\n\r\n")
        length = head.length
    except ValueError:
        return
    assert 0 <= head.status <= 999
    assert 0 <= length <= rtsp.BODY_MOST
    for text in (rtsp.codec(body), printable(head.get("server")), rtsp._realm(head.get("www-authenticate"))):
        shown_safely(text)
    assert re.fullmatch(r"\S{0,12}", rtsp.codec(body).replace(" ", ""))


def media_server(data: bytes) -> None:
    """An answer is one of RTSP, what is shown of it is one line, and what is kept of an unfinished one is bounded."""
    try:
        whole, one_by_one = streamed(rtsp_answers.read, data, rest_most=rtsp_answers.REST_BYTES)
    except rtsp_answers.AnswerError:
        return
    assert whole == one_by_one
    for one in whole:
        if isinstance(one, rtsp_answers.Answer):
            shown_safely(one.words)
            assert 0 <= one.status <= 999
            assert one.timeout_s >= 1
            assert re.fullmatch(r"[ -~\t]*", one.session)


def live_units(data: bytes) -> None:
    """Whatever a camera sends as a picture: packets that fit the line, with nothing in them that it did not send."""
    for codec in ("h264", "hevc"):
        form = Form(codec, 1, 1, Fraction(1, 90_000), data[:40])
        sent = list(rtp.Sender(1, 1, 1).picture(Packet(data[40:], is_key=bool(len(data) % 2), pts=0, dts=0), form))
        assert all(len(one) <= rtp.PAYLOAD_BYTES + 12 for one in sent)
        assert rtp.description(form, 1).isascii()


def gpio_chip(data: bytes) -> None:
    """The kernel's fixed description; a chip's label is somebody's text."""
    chip = chips.described(data[: chips.INFO.size].ljust(chips.INFO.size, b"\0"))
    shown_safely(chip.label)
    shown_safely(chip.name)


TARGETS = {
    "discovery, ws-discovery": Target(
        ws_discovery,
        [
            MATCH.encode(),
            MATCH.encode("utf-16"),
            MATCH.replace("Cam%20A", "%E2%80%AE%1B%5B2J%00%FF").encode(),
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            b"<a>" * 40,
        ],
    ),
    "discovery, rtsp": Target(
        rtsp_answer,
        [
            b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nServer: Cam\r\nContent-Length: 40\r\n\r\nv=0\r\nm=video 0 RTP/AVP 96\r\n"
            b"a=rtpmap:96 H264/90000\r\n",
            b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="Login to \x1b[2J", nonce="1"\r\n\r\n',
            b"RTSP/2.0 302 Found\r\nLocation: rtsp://192.0.2.1/\r\nContent-Length: -1\r\n\r\n",
            "RTSP/1.0 ²²² x\r\nContent-Length: ٣\r\n\r\n".encode(),
        ],
    ),
    "live, a media server": Target(
        media_server,
        [
            b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 1a;timeout=60\r\n\r\n$\x01\x00\x04abcd",
            b"RTSP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno" * 2,
            b"TEARDOWN rtsps://x RTSP/1.0\r\n\r\n",
            b"$\x00\xff\xff" + bytes(90),
            "RTSP/1.0 200 ²\r\nSession: ;timeout=٣\r\n\r\n".encode(),
        ],
    ),
    "live, a camera's pictures": Target(
        live_units,
        [
            b"\x01\x42\xc0\x1e\xff\xe1\x00\x04\x67abc\x01\x00\x02\x68d".ljust(40, b"\0") + b"\0\0\0\x05\x65slice",
            b"\0\0\0\1\x67abc\0\0\0\1\x68d".ljust(40, b"\0") + b"\0\0\0\1\x65slice" * 9,
            b"\x01" * 60,
        ],
    ),
    "discovery, gpio chip": Target(gpio_chip, [chips.INFO.pack(b"gpiochip0", b"pinctrl-rp1", 54), b"\xff" * 68]),
}
