"""What each command of mektep-centre does; centre/cli.py lists them."""

from __future__ import annotations

import argparse
import base64
import binascii
import logging
import signal
import sys
import threading
import time
from pathlib import Path

import msgspec

from centre import admin, broker, keys, pki
from centre.database import open_database
from centre.errors import CentreError
from centre.judge import judge_again
from centre.receiver import Receiver
from centre.report import SchoolReport, report
from centre.screen import draw
from centre.settings import Settings, load_settings
from centre.store import Store
from centre.wire import SCHOOL

WELL, ATTENTION, AWAY = 0, 1, 3
KEY_BYTES = 32
SUBSCRIBE_S = 30.0

TOML = """# Written by mektep-centre init.
database = "{database}"
broker_host = "{host}"
broker_port = {port}
tls = {tls}
"""


def init(args: argparse.Namespace) -> int:
    folder: Path = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    keys.make_keys(folder)
    certificates = folder / "pki"
    pki.make_authority(certificates)
    hosts = tuple(dict.fromkeys([args.broker_host, "127.0.0.1", "localhost"]))
    pki.issue(certificates, "broker", certificates, "broker", hosts=hosts)
    for name in (*broker.RECEIVERS, broker.ADMIN):
        pki.issue(certificates, name, certificates, name)
    for name in broker.RECEIVERS:
        pki.issue(certificates, f"{name}-alarm", certificates, f"{name}-alarm")
    broker.write_broker(folder / "broker", certificates, args.broker_host, args.broker_port, args.plain_port)
    database = args.database or f"sqlite:///{folder}/centre.db"
    write_toml(folder / "centre.toml", database, args.broker_host, args.broker_port, tls=True)
    if args.plain_port:
        write_toml(folder / "centre-plain.toml", database, "127.0.0.1", args.plain_port, tls=False)
    print(f"{folder}: ready. Boxes pin this orders key: {(folder / 'orders.pub').read_text().strip()}")
    return WELL


def write_toml(path: Path, database: str, host: str, port: int, *, tls: bool) -> None:
    """Once written it belongs to the operator."""
    if not path.exists():
        path.write_text(TOML.format(database=database, host=host, port=port, tls="true" if tls else "false"))
        path.chmod(0o600)  # a database URL may hold a password


