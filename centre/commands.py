"""What each command of mektep-centre does; centre/cli.py lists them."""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import logging
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography import x509

from centre import admin, broker, keys, pki, revocation
from centre.database import open_database
from centre.deliver import Deliverer
from centre.enrolment import Enrolments
from centre.errors import CentreError, StoreDown
from centre.judge import judge_again
from centre.own_certificates import Upkeep, attention, first_to_end
from centre.receiver import Receiver
from centre.report import SchoolReport, report
from centre.screen import draw
from centre.settings import Settings, load_settings
from centre.store import Store
from centre.wire import SCHOOL, Answer

log = logging.getLogger("centre")

WELL, ATTENTION, FAILED = 0, 1, 4
KEY_BYTES = 32
SUBSCRIBE_S = 30.0
STRANGERS = "-"
UNREADABLE = "still unreadable"
RUNS_OUT = f"the receipt key's delegation ends within {keys.WARN_DAYS} days; boxes then refuse every receipt"

FRESH_S = 600.0  # how often deliver looks at the list of revoked certificates, and at the centre's own
EVENTS_AT_ONCE = 2_000
PASSWORD = re.compile(r"^postgres(?:ql)?://[^/@]*:[^/]*@|[?&]password=")

TOML = """# Written by mektep-centre init.
database = {database}
broker_host = {host}
broker_port = {port}
tls = {tls}
"""


def init(args: argparse.Namespace) -> int:
    if PASSWORD.search(args.database):
        raise CentreError(
            "K-117",
            "a password on the command line can be read by everybody on this machine",
            do="Leave it out here; write it into centre.toml afterwards (only you can read it), or into ~/.pgpass.",
        )
    folder: Path = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    keys.make_keys(folder)
    certificates = folder / "pki"
    pki.make_authority(certificates)
    if not (certificates / "crl.pem").exists():
        revocation.write_list(folder, None)
    hosts = tuple(dict.fromkeys([args.broker_host, "127.0.0.1", "localhost"]))
    for name in ("broker", "est"):
        pki.issue(certificates, name, certificates, name, hosts=hosts)
    for name in (*broker.RECEIVERS, broker.ADMIN):
        pki.issue(certificates, name, certificates, name)
    for name in broker.RECEIVERS:
        pki.issue(certificates, f"{name}-alarm", certificates, f"{name}-alarm")
    added = broker.write_broker(folder / "broker", certificates, args.broker_host, args.broker_port, args.plain_port)
    for line in added:
        print(f"broker/mosquitto.conf had no `{line}`: it has now, and the broker is to be restarted.")
    database = args.database or f"sqlite:///{folder}/centre.db"
    write_toml(folder / "centre.toml", database, args.broker_host, args.broker_port, tls=True)
    if args.plain_port:
        write_toml(folder / "centre-plain.toml", database, "127.0.0.1", args.plain_port, tls=False)
    print(f"{folder}: ready. Boxes pin this orders key: {(folder / 'orders.pub').read_text().strip()}")
    return WELL


def write_toml(path: Path, database: str, host: str, port: int, *, tls: bool) -> None:
    """Once written it belongs to the operator."""
    if not path.exists():
        text = TOML.format(
            database=json.dumps(database), host=json.dumps(host), port=port, tls="true" if tls else "false"
        )
        keys.write_private(path, text.encode())  # a database URL may hold a password


