"""The head of a simulated box's configuration is one that the agent takes, and says what it was asked to say."""

from __future__ import annotations

from pathlib import Path

from agent.config import load
from simulator.box_config import box_config

ORDERS_KEY = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="


def test_the_agent_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(box_config("school-07", tmp_path, 8883, ORDERS_KEY, compress=True, keepalive_s=5, keep_days=0))
    found = load(path)
    assert found.school == "school-07"
    assert found.state.directory == str(tmp_path / "state")
    assert found.centre is not None
    assert (found.centre.port, found.centre.compress, found.centre.keepalive_s) == (8883, True, 5)
    assert (found.outbox.keep_days, found.outbox.ballast_mb) == (0, 0)
