"""How exposed each unit may be at most, as `systemd-analyze security` reckons: of systemd 252 and of 257.

Held by  tests/test_unit.py by this machine's systemd, tests/deb/checks.py by that of each Debian.
"""

from __future__ import annotations

MOST = {
    "mektep-agent.service": 1.5,
    "mektep-clock.service": 0.5,
    "mektep-cell@.service": 0.4,
    "mektep-camera@.service": 1.3,
    "mektep-csi@.service": 1.3,
    "mektep-eyes@.service": 0.2,
    "mektep-firewall.service": 1.4,
    "mektep-firstboot.service": 2.3,
    "mektep-update.service": 1.1,
}
