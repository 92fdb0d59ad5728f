"""Writes the machine-readable contract, and the examples of docs/protocol.md, from the code's own types.

Run: python scripts/contract.py [DIR]     DIR is docs unless given; tests/contract compare what lies there.

Makes  DIR/schemas/*.json, DIR/asyncapi.yaml, DIR/vectors.json; in DIR/protocol.md what stands between
       `<!-- example NAME -->` and the end of the code block that follows.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import contract_asyncapi  # noqa: E402 - the packages of this tree must be found first
import contract_examples  # noqa: E402
import contract_schemas  # noqa: E402
import yaml  # noqa: E402
from contract_signing import Example  # noqa: E402

EXAMPLE = re.compile(r"(<!-- example ([a-z-]+)( signed text)? -->\n```text\n)(?:[^`]*\n)?(```\n)")
HEAD = "# Written by scripts/contract.py from the code's types. The words that belong to it: protocol.md.\n"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    schemas = folder / "schemas"
    schemas.mkdir(parents=True, exist_ok=True)
    made = contract_schemas.files()
    for old in schemas.glob("*.json"):
        if old.stem not in made:
            old.unlink()
    for name, schema in made.items():
        _write(schemas / f"{name}.json", schema)
    _write(folder / "vectors.json", contract_examples.vectors())
    text = yaml.safe_dump(contract_asyncapi.document(), sort_keys=False, allow_unicode=True, width=120)
    (folder / "asyncapi.yaml").write_text(HEAD + text, encoding="utf-8")
    page = folder / "protocol.md"
    page.write_text(with_examples(page.read_text(encoding="utf-8")), encoding="utf-8")


def with_examples(page: str) -> str:
    """The page with each marked example as it is made now. Raises KeyError for one that is not made."""
    found = {one.name: one for one in contract_examples.examples()}

    def put(match: re.Match[str]) -> str:
        begin, name, only_signed, end = match.groups()
        text = found[name].signed.removesuffix("\n") if only_signed else _shown(found[name])
        return f"{begin}{text}\n{end}"

    return EXAMPLE.sub(put, page)


def _shown(one: Example) -> str:
    """Topic and user properties, an empty line, the payload."""
    lines = [f"topic: {one.topic}"] + [f"{key}: {value}" for key, value in one.properties.items()]
    return "\n".join([*lines, "", _text(one)])


def _text(one: Example) -> str:
    """What is no text is shown in base64."""
    binary = one.kind.value == "evidence"
    return base64.b64encode(one.payload).decode() if binary else one.payload.decode()


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
