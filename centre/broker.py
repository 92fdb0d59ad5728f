"""The broker's configuration: mosquitto with client certificates and rules bound to them.

Rules  A school writes only its own up-topics and reads only its own down-topics; client id = user = name in the
       certificate. Receivers write receipts and welcomes, the administrator orders: neither can do the other's part.
       mosquitto's acl_file never refuses a SUBSCRIBE, so the rules are those of its dynamic-security plugin.
Works  with mosquitto 2.0.11 (Debian 12) and 2.0.21 (Debian 13).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from centre.errors import CentreError

PLUGIN = "mosquitto_dynamic_security.so"
PLUGIN_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/arm-linux-gnueabihf",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
)
RECEIVERS = ("centre-1", "centre-2")
ADMIN = "centre-admin"
UP = ("status", "answers", "events/+", "evidence/+")
ANSWERED = ("welcome", "receipts")  # by receivers
ORDERED = ("orders/+", "reference/+")  # by the administrator, who alone holds the orders key
DOWN = ANSWERED + ORDERED
PREFIX = "mektep/v1"

CONF = """# Written by mektep-centre. Certificates are demanded; a certificate's name is user and client id.
allow_anonymous false
plugin {plugin}
plugin_opt_config_file {folder}/dynsec.json
pid_file {folder}/mosquitto.pid
persistence true
persistence_location {folder}/data/
persistent_client_expiration 14d
autosave_interval 60
max_inflight_messages 100
max_queued_messages 10000
max_packet_size 1100000
max_keepalive 120
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
listener {port} {host}
cafile {pki}/ca.crt
certfile {pki}/broker.crt
keyfile {pki}/broker.key
crlfile {pki}/crl.pem
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
"""
PLAIN = """# Written by mektep-centre for measurements on one machine: loopback only, no TLS, no rules.
allow_anonymous true
persistence false
max_inflight_messages 100
max_queued_messages 10000
max_packet_size 1100000
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
connection_messages false
listener {port} 127.0.0.1
"""


def write_broker(folder: Path, pki: Path, host: str, port: int, plain_port: int) -> list[str]:
    """DIR/mosquitto.conf and dynsec.json; with a plain port also mosquitto-plain.conf. What is there stays; returns the
    lines that an older mosquitto.conf lacked."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    conf, plain = folder / "mosquitto.conf", folder / "mosquitto-plain.conf"
    if not conf.exists():
        conf.write_text(CONF.format(plugin=_plugin(), folder=folder, pki=pki, port=port, host=host))
    if plain_port and not plain.exists():
        plain.write_text(PLAIN.format(port=plain_port))
    if not (folder / "dynsec.json").exists():
        _write(folder / "dynsec.json", _empty())
    give_to_broker(folder, pki)
    return _add_missing(conf, pki)


def _add_missing(conf: Path, pki: Path) -> list[str]:
    """What came with enrolment: the list of revoked certificates, and where the broker's process is named. Only beside
    lines that init has written and nobody has changed."""
    known = conf.read_text(errors="surrogateescape").splitlines()
    words = {line.split()[0] for line in known if line.split()}
    beside = {
        f"keyfile {pki}/broker.key": f"crlfile {pki}/crl.pem",
        f"plugin_opt_config_file {conf.parent}/dynsec.json": f"pid_file {conf.parent}/mosquitto.pid",
    }
    added = {ours: new for ours, new in beside.items() if known.count(ours) == 1 and new.split()[0] not in words}
    if not added or "include_dir" in words:
        return []
    text = "".join(f"{line}\n{added[line]}\n" if line in added else f"{line}\n" for line in known)
    _replace(conf, text.encode(errors="surrogateescape"), conf.stat().st_mode & 0o777)
    return list(added.values())


def give_to_broker(folder: Path, pki: Path) -> None:
    """Started as root, mosquitto drops to its own user, which must own its folder and read its key."""
    if os.geteuid() != 0:
        return
    try:
        for path in (folder, folder / "data", folder / "dynsec.json"):
            shutil.chown(path, "mosquitto", "mosquitto")
        shutil.chown(pki / "broker.key", "mosquitto")
        for path in (pki, folder):
            path.chmod(0o711)
    except LookupError as error:
        raise CentreError("K-104", f"no user mosquitto: {error}", do="Install Debian's package mosquitto.") from error


def school_role(school: str) -> dict[str, Any]:
    """What the certificate of a school may do, and nothing else."""
    own = f"{PREFIX}/{school}"
    acls = [_allow("publishClientSend", f"{own}/{rest}") for rest in UP]
    acls += [_allow("subscribePattern", f"{own}/{rest}") for rest in DOWN]
    acls += [_allow("publishClientReceive", f"{own}/{rest}") for rest in DOWN]
    return {"rolename": f"school-{school}", "acls": acls}


def add_school(folder: Path, school: str) -> None:
    """Put a school into the file; for a broker that does not run."""
    rules = msgspec.json.decode((folder / "dynsec.json").read_bytes())
    role = school_role(school)
    rules["roles"] = [one for one in rules["roles"] if one["rolename"] != role["rolename"]] + [role]
    rules["clients"] = [one for one in rules["clients"] if one["username"] != school] + [
        _client(school, role["rolename"])
    ]
    _write(folder / "dynsec.json", rules)


def remove_school(folder: Path, school: str) -> None:
    rules = msgspec.json.decode((folder / "dynsec.json").read_bytes())
    rules["roles"] = [one for one in rules["roles"] if one["rolename"] != f"school-{school}"]
    rules["clients"] = [one for one in rules["clients"] if one["username"] != school]
    _write(folder / "dynsec.json", rules)


def _empty() -> dict[str, Any]:
    """No schools yet: the receivers and the administrator."""
    centre = {
        "rolename": "centre",
        "acls": [
            _allow("subscribePattern", f"$share/centre/{PREFIX}/#"),
            _allow("subscribePattern", f"$share/centre-alarm/{PREFIX}/#"),
            _allow("subscribePattern", f"{PREFIX}/#"),
            *[_allow("publishClientSend", f"{PREFIX}/+/{rest}") for rest in ANSWERED],
            _allow("publishClientReceive", f"{PREFIX}/#"),
        ],
    }
    control = "$CONTROL/dynamic-security/#"
    admin = {
        "rolename": "admin",
        "acls": [
            _allow("publishClientSend", control),
            _allow("publishClientReceive", control),
            _allow("subscribePattern", control),
            *[_allow("publishClientSend", f"{PREFIX}/+/{rest}") for rest in ORDERED],
        ],
    }
    receivers = [name for one in RECEIVERS for name in (one, f"{one}-alarm")]
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [_client(name, "centre") for name in receivers] + [_client(ADMIN, "admin")],
        "groups": [],
        "roles": [centre, admin],
    }


def _allow(kind: str, topic: str) -> dict[str, Any]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def _client(name: str, role: str) -> dict[str, Any]:
    return {"username": name, "roles": [{"rolename": role}]}


def _write(path: Path, rules: dict[str, Any]) -> None:
    _replace(path, msgspec.json.format(msgspec.json.encode(rules), indent=1), 0o600)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """In one step; whose it was it stays."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.chmod(mode)
    if path.exists() and os.geteuid() == 0:
        owner = path.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.rename(path)


def _plugin() -> str:
    for folder in PLUGIN_FOLDERS:
        if (Path(folder) / PLUGIN).exists():
            return str(Path(folder) / PLUGIN)
    raise CentreError("K-104", f"{PLUGIN} is not installed", do="Install Debian's package mosquitto (2.0 or later).")