def receive(args: argparse.Namespace) -> int:
    """Until SIGTERM; 4 if it cannot go on, so that it is started anew."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(0.001)
    stop, failed = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings(args.config)
    try:
        open_store(settings).database.close()
    except StoreDown as error:
        log.warning("K-110 the database does not answer yet: %s", error)
    if keys.expires_soon(settings.file(".")):
        log.warning("K-114 %s: run `mektep-centre rekey`", RUNS_OUT)

    def give_up() -> None:
        failed.set()
        stop.set()

    receiver = Receiver(settings, args.name, give_up)
    trouble = receiver.start(SUBSCRIBE_S)
    if trouble:
        receiver.stop()
        raise CentreError("K-112", trouble, do="Start the broker with broker/mosquitto.conf, then try again.")
    print("READY", flush=True)
    stop.wait()
    receiver.stop()
    return FAILED if failed.is_set() else WELL


def deliver(args: argparse.Namespace) -> int:
    """Until SIGTERM; 4 if it cannot go on, so that it is started anew."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    stop, failed = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings(args.config)
    keys.orders_key(settings.file("."))

    def give_up() -> None:
        failed.set()
        stop.set()

    deliverer = Deliverer(settings, give_up)
    deliverer.start()
    print("READY", flush=True)
    upkeep = Upkeep(settings)
    revocation.keep_fresh(settings)
    upkeep.look()
    while not stop.wait(FRESH_S):
        revocation.keep_fresh(settings)
        upkeep.look()
    deliverer.stop()
    return FAILED if failed.is_set() else WELL


