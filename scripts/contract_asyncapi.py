"""docs/asyncapi.yaml, AsyncAPI 3.0, from the box's side: what it sends and receives, with the code's types as schemas.

Adding a message: a line in CHANNELS, MESSAGES and OPERATIONS.
"""

from __future__ import annotations

from typing import Any

import contract_schemas

from agent.datasets import DATASETS
from agent.events import KINDS
from agent.sync.mqtt import PACKET_MAX_BYTES, SESSION_EXPIRY_S
from agent.sync.topics import BATCH_MAX_EVENTS

PREFIX = "mektep/v1/{school}"
JSON, BATCH = "application/json", "application/cloudevents-batch+json"
OCTETS = "application/octet-stream"
RETAINED = {"status", "reference", "referenceParts"}
DESCRIPTION = """\
What a school's box and the city centre say to each other. Signatures, verdicts, limits and what to do when something
is wrong are words, not schemas: they stand in protocol.md, which belongs to this document.

`send` and `receive` are meant from the box: a receiver of the centre does the opposite. Message headers are MQTT 5 user
properties. Unknown members of an object are to be ignored.
"""
CHANNELS = {  # name: address, messages, about
    "status": ("status", ["birth"], "Retained; also the will."),
    "welcome": ("welcome", ["welcome"], "The signed answer to a birth."),
    "events": ("events/{lane}", ["batch"], "A signed batch of one lane."),
    "ahead": ("events/ahead", ["ahead"], "An alarm sent ahead of a database that does not answer."),
    "receipts": ("receipts", ["receipt", "evidenceReceipt"], "Signed, after the COMMIT."),
    "evidence": ("evidence/{id}", ["part"], "A sealed file in parts of at most 16,384 bytes."),
    "reference": ("reference/{dataset}", ["manifest"], "Retained: a dataset, signed by the pinned key."),
    "referenceParts": ("reference/{sha256}", ["referencePart"], "Retained: what a manifest names, by its hash."),
    "orders": ("orders/{order}", ["order"], "Commands, signed by the pinned key."),
    "answers": ("answers", ["answer"], "What became of an order."),
}
PARAMETERS = {
    "school": {
        "description": "the school; also client id and name in the certificate",
        "examples": ["school-07"],
    },
    "lane": {"description": "an independent, numbered stream", "enum": ["alarm", "record", "telemetry"]},
    "id": {"description": "id of the evidence, a UUID", "examples": ["6ecd8c99-4036-403d-bf84-cf8400f67836"]},
    "dataset": {"description": "name of the dataset", "enum": list(DATASETS)},
    "sha256": {"description": "SHA-256 of the payload, hex"},
    "order": {"description": "name of the order", "enum": contract_schemas.ORDERS},
}
MESSAGES = {  # name: payload, headers, content type, about
    "birth": ("Birth", "Signed", JSON, "The box is here (online) or gone (offline)."),
    "welcome": ("Welcome", "Delegated", JSON, "How far the centre has stored each lane. It settles nothing."),
    "batch": ("Batch", "SignedBatch", BATCH, "Contiguous events, byte for byte as they were accepted."),
    "ahead": ("Ahead", "Signed", JSON, "One alarm; it follows in its lane with the same id as `aheadid`."),
    "receipt": ("Receipt", "Delegated", JSON, "A verdict on each event of a batch."),
    "evidenceReceipt": ("EvidenceReceipt", "Delegated", JSON, "Which bytes of a sealed file are stored."),
    "part": ("Bytes", "SignedPart", OCTETS, "Some bytes of a sealed file."),
    "manifest": ("Manifest", "Signed", JSON, "A dataset, or the parts of which it is joined."),
    "referencePart": ("Bytes", "", OCTETS, "At most 131,072 bytes; not signed: a signed manifest names its hash."),
    "order": ("Order", "Signed", JSON, "Taken once, bound to school and epoch, expiring."),
    "answer": ("Answer", "Signed", JSON, "Done, refused or failed."),
}
OPERATIONS = {  # name: action, channel
    "greet": ("send", "status"),
    "beWelcomed": ("receive", "welcome"),
    "deliver": ("send", "events"),
    "sendAhead": ("send", "ahead"),
    "settle": ("receive", "receipts"),
    "sendEvidence": ("send", "evidence"),
    "learn": ("receive", "reference"),
    "learnParts": ("receive", "referenceParts"),
    "obey": ("receive", "orders"),
    "answer": ("send", "answers"),
}


def document() -> dict[str, Any]:
    """The whole document."""
    schemas = contract_schemas.components("#/components/schemas/{name}")
    items = {"$ref": "#/components/schemas/Event"}
    schemas["Batch"] = {"type": "array", "minItems": 1, "maxItems": BATCH_MAX_EVENTS, "items": items}
    schemas["Bytes"] = {"type": "string", "format": "binary"}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "mektep: a school's box and the city centre",
            "version": "1.0.0",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON,
        "servers": {"broker": _server()},
        "channels": {name: _channel(name) for name in CHANNELS},
        "operations": {name: _operation(name) for name in OPERATIONS},
        "components": {
            "securitySchemes": {"certificate": {"type": "X509", "description": "client certificate, CN = school"}},
            "messages": {name: _message(name) for name in MESSAGES},
            "schemas": schemas,
        },
        "x-event-types": {name: _event_type(name) for name in KINDS},
    }


def _server() -> dict[str, Any]:
    will = {"topic": f"{PREFIX}/status", "qos": 1, "retain": True, "message": "a birth with state offline, signed"}
    return {
        "host": "broker.shymkent.example:8883",
        "protocol": "mqtts",
        "protocolVersion": "5.0",
        "description": "The city's broker. Box: Clean Start 0, one connection per school.",
        "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        "bindings": {
            "mqtt": {
                "clientId": "{school}",
                "cleanSession": False,
                "keepAlive": 30,
                "sessionExpiryInterval": SESSION_EXPIRY_S,
                "maximumPacketSize": PACKET_MAX_BYTES,
                "lastWill": will,
                "bindingVersion": "0.2.0",
            }
        },
    }


def _channel(name: str) -> dict[str, Any]:
    rest, messages, about = CHANNELS[name]
    address = f"{PREFIX}/{rest}"
    return {
        "address": address,
        "description": about,
        "parameters": {key: PARAMETERS[key] for key in PARAMETERS if f"{{{key}}}" in address},
        "messages": {one: {"$ref": f"#/components/messages/{one}"} for one in messages},
    }


def _operation(name: str) -> dict[str, Any]:
    action, channel = OPERATIONS[name]
    bindings: dict[str, Any] = {"qos": 1, "retain": channel in RETAINED, "bindingVersion": "0.2.0"}
    found = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{one}"} for one in CHANNELS[channel][1]],
        "bindings": {"mqtt": bindings},
    }
    if name == "obey":
        found["reply"] = {
            "channel": {"$ref": "#/channels/answers"},
            "messages": [{"$ref": "#/channels/answers/messages/answer"}],
        }
    return found


def _message(name: str) -> dict[str, Any]:
    payload, headers, content_type, about = MESSAGES[name]
    found: dict[str, Any] = {"name": name, "summary": about, "contentType": content_type}
    if headers:
        found["headers"] = {"$ref": f"#/components/schemas/{headers}"}
    return found | {"payload": {"$ref": f"#/components/schemas/{payload}"}}


def _event_type(name: str) -> dict[str, Any]:
    kind = KINDS[name]
    schema = {"$ref": f"#/components/schemas/{kind.data.__name__}"}
    return {"lane": kind.lane.word, "severitytext": kind.severity.value, "data": schema}
