"""The command `est`: the EST server (RFC 7030) by which boxes get their certificates, until SIGTERM.

TLS     1.2 or later; a client may show a certificate of the city, also one whose date is past: whether it may renew is
        asked of the table. One of another authority ends the handshake.
Renewed a certificate that was renewed is shown from the next line on; one that cannot be used never is.
Limits  LINES_MAX lines at once, of them ONE_MAX of one address; HANDSHAKE_S for each to begin; what a line may say:
        centre/est_line.py.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import ssl
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from centre import pki
from centre.commands import WELL, open_store
from centre.errors import CentreError, StoreDown
from centre.est_answers import Est, place_of
from centre.est_line import Answered, Answerer, Asked, converse, say
from centre.settings import Settings, load_settings

log = logging.getLogger("centre")

LINES_MAX = 64
ONE_MAX = 48  # who holds these open keeps nobody of another address away
HANDSHAKE_S = 10.0
GRACE_S = 1.0
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL: dates alone are ignored
HERE = ("127.0.0.1", "localhost")


def est(args: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    settings = load_settings(args.config)
    door = Door(settings, args.tls_cert, args.tls_key)
    try:
        open_store(settings).database.close()
    except StoreDown as error:
        log.warning("K-110 the database does not answer yet: %s", error)
    asyncio.run(_serve(settings, door, args.host, args.port))
    return WELL


def tls(settings: Settings, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Boxes trust the city's authority alone: so the certificate is of it. Raises CentreError K-101, K-183."""
    if bool(certificate) != bool(key):
        raise CentreError("K-183", "a certificate and its key belong together", do="Give --tls-cert and --tls-key.")
    if certificate is None or key is None:
        host = urlsplit(settings.est).hostname or settings.broker_host
        pki.issue(settings.file("pki"), "est", settings.file("pki"), "est", hosts=tuple(dict.fromkeys((host, *HERE))))
        certificate, key = settings.file("pki/est.crt"), settings.file("pki/est.key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(settings.file("pki/ca.crt"))
    except OSError as error:  # of which SSLError is one
        raise CentreError(
            "K-183", f"EST cannot be served with {certificate}: {error}", do="Give a certificate and its own key, PEM."
        ) from error
    context.verify_mode = ssl.CERT_OPTIONAL
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.verify_flags |= NO_CHECK_TIME
    return context


class Door:
    """What the next line is shown."""

    def __init__(self, settings: Settings, certificate: Path | None, key: Path | None) -> None:
        self._make = partial(tls, settings, certificate, key)
        self._context = self._make()
        self._files = (certificate or settings.file("pki/est.crt"), key or settings.file("pki/est.key"))
        self._seen = self._look()

    def context(self) -> ssl.SSLContext:
        now = self._look()
        if now != self._seen:
            self._seen = now
            try:
                self._context = self._make()
            except CentreError as error:
                log.warning("%s %s: the one before stays", error.code, error.what)
        return self._context

    def _look(self) -> list[tuple[int, int]]:
        """Of files that are there, which they are."""
        return [(found.st_ino, found.st_mtime_ns) for found in (one.stat() for one in self._files if one.exists())]


async def _serve(settings: Settings, door: Door, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lines: dict[asyncio.Task[None], str] = {}
    with ThreadPoolExecutor(1, thread_name_prefix="est") as aside:
        answer = partial(_answer, Est(settings), aside)

        async def on_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            place = place_of(str((writer.get_extra_info("peername") or ("",))[0]))
            if task is None or len(lines) >= LINES_MAX or list(lines.values()).count(place) >= ONE_MAX:
                writer.close()
                return
            lines[task] = place
            task.add_done_callback(lines.pop)
            await _keep(reader, writer, door.context(), answer)

        server = await asyncio.start_server(on_line, host, port, backlog=LINES_MAX)
        print("READY", flush=True)
        await stop.wait()
        server.close()
        if lines:
            await asyncio.wait(lines, timeout=GRACE_S)
        for task in lines:
            task.cancel()


async def _keep(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, answer: Answerer
) -> None:
    """From the handshake on: who does not begin one is counted, too."""
    try:
        await writer.start_tls(context, ssl_handshake_timeout=HANDSHAKE_S)
        await converse(reader, writer, answer)
    except (OSError, TimeoutError):
        log.debug("a line ended before its answer")
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await writer.wait_closed()


async def _answer(est_: Est, aside: ThreadPoolExecutor, asked: Asked) -> Answered:
    """In the one thread that has the database."""
    try:
        return await asyncio.get_running_loop().run_in_executor(aside, est_.answer, asked)
    except CentreError as error:
        log.error("%s %s", error.code, error.what)
        return say(500, "the centre cannot issue certificates now")