def receive(args: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(0.001)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    receiver = Receiver(load_settings(args.config), args.name)
    trouble = receiver.start(SUBSCRIBE_S)
    if trouble:
        receiver.stop()
        raise CentreError("K-112", trouble, do="Start the broker with broker/mosquitto.conf, then try again.")
    print("READY", flush=True)
    stop.wait()
    receiver.stop()
    return WELL


def school_add(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    _school_name(args.school)
    try:
        key = base64.b64decode(args.key, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise CentreError(
            "K-106", "--key is not the base64 of 32 bytes", do="Copy what `mektep identity` prints on the box."
        )
    _store(settings).add_school(args.school, key)
    if args.certificate_dir:
        certificates, out = settings.file("pki"), args.certificate_dir
        pki.issue(certificates, args.school, out, "box")
        (out / "ca.crt").write_bytes((certificates / "ca.crt").read_bytes())
    if not admin.add_school(settings, args.school):
        broker.add_school(settings.file("broker"), args.school)
    print(f"{args.school} is registered.")
    return WELL


def school_remove(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    _school_name(args.school)
    _store(settings).remove_school(args.school)
    if not admin.remove_school(settings, args.school):
        broker.remove_school(settings.file("broker"), args.school)
    print(f"{args.school} is no longer registered; what it sent is kept.")
    return WELL


def school_list(args: argparse.Namespace) -> int:
    schools = _store(load_settings(args.config)).schools()
    if args.json:
        print(msgspec.json.encode({name: base64.b64encode(key).decode() for name, key in schools.items()}).decode())
    else:
        for name, key in schools.items():
            print(f"{name}  {base64.b64encode(key).decode()}")
    return WELL


def status(args: argparse.Namespace) -> int:
    store = _store(load_settings(args.config))
    names = [args.school] if args.school else [*store.schools(), "-"]
    reports = [report(store.database, name) for name in names]
    reports = [one for one in reports if one.school != "-" or one.refused]
    if args.json:
        print(msgspec.json.encode(reports).decode())
    else:
        draw(reports)
    return ATTENTION if any(_needs_attention(one) for one in reports) else WELL


def events(args: argparse.Namespace) -> int:
    store = _store(load_settings(args.config))
    sql = "select id, epoch, lane from stream where school = ? order by id"
    for stream, epoch, lane in store.database.execute(sql, (args.school,)):
        if args.lane in (None, lane) and args.epoch in (None, epoch):
            rows = store.database.execute("select body from event where stream = ? order by sequence", (stream,))
            sys.stdout.writelines(f"{body}\n" for (body,) in rows)
    return WELL


def quarantine(args: argparse.Namespace) -> int:
    store = _store(load_settings(args.config))
    sql = (
        "select q.id, s.school, s.epoch, s.lane, q.first, q.last, q.reason, q.body "
        "from quarantine q join stream s on s.id = q.stream order by q.id"
    )
    rows = [row for row in store.database.execute(sql) if args.id in (None, row[0])]
    for number, school, epoch, lane, first, last, reason, body in rows:
        print(f"{number}  {school}/{epoch}/{lane}/{first}-{last}  {reason}")
        if args.action == "show":
            print(bytes(body).decode(errors="replace"))
        elif args.action == "requeue":
            print(
                "  "
                + ("stored" if _requeue(store, number, school, epoch, lane, first, bytes(body)) else "still unreadable")
            )
    return WELL


def order(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    store = _store(settings)
    try:
        arguments = msgspec.json.decode(args.args, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise CentreError(
            "K-107", f"--args is no JSON object: {error}", do="""Write for example '{"for_s": 60}'."""
        ) from error
    epoch = store.epoch_of(args.school)
    if not epoch:
        raise CentreError(
            "K-108", f"{args.school} has never been seen", do="Wait for its birth; orders are bound to its epoch."
        )
    number = store.new_order(args.school, args.name)
    admin.send_order(
        settings, keys.orders_key(settings.file(".")), args.school, epoch, number, args.name, arguments, args.expires
    )
    deadline = time.monotonic() + args.wait
    while time.monotonic() < deadline:
        answer = store.answer_to(args.school, number)
        if answer:
            print(answer)
            return WELL if '"outcome":"done"' in answer else ATTENTION
        time.sleep(0.05)
    print(f"no answer within {args.wait:g} s; order {number} stays valid for {args.expires} s", file=sys.stderr)
    return ATTENTION


def rekey(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    print(f"The receipt key is delegated until {keys.delegate(settings.file('.'), args.days)}; restart the receivers.")
    return WELL


def _requeue(store: Store, number: int, school: str, epoch: str, lane: str, first: int, body: bytes) -> bool:
    """Judge a piece again, by today's rules; stored, it leaves the quarantine."""
    judged = judge_again(school, epoch, lane, first, body)
    if judged is None:
        return False
    with store.database.transaction():
        store.database.execute("delete from quarantine where id = ?", (number,))
    store.store([judged])
    return True


def _needs_attention(one: SchoolReport) -> bool:
    lanes = [lane for epoch in one.epochs.values() for lane in epoch.values()]
    return any(lane.gaps or lane.conflicts or lane.quarantined for lane in lanes)


def _store(settings: Settings) -> Store:
    try:
        return Store(open_database(settings.database))
    except ImportError as error:
        raise CentreError(
            "K-105", f"PostgreSQL's driver is missing: {error}", do="pip install 'mektep-centre[postgres]'"
        ) from error


def _school_name(name: str) -> None:
    if not SCHOOL.fullmatch(name) or name.startswith("centre"):
        raise CentreError(
            "K-109", f"{name!r} is no name for a school", do="Small Latin letters, digits, hyphens; not centre…."
        )
