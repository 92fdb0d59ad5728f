"""The part of mektep-centre's table of commands that is about boxes' certificates: centre/enrolment_desk.py does it."""

from __future__ import annotations

import argparse
from pathlib import Path

from centre import enrolment_desk
from centre.arguments import between
from centre.errors import CentreError
from centre.own_certificates import RENEW_DAYS
from centre.settings import EST_PORT

DAYS, DAYS_MAX = 14, 90
WITHIN_MAX = 3_650
Subs = argparse._SubParsersAction


def add(subs: Subs[argparse.ArgumentParser], config: argparse.ArgumentParser) -> None:
    enrol = subs.add_parser("enrol", parents=[config], help="write the file that makes a fresh card a school's box")
    enrol.add_argument("school", help="also one that is not registered yet, or whose box is replaced")
    enrol.add_argument("--out", type=Path, default=Path("-"), metavar="FILE", help="default: standard output")
    enrol.add_argument(
        "--days", type=between(1, DAYS_MAX), default=DAYS, help=f"how long its token is good; default: {DAYS}"
    )
    enrol.add_argument("--box", type=Path, metavar="FILE", help="the rest of the box's agent.toml: its devices")
    enrol.set_defaults(run=enrolment_desk.enrol)
    _est(subs.add_parser("est", parents=[config], help="give boxes their certificates (EST, RFC 7030), until SIGTERM"))
    _certificate(
        subs.add_parser(
            "certificate", help="which certificates boxes and the centre have; revoke one, renew the centre's"
        ),
        config,
    )
    lost = subs.add_parser("lost", parents=[config], help="a box is lost or stolen: shut it out, list what is left")
    lost.add_argument("school")
    lost.add_argument("--json", action="store_true")
    lost.set_defaults(run=enrolment_desk.lost)


def _est(est: argparse.ArgumentParser) -> None:
    est.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone; :: for all")
    est.add_argument("--port", type=int, default=EST_PORT, help=f"default: {EST_PORT}")
    est.add_argument("--tls-cert", type=Path, metavar="FILE", help="of the city's CA; default: pki/est.crt")
    est.add_argument("--tls-key", type=Path, metavar="FILE")
    est.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    """Raises CentreError K-183 where the extra is not installed."""
    try:
        from centre.est import est
    except ImportError as error:
        what = f"the EST server's HTTP library is missing: {error}"
        raise CentreError("K-183", what, do="pip install 'mektep-centre[est]'") from error
    return est(args)


def _certificate(parser: argparse.ArgumentParser, config: argparse.ArgumentParser) -> None:
    subs = parser.add_subparsers(metavar="ACTION", required=True)
    listed = subs.add_parser("list", parents=[config])
    listed.add_argument("school", nargs="?", default="")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=enrolment_desk.certificates)
    renew = subs.add_parser(
        "renew", parents=[config], help="the centre's own: broker, EST server, receivers, administrator"
    )
    which = renew.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="whatever their dates")
    which.add_argument(
        "--within",
        type=between(1, WITHIN_MAX),
        default=RENEW_DAYS,
        metavar="DAYS",
        help=f"that end so soon; default: {RENEW_DAYS}",
    )
    renew.set_defaults(run=enrolment_desk.renew)
    revoke = subs.add_parser("revoke", parents=[config])
    revoke.add_argument("serial", help="as `certificate list` shows it")
    revoke.set_defaults(run=enrolment_desk.revoke)
