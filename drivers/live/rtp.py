"""H.264 and H.265 pictures as RTP packets, and what the media server must know of them beforehand.

Wire    RTP (RFC 3550) with the payloads of H.264 (RFC 6184: single units and FU-A) and H.265 (RFC 7798: single units
        and FU), 90,000 steps a second; sender reports with a name that says nothing; SDP (RFC 8866).
Shape   pure: pictures in, packets out, in the order in which they are decoded.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

from drivers.cameras.ring import PARAMETERS, Form, Packet
from drivers.live.units import kind_of, parameter_units, units

CLOCK = 90_000
PAYLOAD_TYPE = 96
PAYLOAD_BYTES = 1_388  # with all heads it still fits a line that carries 1,460 a segment
NAMES = {"h264": "H264", "hevc": "H265"}
FU_A, FU = 28, 49  # kinds of a unit in pieces: H.264, H.265
FIRST, LAST = 0x80, 0x40  # of a unit's pieces
MARKER = 0x80  # the last packet of a picture
PAUSE = 3_600  # 40 ms: where a camera's time jumps, the next picture comes so much later
JUMP = 10 * CLOCK
NTP_S = 2_208_988_800  # from 1900, where NTP begins, to 1970
ALL = 1 << 32


class Stamps:
    """RTP's time of each picture: it goes on where the camera's own jumps or begins anew."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._last: int | None = None  # when the last picture is decoded, by the camera

    def of(self, packet: Packet, form: Form) -> int:
        pts, dts = (int(when * form.time_base * CLOCK) for when in (packet.pts, packet.dts))
        if self._last is not None and not 0 <= dts - self._last <= JUMP:
            self._offset += self._last + PAUSE - dts
        self._last = dts
        return (pts + self._offset) % ALL


class Sender:
    """The packets of one stream, numbered."""

    def __init__(self, source: int, first_number: int, offset: int) -> None:
        self.packets = self.payload_bytes = 0
        self._source = source
        self._number = first_number
        self._stamps = Stamps(offset)
        self._stamp = 0

    def picture(self, packet: Packet, form: Form) -> Iterator[bytes]:
        """A keyframe brings its parameter sets: who joins now needs them."""
        found = units(form, packet.data)
        if packet.is_key:
            sets = PARAMETERS[form.codec]
            if not any(kind_of(form.codec, unit) in sets for unit in found):
                found = [*parameter_units(form), *found]
        self._stamp = self._stamps.of(packet, form)
        payloads = [payload for unit in found for payload in pieces(form.codec, unit)]
        for payload in payloads:
            yield self._packet(payload, last=payload is payloads[-1])

    def report(self, utc_ns: int, name: bytes) -> bytes:
        """A sender report: when the last picture was, by the box's clock; and the sender's name (RTCP SR, SDES)."""
        seconds, rest_ns = divmod(utc_ns, 1_000_000_000)
        ntp = ((seconds + NTP_S) % ALL << 32) | (rest_ns << 32) // 1_000_000_000
        sent = (self.packets % ALL, self.payload_bytes % ALL)
        report = struct.pack(">BBHIQIII", 0x80, 200, 6, self._source, ntp, self._stamp, *sent)
        item = bytes([1, len(name)]) + name
        item += bytes(4 - len(item) % 4)  # at least one zero ends the items
        return report + struct.pack(">BBHI", 0x81, 202, 1 + len(item) // 4, self._source) + item

    def _packet(self, payload: bytes, *, last: bool) -> bytes:
        kind = PAYLOAD_TYPE | (MARKER if last else 0)
        head = struct.pack(">BBHII", 0x80, kind, self._number, self._stamp, self._source)
        self._number = (self._number + 1) & 0xFFFF
        self.packets += 1
        self.payload_bytes += len(payload)
        return head + payload


def pieces(codec: str, unit: bytes) -> Iterator[bytes]:
    """A unit as it is, or in pieces where it is too large for one packet."""
    if len(unit) <= PAYLOAD_BYTES:
        yield unit
        return
    if codec == "h264":
        head, kind, body = bytes([unit[0] & 0xE0 | FU_A]), unit[0] & 0x1F, unit[1:]
    else:
        head, kind, body = bytes([unit[0] & 0x81 | FU << 1, unit[1]]), unit[0] >> 1 & 0x3F, unit[2:]
    size = PAYLOAD_BYTES - len(head) - 1
    for at in range(0, len(body), size):
        first, last = FIRST if at == 0 else 0, LAST if at + size >= len(body) else 0
        yield head + bytes([first | last | kind]) + body[at : at + size]


def can_send(form: Form) -> bool:
    """MJPEG and what else a USB camera gives is not passed on."""
    return form.codec in NAMES


def description(form: Form, session: int) -> bytes:
    """SDP of the one stream; it names neither school nor camera."""
    lines = [
        "v=0", f"o=- {session} 1 IN IP4 0.0.0.0", "s=-", "c=IN IP4 0.0.0.0", "t=0 0",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}", f"a=rtpmap:{PAYLOAD_TYPE} {NAMES[form.codec]}/{CLOCK}",
        f"a=fmtp:{PAYLOAD_TYPE} {_format(form)}", "a=control:streamid=0",
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines).encode()


def _format(form: Form) -> str:
    sets = parameter_units(form)
    if form.codec == "h264":
        told = ["packetization-mode=1"]
        profile = next((unit[1:4].hex().upper() for unit in sets if kind_of("h264", unit) == 7), "")
        told += [f"profile-level-id={profile}"] if profile else []
        told += [f"sprop-parameter-sets={','.join(_text(unit) for unit in sets)}"] if sets else []
        return ";".join(told)
    names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
    known = [(names[kind], unit) for unit in sets if (kind := kind_of("hevc", unit)) in names]
    return ";".join(f"{name}={_text(unit)}" for name, unit in known) or "tx-mode=SRST"


def _text(unit: bytes) -> str:
    return base64.b64encode(unit).decode()
