"""mektep-centre: the table of commands.

Exit codes  0 done · 1 something needs attention (gaps, conflicts, no answer) · 2 wrong use or configuration · 3
database or broker away · 4 a receiver that cannot go on
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from centre import commands, config_desk, desk, enrolment_cli, incident_cli, ledger_desk, money_desk, update_cli
from centre.arguments import between, name_of
from centre.errors import CentreError, StoreDown
from centre.reference import DATASET
from centre.school import commands as school_data
from centre.wire import EPOCH, LANES

WRONG_USE, AWAY, INTERRUPTED = 2, 3, 130
BROKER_AWAY = "K-112"
DATABASE_DO = "Does it run, has its disk space, does anybody lock it? Then try again."
ORDER_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31})?")  # live.start
MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
DAY = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
LEAF = re.compile(rf"{EPOCH.pattern}/(0|[1-9][0-9]{{0,15}})")
EXPIRES_MAX_S = 30 * 86_400
DAYS_MAX = 3_650


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code."""
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        code = run(args)
        sys.stdout.flush()
        return code
    except CentreError as error:
        print(f"{error.code}  {error.what}\n      {error.do}", file=sys.stderr)
        return AWAY if error.code == BROKER_AWAY else WRONG_USE
    except StoreDown as error:
        print(f"K-110  the database does not answer: {error}\n      {DATABASE_DO}", file=sys.stderr)
        return AWAY
    except BrokenPipeError:  # `mektep-centre events … | head`: enough was read
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(
            f"K-119  {error}\n      Look at that file: its owner, its rights, the space on its disk.", file=sys.stderr
        )
        return WRONG_USE
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mektep-centre", description="The reference city centre.", epilog=__doc__)
    subs = parser.add_subparsers(metavar="COMMAND", required=True)
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument("--config", type=Path, default=Path("centre.toml"), help="default: ./centre.toml")

    init = subs.add_parser("init", help="make keys, a development CA, the broker's and the centre's configuration")
    init.add_argument("folder", type=Path)
    init.add_argument("--broker-host", default="127.0.0.1")
    init.add_argument("--broker-port", type=between(1, 65_535), default=8883)
    init.add_argument(
        "--plain-port",
        type=between(0, 65_535),
        default=0,
        help="also a broker without TLS, on loopback, for measurements",
    )
    init.add_argument(
        "--database", default="", help="postgresql://HOST/NAME without a password; default: sqlite in the folder"
    )
    init.set_defaults(run=commands.init)

    receive = subs.add_parser("receive", parents=[config], help="receive, store and answer until SIGTERM")
    receive.add_argument("--name", default="centre-1")
    receive.set_defaults(run=commands.receive)

    _schools(subs.add_parser("school", help="register, list and remove schools"), config)
    _reading(subs, config)
    _ordering(subs, config)
    _evidence(subs.add_parser("evidence", help="list sealed pictures, write one to a file, open it"), config)
    _reference(subs, config)
    _school_data(subs.add_parser("school-data", help="pupils, cards, meals, clubs: check, load, publish, show"), config)
    _money(subs, config)
    _correct(subs.add_parser("correct", help="add what a person has found out: a record of its own"), config)
    _ledger(subs.add_parser("ledger", help="ledgers: list, check anew, cosign, export, forget a child"), config)
    config_desk.add(subs, config)
    incident_cli.add(subs, config)
    enrolment_cli.add(subs, config)
    update_cli.add(subs.add_parser("update", help="versions of the agent: sign one, let schools have it"), config)
    return parser


def _schools(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="ACTION", required=True)
    add = subs.add_parser("add", parents=[config])
    add.add_argument("school", help="small Latin letters, digits and hyphens")
    add.add_argument("--key", required=True, help="the box's public key, base64, as `mektep identity` prints it")
    add.add_argument(
        "--certificate-dir", type=Path, help="issue a development certificate for the box into this folder"
    )
    add.set_defaults(run=commands.school_add)
    remove = subs.add_parser("remove", parents=[config])
    remove.add_argument("school")
    remove.set_defaults(run=commands.school_remove)
    listed = subs.add_parser("list", parents=[config])
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=commands.school_list)


