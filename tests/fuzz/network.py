"""What may come from the network of a school: answers of anything that says it is a camera."""

from __future__ import annotations

import re

from drivers.discovery import chips, onvif, rtsp
from drivers.discovery.found import printable
from tests.fuzz.target import Target, shown_safely

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
    "discovery, gpio chip": Target(gpio_chip, [chips.INFO.pack(b"gpiochip0", b"pinctrl-rp1", 54), b"\xff" * 68]),
}
