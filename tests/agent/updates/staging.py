"""A staged version for tests, and a server that has its archive."""

from __future__ import annotations

import hashlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.updates.staged import Staged
from centre import pki

ARCHIVE = bytes(range(256)) * 300  # 77 KB


def staged(**changed: object) -> Staged:
    facts: dict[str, object] = {
        "version": "0.2.0", "url": "https://localhost/0.2.0.tar", "sha256": hashlib.sha256(ARCHIVE).hexdigest(),
        "bytes": len(ARCHIVE), "not_before_ns": 0, "deadline_ns": 0, "within_s": 600, "bytes_per_s": 1_000_000,
        "order": 7,
    }  # fmt: skip
    return Staged(**(facts | changed))  # type: ignore[arg-type]


class Server(http.server.BaseHTTPRequestHandler):
    """One archive, by ranges; what it does wrong is told to it."""

    content = ARCHIVE
    break_off_at = 0
    status = 0
    ignores_range = False
    ranges: list[str] = []  # noqa: RUF012 - one list for all requests of a test

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.ranges.append(wanted)
        begin = int(wanted.removeprefix("bytes=").rstrip("-") or 0) if wanted and not self.ignores_range else 0
        self.send_response(self.status or (206 if begin else 200))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}")
        self.send_header("Content-Length", str(len(self.content) - begin))
        self.end_headers()
        end = self.break_off_at or len(self.content)
        self.wfile.write(self.content[begin:end])

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(pki_folder: Path) -> Iterator[tuple[type[Server], str, Path]]:
    """The server's class (its attributes are the test's), the address, and the authority."""

    class Mine(Server):
        ranges: list[str] = []  # noqa: RUF012 - one list for all requests of a test

    pki.make_authority(pki_folder)
    pki.issue(pki_folder, "files", pki_folder, "files", hosts=("localhost", "127.0.0.1"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki_folder / "files.crt", pki_folder / "files.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mine)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Mine, f"https://localhost:{server.server_port}/0.2.0.tar", pki_folder / "ca.crt"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
