"""A video that grows by one packet after the other, as an MP4 in fragments, nothing encoded anew.

A fragment is written each second: what was written before can be played if nothing follows.
"""

from __future__ import annotations

import av

from drivers.cameras.ring import PARAMETERS, Form, Packet, parameter_sets

OPTIONS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "1000000"}  # microseconds
PACKET_COST = 64  # of the tables, beside each packet: more than it takes
HEAD_COST = 4_096  # of the head and the tail


class Mp4:
    """add() packets in their order, the first one a keyframe; take() what was written since. For one thread."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._written = bytearray()
        self._first: Packet | None = None
        self._container = av.open(self, "w", format="mp4", options=OPTIONS)
        self._stream = self._container.add_mux_stream(form.codec, width=form.width, height=form.height)
        self._stream.time_base = form.time_base

    def write(self, data: bytes) -> int:
        """Of the shape of a file: the container writes here."""
        self._written += data
        return len(data)

    def add(self, packet: Packet) -> None:
        first = self._first or packet
        data = packet.data if self._first else self._with_parameters(packet.data)
        self._first = first
        sent = av.Packet(data)
        sent.stream, sent.time_base = self._stream, self._form.time_base
        sent.pts, sent.dts, sent.is_keyframe = packet.pts - first.dts, packet.dts - first.dts, packet.is_key
        self._container.mux_one(sent)

    def close(self) -> None:
        """Nothing more is added."""
        self._container.close()

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken

    def _with_parameters(self, data: bytes) -> bytes:
        """Some cameras tell the decoder what it must know beside the stream alone: the file must have it."""
        codec = self._form.codec
        if codec not in PARAMETERS or parameter_sets(codec, data):
            return data
        return self._form.parameters + data
