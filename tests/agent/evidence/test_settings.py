"""What the configuration may say of evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import config
from agent.evidence.settings import EvidenceSettings

FILE = """
school = "school-07"
[centre]
broker = "mqtt://127.0.0.1"
orders_key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
[evidence]
quota_mb = {quota}
"""


def test_a_megabyte_is_a_million_bytes() -> None:
    assert EvidenceSettings(quota_mb=3).quota_bytes == 3_000_000


def test_it_is_a_section_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(FILE.format(quota=12))
    assert config.load(tmp_path / "agent.toml").evidence == EvidenceSettings(quota_mb=12)


@pytest.mark.parametrize("quota", ["-1", "1_000_000", '"much"', "1.5"])
def test_nonsense_is_named_with_its_place(tmp_path: Path, quota: str) -> None:
    (tmp_path / "agent.toml").write_text(FILE.format(quota=quota))
    with pytest.raises(config.ConfigError) as error:
        config.load(tmp_path / "agent.toml")
    assert [(one.code, one.key) for one in error.value.problems] == [("C-103", "evidence.quota_mb")]