def _reading(subs: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser) -> None:
    status = subs.add_parser("status", parents=[config], help="how far each school is stored, gaps, conflicts, losses")
    status.add_argument("--school")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=commands.status)
    events = subs.add_parser("events", parents=[config], help="print stored events verbatim, one a line")
    events.add_argument("--school", required=True)
    events.add_argument("--lane", choices=LANES)
    events.add_argument("--epoch")
    events.add_argument("--json-lines", action="store_true", help="the only form there is")
    events.set_defaults(run=commands.events)
    quarantine = subs.add_parser("quarantine", parents=[config], help="list what could not be read, or try it again")
    quarantine.add_argument("action", choices=["list", "show", "requeue"], nargs="?", default="list")
    quarantine.add_argument("id", type=int, nargs="?")
    quarantine.set_defaults(run=commands.quarantine)


def _ordering(subs: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser) -> None:
    order = subs.add_parser("order", parents=[config], help="send a signed order to a box and wait for its answer")
    order.add_argument("school")
    order.add_argument(
        "name", type=name_of("an order", ORDER_NAME), help="ping, status, bundle, pace, resend, live.start, ..."
    )
    order.add_argument("--args", default="{}", help="a JSON object")
    order.add_argument("--force", action="store_true", help="restart, config.apply: also while an incident is open")
    order.add_argument("--expires", type=between(1, EXPIRES_MAX_S), default=300, metavar="S")
    order.add_argument("--wait", type=float, default=10, metavar="S")
    order.set_defaults(run=commands.order)
    rekey = subs.add_parser("rekey", parents=[config], help="make a new receipt key and delegate it")
    rekey.add_argument("--days", type=between(1, DAYS_MAX), default=90, help="default: 90")
    rekey.set_defaults(run=commands.rekey)


def _evidence(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="ACTION", required=True)
    listed = subs.add_parser("list", parents=[config])
    listed.add_argument("school", nargs="?")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=desk.evidence_list)
    get = subs.add_parser("get", parents=[config])
    get.add_argument("id")
    get.add_argument("--school", help="where two schools have this id")
    get.add_argument("--out", type=Path, required=True, help="a new file; - for standard output")
    get.add_argument("--identity", type=Path, help="an age identity: write the picture, not the sealed file")
    get.add_argument("--reason", default="", help="why it is opened; kept with who did it in the custody log")
    get.add_argument("--author", help="who opens it; default: who is logged in")
    get.set_defaults(run=desk.evidence_get)


def _reference(subs: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser) -> None:
    parser = subs.add_parser("reference", parents=[config], help="publish reference data of a school, or show it")
    parser.add_argument("school")
    parser.add_argument(
        "dataset", nargs="?", type=name_of("a dataset", DATASET), help="recipients: who may see pictures"
    )
    parser.add_argument("file", nargs="?", type=Path, help="a JSON object")
    parser.add_argument(
        "--snapshot", nargs="*", metavar="AGE", help="who sees pictures as they are, in place of a file; none: nobody"
    )
    parser.add_argument(
        "--blurred", nargs="*", metavar="AGE", help="who sees them blurred; what is not given stays as it was"
    )
    parser.add_argument(
        "--support", nargs="*", metavar="AGE", help="who opens what a box tells of itself, by the order `bundle`"
    )
    parser.set_defaults(run=desk.reference_data)


