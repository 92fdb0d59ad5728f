"""The command `desk`: the page, served until SIGTERM; on this machine alone unless told otherwise.

Without TLS it is served on loopback only: a proxy in front of it, or a demonstration with --insecure.
"""

from __future__ import annotations

import argparse
import ipaddress
import logging
import sys

import uvicorn

from centre.commands import WELL, open_store
from centre.errors import CentreError
from centre.settings import Settings, load_settings
from centre.web.databases import Databases
from centre.web.routes import application
from centre.web.visit import Desk

GRACE_S = 2  # open streams do not hold an end
HEAD_MAX = 16_384


def desk(args: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    settings = load_settings(args.config)
    _must_be_private(args)
    _must_have_keys(settings)
    open_store(settings)
    app = application(Desk(settings, Databases(settings.database), secure=not args.insecure))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=args.host,
            port=args.port,
            ssl_certfile=args.tls_cert,
            ssl_keyfile=args.tls_key,
            proxy_headers=bool(args.proxy),
            forwarded_allow_ips=args.proxy or "",
            server_header=False,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=HEAD_MAX,
            http="h11",
            ws="none",
        )
    )
    server.run()
    return WELL


def _must_be_private(args: argparse.Namespace) -> None:
    """Nobody's password crosses a network in the open."""
    if bool(args.tls_cert) != bool(args.tls_key):
        raise CentreError("K-172", "a certificate and its key belong together", do="Give --tls-cert and --tls-key.")
    if not args.tls_cert and not _is_loopback(args.host):
        do = "Give --tls-cert and --tls-key; or leave --host out, and put a proxy with TLS in front (docs/desk.md)."
        raise CentreError("K-172", f"the desk is not served to {args.host} without TLS", do=do)
    if args.insecure and not _is_loopback(args.host):
        raise CentreError("K-172", "--insecure is for this machine alone", do="Leave --insecure or --host out.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _must_have_keys(settings: Settings) -> None:
    for name in (settings.desk.blurred_identity, settings.desk.plain_identity):
        if name and not settings.file(name).is_file():
            raise CentreError("K-121", f"{settings.file(name)} is not there", do="Correct [desk] in centre.toml.")
