"""An accepted event as the bytes that the centre will store: a CloudEvents 1.0 object, encoded once.

Shape   docs/protocol.md, section 3. The bytes never change afterwards; a batch is their join.
Speed   what does not change within an epoch, a lane or a second is cached: about 3 µs an event.
"""

from __future__ import annotations

import time

import msgspec

from agent.model import Draft, Lane

EVENT_MAX_BYTES = 65_536
REISSUE_BYTES = 96  # what a reissue may add: an event that is accepted can always be issued again

_encoder = msgspec.json.Encoder()


class Envelope:
    """Encodes the events of one lane of one epoch."""

    def __init__(self, school: str, epoch: str, lane: Lane, boot_id: str) -> None:
        source = f"/schools/{school}/{epoch}/{lane.word}"
        self._source = f'"{source}"'.encode()
        self._head = (
            f'{{"specversion":"1.0","source":"{source}","partitionkey":"{school}","bootid":"{boot_id}","id":"'
        ).encode()
        self._types: dict[tuple[str, str], bytes] = {}
        self._second = -1
        self._second_text = b""
        self._recorded_ns, self._recorded_text = -1, b""

    def encode(self, draft: Draft, sequence: int, recorded_ns: int, leaf: int | None = None) -> bytes:
        """The event's JSON object; `leaf` is its index in the ledger, if it is a leaf.

        Raises ValueError if it is larger than the contract allows.
        """
        number = b"%019d" % sequence
        if recorded_ns != self._recorded_ns:  # one for all events of a commit
            self._recorded_ns, self._recorded_text = recorded_ns, self.time(recorded_ns)
        extra = b'","leaf":"%d' % leaf if leaf is not None else b""
        if draft.ahead_id:
            extra += b'","aheadid":"' + draft.ahead_id.encode()
        if draft.reissue_of:
            extra += b'","reissueof":"' + draft.reissue_of.encode()
        body = b"".join((
            self._head, number, b'","sequence":"', number, self._type(draft),
            self.time(draft.at.utc_ns), b'","recordedtime":"', self._recorded_text,
            b'","monotonic":"%d","clock":"' % draft.at.monotonic_ns, b"synced" if draft.at.synced else b"unsynced",
            extra, b'","data":', _encoder.encode(draft.data), b"}",
        ))  # fmt: skip
        if len(body) > EVENT_MAX_BYTES - REISSUE_BYTES:
            raise ValueError(f"{draft.type} of {len(body)} bytes; an event may have {EVENT_MAX_BYTES - REISSUE_BYTES}")
        return body

    def reissue(self, old: bytes, place: str, sequence: int, recorded_ns: int, leaf: int | None = None) -> bytes:
        """The same happening under a new key: all other attributes kept; `reissueof` names the old place."""
        attributes = _attributes.decode(old)
        number = b'"%019d"' % sequence
        changed = {"id": number, "sequence": number, "source": self._source, "reissueof": f'"{place}"'.encode()}
        changed["recordedtime"] = b'"' + self.time(recorded_ns) + b'"'
        if leaf is not None:
            changed["leaf"] = b'"%d"' % leaf
        merged = attributes | {key: msgspec.Raw(value) for key, value in changed.items()}
        return _encoder.encode(merged)

    def _type(self, draft: Draft) -> bytes:
        key = (draft.type, draft.severity.value)
        found = self._types.get(key)
        if found is None:
            found = f'","type":"{key[0]}","severitytext":"{key[1]}","time":"'.encode()
            self._types[key] = found
        return found

    def time(self, utc_ns: int) -> bytes:
        """A moment as the wire has it: RFC 3339, UTC, microseconds."""
        second, rest_ns = divmod(utc_ns, 1_000_000_000)
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()
        return self._second_text + b"%06dZ" % (rest_ns // 1000)


def split(body: bytes) -> list[bytes]:
    """The events of a stored run, byte for byte. Raises msgspec.DecodeError on damage."""
    try:
        return [bytes(raw) for raw in _raws.decode(b"[" + body + b"]")]
    except RecursionError as error:
        raise msgspec.DecodeError("brackets in brackets") from error


_attributes = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raws = msgspec.json.Decoder(list[msgspec.Raw])