def school_add(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    school_name(args.school)
    try:
        key = base64.b64decode(args.key, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise CentreError(
            "K-106", "--key is not the base64 of 32 bytes", do="Copy what `mektep identity` prints on the box."
        )
    store = open_store(settings)
    if args.certificate_dir:
        certificates, out = settings.file("pki"), args.certificate_dir
        pki.issue(certificates, args.school, out, "box")
        (out / "ca.crt").write_bytes((certificates / "ca.crt").read_bytes())
        given = x509.load_pem_x509_certificate((out / "box.crt").read_bytes())
        Enrolments(store.database, settings.file(".")).note(args.school, key, given)
    store.add_school(args.school, key)
    if not admin.add_school(settings, args.school):
        broker.add_school(settings.file("broker"), args.school)
    print(f"{args.school} is registered.")
    return WELL


def school_remove(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    store = open_store(settings)
    known = store.school_key(args.school) is not None
    store.remove_school(args.school)  # and always out of the rules: a removal that was cut short is finished
    if not admin.remove_school(settings, args.school):
        broker.remove_school(settings.file("broker"), args.school)
    if not known:
        raise CentreError("K-118", f"{args.school} was not registered", do="See `mektep-centre school list`.")
    print(f"{args.school} is no longer registered; what it sent is kept.")
    return WELL


def school_list(args: argparse.Namespace) -> int:
    schools = open_store(load_settings(args.config)).schools()
    if args.json:
        print(msgspec.json.encode({name: base64.b64encode(key).decode() for name, key in schools.items()}).decode())
    else:
        for name, key in schools.items():
            print(f"{name}  {base64.b64encode(key).decode()}")
    return WELL


def status(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    store = open_store(settings)
    names = [args.school] if args.school else [*all_schools(store), STRANGERS]
    if args.school:
        must_be_known(store, args.school)
    reports = [report(store.database, name) for name in names]
    reports = [one for one in reports if one.school != STRANGERS or one.refused]
    soon = settings.file("keys").exists() and keys.expires_soon(settings.file("."))
    if args.json:
        print(msgspec.json.encode(reports).decode())
    else:
        draw(reports, registered=set(store.schools()))
        print(first_to_end(settings))
    troubles = attention(settings)
    if soon:
        troubles.append(CentreError("K-114", RUNS_OUT, do="Run `mektep-centre rekey`."))
    tell(troubles)
    return ATTENTION if troubles or any(_needs_attention(one) for one in reports) else WELL


def tell(troubles: list[CentreError]) -> None:
    """What a person is to look at, beside the output."""
    for one in troubles:
        print(f"{one.code}  {one.what}\n      {one.do}", file=sys.stderr)


def events(args: argparse.Namespace) -> int:
    store = open_store(load_settings(args.config))
    must_be_known(store, args.school)
    sql = "select id, epoch, lane from stream where school = ? order by id"
    for stream, epoch, lane in store.database.execute(sql, (args.school,)):
        if args.lane in (None, lane) and args.epoch in (None, epoch):
            sys.stdout.writelines(f"{body}\n" for body in _bodies(store, stream))
    return WELL


def _bodies(store: Store, stream: int) -> Iterator[str]:
    """In order; a city's worth does not fit into memory."""
    sql = "select sequence, body from event where stream = ? and sequence > ? order by sequence limit ?"
    after = 0
    while rows := store.database.execute(sql, (stream, after, EVENTS_AT_ONCE)):
        yield from (body for _, body in rows)
        after = rows[-1][0]


def quarantine(args: argparse.Namespace) -> int:
    store = open_store(load_settings(args.config))
    sql = (
        "select q.id, s.school, s.epoch, s.lane, q.first, q.last, q.reason "
        "from quarantine q join stream s on s.id = q.stream order by q.id"
    )
    rows = [row for row in store.database.execute(sql) if args.id in (None, row[0])]
    if not rows:
        print("Nothing is in quarantine." if args.id is None else f"There is no number {args.id} in quarantine.")
    unreadable = False
    for number, school, epoch, lane, first, last, reason in rows:
        print(f"{number}  {school}/{epoch}/{lane}/{first}-{last}  {reason}")
        if args.action == "show":
            print(_verbatim(store, number).decode(errors="backslashreplace"))
        elif args.action == "requeue":
            outcome = _requeue(store, number, school, epoch, lane, first, last)
            print(f"  {outcome}")
            unreadable |= outcome == UNREADABLE
    return ATTENTION if unreadable or (args.id is not None and not rows) else WELL


def order(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    store = open_store(settings)
    try:
        arguments = msgspec.json.decode(args.args, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise CentreError(
            "K-107", f"--args is no JSON object: {error}", do="""Write for example '{"for_s": 60}'."""
        ) from error
    if args.force:
        arguments["force"] = True
    must_be_known(store, args.school)
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
            return WELL if msgspec.json.decode(answer, type=Answer).outcome == "done" else ATTENTION
        time.sleep(0.05)
    print(f"no answer within {args.wait:g} s; order {number} stays valid for {args.expires} s", file=sys.stderr)
    return ATTENTION


def rekey(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    expires = keys.rotate(settings.file("."), args.days)
    print(f"A new receipt key is delegated until {expires}; the receivers take it up by themselves.")
    return WELL


def _requeue(store: Store, number: int, school: str, epoch: str, lane: str, first: int, last: int) -> str:
    """Judge a piece again, by today's rules; sound, it leaves the quarantine."""
    judged = judge_again(school, epoch, lane, first, last, _verbatim(store, number))
    if judged is None:
        return UNREADABLE
    parts = store.requeue(number, judged)
    return ", ".join(f"{part.first}-{part.last} {part.verdict}" for part in parts) or "gone meanwhile"


def _verbatim(store: Store, number: int) -> bytes:
    rows = store.database.execute("select body from quarantine where id = ?", (number,))
    return bytes(rows[0][0]) if rows else b""


def _needs_attention(one: SchoolReport) -> bool:
    lanes = [lane for epoch in one.epochs.values() for lane in epoch.values()]
    return bool(one.sealed_for_another) or any(lane.gaps or lane.conflicts or lane.quarantined for lane in lanes)


def all_schools(store: Store) -> list[str]:
    """Registered or not: what a school sent before it was removed is still kept."""
    rows = store.database.execute("select name from school union select school from stream order by 1")
    return [name for (name,) in rows]


def must_be_known(store: Store, school: str) -> None:
    if school not in all_schools(store):
        raise _unknown(school)


def _unknown(school: str) -> CentreError:
    do = "`mektep-centre school list` names the registered ones; `school add` registers one."
    return CentreError("K-118", f"{school} is not registered, and nothing of it is kept", do=do)


def open_store(settings: Settings) -> Store:
    try:
        return Store(open_database(settings.database))
    except ImportError as error:
        raise CentreError(
            "K-105", f"PostgreSQL's driver is missing: {error}", do="pip install 'mektep-centre[postgres]'"
        ) from error


def school_name(name: str) -> None:
    if not SCHOOL.fullmatch(name) or name.startswith("centre"):
        raise CentreError(
            "K-109", f"{name!r} is no name for a school", do="Small Latin letters, digits, hyphens; not centre…."
        )
