"""All that the box keeps secret is known, and a mere name is none."""

from __future__ import annotations

import base64
from pathlib import Path

from agent.age import load_age_key
from agent.bundle.kept_secrets import known
from agent.school.card_key import load_card_key
from agent.secrets import SecretStore
from agent.sync.identity import load_identity
from tests.agent.bundle.laid_out import site

CAMERA = """
[[camera]]
name = "gate"
driver = "rtsp"
url = "rtsp://admin:S3cret@10.0.0.2/1"
secret = "yard"
password = "typed here"
"""


def test_they_are_all_found(tmp_path: Path) -> None:
    found = site(tmp_path, more=CAMERA)
    places = found.places
    Path(places.directory).mkdir()
    SecretStore(places.secrets).put("yard", "before")
    SecretStore(places.secrets).put("yard", "hunter2")
    card_key = load_card_key(places.card_key)
    load_identity(Path(places.directory))
    load_age_key(places.reference.with_name("reference.agekey"))
    places.pki.mkdir()
    (places.pki / "box.key").write_text("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n")
    values, gaps = known(found, lambda _folder, _file: None)
    assert gaps == []
    assert {"before", "hunter2", "MHcCAQEE", "S3cret", "typed here"} <= set(values)
    assert {card_key.hex(), base64.b64encode(card_key).decode()} <= set(values)
    assert any(one.startswith("AGE-SECRET-KEY-1") for one in values)
    identity = (Path(places.directory) / "identity.pem").read_text().splitlines()
    assert identity[1] in values
    assert not any(one.startswith("-----") for one in values)
    assert "yard" not in values


def test_where_there_is_nothing_there_is_none(tmp_path: Path) -> None:
    values, gaps = known(site(tmp_path), lambda _folder, _file: None)
    assert gaps == []
    assert len(values) == 1, "only the configuration's own"
