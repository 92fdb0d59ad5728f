"""The part of mektep-centre's table of commands that is about incidents, and who answers for them."""

from __future__ import annotations

import argparse
from pathlib import Path

from centre import commands, custody_desk, incident_desk
from centre.accounts import LANGUAGES
from centre.accounts import ROLES as ACCOUNT_ROLES
from centre.answers import ANSWERS, REASONS, ROLES
from centre.arguments import between
from centre.errors import CentreError
from centre.incident_words import KINDS
from centre.reports import REPORTERS

DAYS, LIMIT = 30, 200
SOME = between(1, 10_000)
Subs = argparse._SubParsersAction


def add(subs: Subs[argparse.ArgumentParser], config: argparse.ArgumentParser) -> None:
    deliver = subs.add_parser("deliver", parents=[config], help="send orders and messages that wait, until SIGTERM")
    deliver.set_defaults(run=commands.deliver)
    _incident(subs.add_parser("incident", help="incidents: list, show, answer, report, drills"), config)
    cameras = subs.add_parser("cameras", parents=[config], help="every camera: place, state, age of its picture, clock")
    cameras.add_argument("--school")
    cameras.add_argument("--json", action="store_true")
    cameras.set_defaults(run=incident_desk.cameras)
    custody = subs.add_parser("custody", parents=[config], help="who looked at which evidence, when and why")
    custody.add_argument("--school")
    custody.add_argument("--evidence", metavar="ID")
    custody.add_argument("--verify", nargs="?", const="", metavar="NUMBER:HASH", help="check the whole chain")
    custody.add_argument("--json", action="store_true")
    custody.set_defaults(run=custody_desk.custody)
    _account(subs.add_parser("account", help="who may log in at the desk"), config)
    _desk(subs.add_parser("desk", parents=[config], help="serve the desk, a page for a browser, until SIGTERM"))


def _desk(desk: argparse.ArgumentParser) -> None:
    desk.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    desk.add_argument("--port", type=int, default=8443, help="default: 8443")
    desk.add_argument("--tls-cert", metavar="FILE", help="the chain, PEM")
    desk.add_argument("--tls-key", metavar="FILE")
    desk.add_argument("--proxy", metavar="ADDRESS", help="of a proxy in front, whose word on who asks is taken")
    desk.add_argument("--insecure", action="store_true", help="cookies also without TLS: for demonstrations, here only")
    desk.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    """Raises CentreError K-172 where the extra is not installed."""
    try:
        from centre.web.serve import desk  # the web library is an extra
    except ModuleNotFoundError as error:
        do = "Install it: pip install './centre[desk]'."
        raise CentreError("K-172", f"the desk's library is not installed: {error.name}", do=do) from error
    return desk(args)


def _incident(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="ACTION", required=True)
    listed = subs.add_parser("list", parents=[config], help="what is open now, and reports that no box has taken")
    listed.add_argument("--school")
    listed.add_argument("--kind", choices=KINDS)
    listed.add_argument("--all", action="store_true", help="also what is closed")
    listed.add_argument("--days", type=SOME, default=DAYS, help="with --all; default: 30")
    listed.add_argument("--limit", type=SOME, default=LIMIT, help="with --all; default: 200")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=incident_desk.list_)
    show = subs.add_parser("show", parents=[config], help="one from its first sign on, with what was typed")
    show.add_argument("id")
    show.add_argument("--school", help="where two schools have this id")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=incident_desk.show)
    _answer(subs.add_parser("answer", parents=[config], help="acknowledge, confirm, dismiss or close it"))
    _report(subs.add_parser("report", parents=[config], help="type in what somebody says"))
    forget = subs.add_parser("forget", parents=[config], help="forget the words of a report")
    forget.add_argument("id")
    forget.set_defaults(run=incident_desk.forget)
    drills = subs.add_parser("drills", parents=[config], help="each school's last drill, and whether anybody answered")
    drills.add_argument("--school")
    drills.add_argument("--days", type=SOME, default=DAYS, help="default: 30")
    drills.add_argument("--json", action="store_true")
    drills.set_defaults(run=incident_desk.drills)


def _answer(answer: argparse.ArgumentParser) -> None:
    answer.add_argument("id")
    answer.add_argument("answer", choices=ANSWERS)
    answer.add_argument("--school", help="where two schools have this id")
    answer.add_argument("--role", choices=ROLES, default="city", help="as whom; default: city")
    answer.add_argument("--by", metavar="STAFF", help="a member of the school's staff, as in staff.csv")
    answer.add_argument("--reason", choices=REASONS, help="of a dismissal")
    answer.add_argument("--author", help="default: who is logged in")
    answer.add_argument("--wait", type=float, default=10, metavar="S")
    answer.set_defaults(run=incident_desk.answer)


def _report(report: argparse.ArgumentParser) -> None:
    report.add_argument("school")
    report.add_argument("--kind", choices=KINDS, required=True)
    report.add_argument("--words", type=Path, required=True, metavar="FILE", help="- for standard input")
    report.add_argument("--place", default="")
    report.add_argument("--reporter", choices=REPORTERS, default="anonymous")
    report.add_argument("--language", choices=LANGUAGES, default="ru")
    report.add_argument("--contact", default="", help="how to reach who says it; stays at the centre")
    report.add_argument("--drill", action="store_true")
    report.add_argument("--author", help="who types it in; default: who is logged in")
    report.add_argument("--wait", type=float, default=10, metavar="S", help="0: do not wait for the box")
    report.set_defaults(run=incident_desk.report)


def _account(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="ACTION", required=True)
    add_ = subs.add_parser("add", parents=[config], help="asks for the password, or reads it from standard input")
    add_.add_argument("name")
    add_.add_argument("--role", choices=ACCOUNT_ROLES, required=True)
    add_.add_argument("--school", help="of a responsible person")
    add_.add_argument("--staff", help="who that is, as in staff.csv")
    add_.add_argument("--language", choices=LANGUAGES, default="ru")
    add_.set_defaults(run=custody_desk.account_add)
    for name, what, run in (
        ("password", "a new password", custody_desk.account_password),
        ("end", "it can no longer log in", custody_desk.account_end),
    ):
        one = subs.add_parser(name, parents=[config], help=what)
        one.add_argument("name")
        one.set_defaults(run=run)
    listed = subs.add_parser("list", parents=[config])
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=custody_desk.account_list)
