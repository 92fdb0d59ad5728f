"""The contract's documents as another receiver's developer has them: files, nothing of the agent's code."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLE = re.compile(r"<!-- example ([a-z-]+) -->\n```text\n([^`]*)\n```\n")
SIGNED_TEXT = re.compile(r"<!-- example ([a-z-]+) signed text -->\n```text\n([^`]*)\n```\n")
SCHEMA_OF = {
    "status": "birth", "welcome": "welcome", "batch": "batch", "ahead": "ahead", "receipt": "receipt", "order": "order",
    "answer": "answer", "reference": "reference",
}  # fmt: skip
HEADERS_OF = {
    "batch": "properties-batch", "evidence": "properties-evidence", "welcome": "properties-delegated",
    "receipt": "properties-delegated",
}  # fmt: skip


def schema_names() -> list[str]:
    return sorted(path.stem for path in (DOCS / "schemas").glob("*.json"))


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((DOCS / f"schemas/{name}.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(schema)


def faults(name: str, instance: Any) -> list[str]:
    """What a schema has against a document, in words."""
    return [f"{list(error.instance_path)}: {error.message}" for error in validator(name).iter_errors(instance)]


def event_faults(event: dict[str, Any]) -> list[str]:
    """An event against the envelope, and its data against the schema of its type."""
    return faults("event", event) + faults(event["type"], event["data"])


def vectors() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "vectors.json").read_text(encoding="utf-8"))
    return found


def messages() -> list[dict[str, Any]]:
    """The messages of vectors.json, each with `bytes`: its payload as it travels."""
    found: list[dict[str, Any]] = vectors()["messages"]
    for one in found:
        packed = one.get("payload_base64")
        one["bytes"] = base64.b64decode(packed) if packed else one["payload"].encode()
    return found


def page_examples() -> dict[str, dict[str, Any]]:
    """The examples that stand in protocol.md, by name: topic, properties, bytes."""
    found: dict[str, dict[str, Any]] = {}
    for name, text in EXAMPLE.findall((DOCS / "protocol.md").read_text(encoding="utf-8")):
        head, _, payload = text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines())
        binary = "/evidence/" in fields["topic"]
        content = base64.b64decode(payload) if binary else payload.encode()
        found[name] = {"topic": fields.pop("topic"), "properties": fields, "bytes": content}
    return found


def page_signed_texts() -> dict[str, str]:
    page = (DOCS / "protocol.md").read_text(encoding="utf-8")
    return {name: f"{text}\n" for name, text in SIGNED_TEXT.findall(page)}
