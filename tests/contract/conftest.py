"""The broker, far centre and box of the link's own tests."""

from __future__ import annotations

from tests.agent.sync.conftest import box, broker_port, centre, school

__all__ = ["box", "broker_port", "centre", "school"]