def _school_data(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="ACTION", required=True)
    check = subs.add_parser("check", help="every mistake in a folder of files; wants no database")
    check.add_argument("folder", type=Path, help="holds school.toml, classes.csv, pupils.csv, ...")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=school_data.check)
    load = subs.add_parser("load", parents=[config], help="check it, show what changes, keep it for publishing")
    load.add_argument("school", nargs="?")
    load.add_argument("folder", nargs="?", type=Path)
    load.add_argument("--all", type=Path, metavar="ROOT", help="each folder in ROOT is a school, by its name")
    load.add_argument("--publish", action="store_true", help="and publish what changed")
    load.add_argument("--allow-removals", action="store_true", help="also if a quarter of something would go")
    load.add_argument("--json", action="store_true")
    load.set_defaults(run=school_data.load)
    publish = subs.add_parser("publish", parents=[config], help="seal for the school's box, sign, publish what is due")
    publish.add_argument("school", nargs="?")
    publish.add_argument("--all", action="store_true", help="every school that was loaded")
    publish.add_argument("--again", action="store_true", help="also what has not changed")
    publish.set_defaults(run=school_data.publish_data)
    show = subs.add_parser("show", parents=[config], help="what is loaded, published, held by the box")
    show.add_argument("school")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=school_data.show)


def _money(subs: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser) -> None:
    report = subs.add_parser("report", parents=[config], help="what a month comes to, leaves against statements")
    report.add_argument("--school")
    report.add_argument("--all", action="store_true", help="one line a school")
    report.add_argument("--month", required=True, type=name_of("a month", MONTH), metavar="YYYY-MM")
    report.add_argument("--csv", type=Path, metavar="FILE", help="write it there too; - for standard output")
    report.add_argument("--json", action="store_true")
    report.set_defaults(run=money_desk.report)


def _correct(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="WHAT", required=True)
    signed = argparse.ArgumentParser(add_help=False)
    signed.add_argument("--reason", required=True)
    signed.add_argument("--author", help="default: who is logged in")
    meal = subs.add_parser("meal", parents=[config, signed], help="say whose a forgotten card's meal was")
    meal.add_argument("school")
    meal.add_argument("leaf", type=name_of("a leaf", LEAF), metavar="EPOCH/INDEX")
    meal.add_argument("--pupil", required=True, metavar="ID", help="the school's own id, or the key")
    meal.set_defaults(run=money_desk.correct_meal)
    attendance = subs.add_parser("attendance", parents=[config, signed], help="say where a child was on a day")
    attendance.add_argument("school")
    attendance.add_argument("pupil")
    attendance.add_argument("day", type=name_of("a day", DAY), metavar="YYYY-MM-DD")
    attendance.add_argument("state", choices=["present", "late", "left_early", "absent"])
    attendance.set_defaults(run=money_desk.correct_attendance)


def _ledger(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="ACTION", required=True)
    listed = subs.add_parser("list", parents=[config], help="how each was judged when it came")
    listed.add_argument("school", nargs="?")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=ledger_desk.listed)
    show = subs.add_parser("show", parents=[config], help="check anew from the first leaf on; every fault by its leaf")
    show.add_argument("school")
    show.add_argument("epoch", nargs="?")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=ledger_desk.show)
    cosign = subs.add_parser("cosign", parents=[config], help="cosign the newest checkpoint of what has only grown")
    cosign.add_argument("school", nargs="?")
    cosign.set_defaults(run=ledger_desk.cosign)
    export = subs.add_parser("export", parents=[config], help="write files for `mektep audit`")
    export.add_argument("school")
    export.add_argument("out", type=Path, help="a new folder, or a new file that ends in .tar")
    export.add_argument("--month", type=name_of("a month", MONTH), metavar="YYYY-MM", help="ledgers of this month only")
    export.set_defaults(run=ledger_desk.export)
    erase = subs.add_parser("erase", parents=[config], help="forget a child; the ledger stays whole")
    erase.add_argument("school")
    erase.add_argument("pupil", help="the school's own id, or the key")
    erase.add_argument("--reason", required=True)
    erase.add_argument("--author", help="default: who is logged in")
    erase.set_defaults(run=ledger_desk.erase)
