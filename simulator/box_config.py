"""How the configuration of a simulated box begins: whose it is, where it keeps what, which centre it has."""

from __future__ import annotations

from pathlib import Path

TOML = """
school = "{school}"
[state]
directory = "{box}/state"
runtime = "{box}/run"
[centre]
broker = "mqtts://127.0.0.1:{port}"
ca = "{box}/ca.crt"
certificate = "{box}/box.crt"
key = "{box}/box.key"
orders_key = "{orders_key}"
compress = {compress}
keepalive_s = {keepalive_s}
[outbox]
reserve_mb = 2
ballast_mb = {ballast_mb}
keep_days = {keep_days}
"""


def box_config(
    school: str,
    box: Path,
    port: int,
    orders_key: str,
    *,
    compress: bool = False,
    keepalive_s: int = 30,
    ballast_mb: int = 0,
    keep_days: int = 7,
) -> str:
    """Its devices follow. box: the folder for keys, certificates, database and live state."""
    return TOML.format(
        school=school,
        box=box,
        port=port,
        orders_key=orders_key,
        compress=str(compress).lower(),
        keepalive_s=keepalive_s,
        ballast_mb=ballast_mb,
        keep_days=keep_days,
    )
