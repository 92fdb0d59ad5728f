"""The EST server as curl and openssl see it: a second client, which shares no code with ours."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from centre import est_answers
from centre.est_answers import Est
from centre.est_line import Asked
from centre.settings import Settings
from tests.centre.test_signing_request import request
from tests.enrolling import Enrolling

ROOT = "/.well-known/est/"
TYPE = "Content-Type: application/pkcs10"
SCRIPT = """
set -e
b64u() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
openssl genpkey -algorithm ed25519 -out id.pem
openssl ecparam -name prime256v1 -genkey -noout -out box.key
openssl ec -in box.key -pubout -outform DER -out spki.der 2>/dev/null
openssl pkeyutl -sign -inkey id.pem -rawin -in spki.der -out sig.bin
KEY=$(openssl pkey -in id.pem -pubout -outform DER | tail -c 32 | b64u)
openssl req -new -key box.key -subj "/CN=$1" -outform DER \\
  -addext "subjectAltName=URI:urn:mektep:identity:$KEY:$(b64u < sig.bin)" | base64 > first.csr
openssl req -new -key box.key -subj "/CN=$1" -outform DER \\
  -addext "subjectAltName=URI:urn:mektep:identity:$KEY" | base64 > next.csr
"""

SECOND = """
set -e
openssl ecparam -name prime256v1 -genkey -noout -out second.key
KEY=$(openssl pkey -in id.pem -pubout -outform DER | tail -c 32 | base64 -w0 | tr '+/' '-_' | tr -d '=')
openssl req -new -key second.key -subj "/CN=$1" -outform DER \\
  -addext "subjectAltName=URI:urn:mektep:identity:$KEY" | base64 > second.csr
"""


class Client:
    """curl and openssl in a folder."""

    def __init__(self, enrolling: Enrolling, folder: Path, school: str) -> None:
        self.enrolling, self.folder, self.school = enrolling, folder, school
        subprocess.run(["bash", "-c", SCRIPT, "bash", school], cwd=folder, check=True, capture_output=True)

    def curl(self, name: str, *words: str) -> tuple[int, str]:
        """The status; the answer's head and body."""
        url = self.enrolling.url + ROOT + name
        told = ["-w", "%{http_code}", "-o", "body", "-D", "head", "--cacert", str(self.enrolling.ca)]
        done = subprocess.run(
            ["curl", "-s", *told, *words, url], cwd=self.folder, check=True, capture_output=True, text=True, timeout=30
        )
        return int(done.stdout), (self.folder / "head").read_text()

    def certificates(self) -> str:
        """What the body is, by openssl; kept as box.crt."""
        words = "base64 -d body | openssl pkcs7 -inform DER -print_certs -out box.crt && openssl x509 -in box.crt -text"
        done = subprocess.run(["bash", "-c", words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout

    def post(self, name: str, csr: str, *words: str) -> tuple[int, str]:
        return self.curl(name, "-H", TYPE, "--data-binary", f"@{csr}", *words)


def test_curl_and_openssl_enrol_and_renew(enrolling: Enrolling, tmp_path: Path) -> None:
    client = Client(enrolling, tmp_path, enrolling.new_school())
    status, head = client.curl("cacerts")
    assert (status, "application/pkcs7-mime\n" in head.replace("\r", "")) == (200, True)
    assert "Content-Transfer-Encoding: base64" in head
    assert "CA:TRUE" in client.certificates()
    token = enrolling.enrolments.invite(client.school, 1)
    status, head = client.post("simpleenroll", "first.csr", "-u", f"{client.school}:{token}")
    assert (status, "application/pkcs7-mime; smime-type=certs-only" in head) == (200, True)
    text = client.certificates()
    assert f"Subject: CN = {client.school}" in text
    assert "TLS Web Client Authentication" in text
    subprocess.run(["openssl", "verify", "-CAfile", str(enrolling.ca), "box.crt"], cwd=tmp_path, check=True)
    shown = ("--cert", "box.crt", "--key", "box.key")
    status, _ = client.post("simplereenroll", "next.csr", *shown)
    assert status == 200
    assert client.certificates() != text
    assert client.post("simplereenroll", "first.csr", *shown)[0] == 200  # a proof more than is needed
    enrolling.enrolments.revoke(client.school, "lost")
    assert client.post("simplereenroll", "next.csr", *shown)[0] == 403
    assert (tmp_path / "body").read_text().startswith("revoked:")


def test_who_is_refused_is_told_why(enrolling: Enrolling, tmp_path: Path) -> None:
    client = Client(enrolling, tmp_path, enrolling.new_school())
    token = enrolling.enrolments.invite(client.school, 1)
    me = ("-u", f"{client.school}:{token}")
    status, head = client.post("simpleenroll", "first.csr")
    assert (status, "WWW-Authenticate: Basic realm=" in head) == (401, True)
    assert client.post("simpleenroll", "first.csr", "-u", f"{client.school}:wrong")[0] == 401
    assert client.post("simplereenroll", "next.csr")[0] == 401
    receiver = [str(enrolling.city.folder / f"pki/centre-1.{kind}") for kind in ("crt", "key")]
    assert client.post("simplereenroll", "next.csr", "--cert", receiver[0], "--key", receiver[1])[0] == 401
    assert client.post("simpleenroll", "next.csr", *me)[0] == 403
    assert (tmp_path / "body").read_text().startswith("no_identity:")
    (tmp_path / "garbage").write_text("hello")
    assert client.post("simpleenroll", "garbage", *me)[0] == 400
    assert client.curl("simpleenroll", "-d", "@first.csr", *me)[0] == 415
    (tmp_path / "much").write_bytes(b"A" * 20_000)
    assert client.post("simpleenroll", "much", *me)[0] == 413
    assert client.curl("simpleenroll")[0] == 405
    assert client.curl("csrattrs")[0] == 404
    assert client.curl("../../secret")[0] == 404


@pytest.fixture
def est(enrolling: Enrolling) -> Est:
    return Est(enrolling.settings)


def asked(name: str, body: bytes = b"", address: str = "192.0.2.1", shown: bytes = b"", **headers: str) -> Asked:
    method = "GET" if name == "cacerts" else "POST"
    return Asked(method=method, path=ROOT + name, headers=headers, body=body, shown=shown, address=address)


def basic(school: str, token: str) -> str:
    return f"Basic {base64.b64encode(f'{school}:{token}'.encode()).decode()}"


def test_who_guesses_waits_and_nobody_else(est: Est, enrolling: Enrolling) -> None:
    """A whole city may sit behind one address; and who guesses there is perhaps one hostile box."""
    for _ in range(est_answers.FAILURES):
        assert est.answer(asked("simpleenroll", authorization=basic("school-07", "guess"))).status == 401
    refused = est.answer(asked("simpleenroll", authorization=basic("school-07", "guess")))
    assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert est.answer(asked("simpleenroll", authorization=basic("school-08", "x"))).status == 401  # another school
    assert est.answer(asked("simpleenroll", address="192.0.2.2", authorization=basic("school-07", "x"))).status == 401
    assert est.answer(asked("cacerts")).status == 200
    assert est.answer(asked("simplereenroll", shown=b"no box's")).status == 415  # looked at: no 429


def test_names_that_no_school_has_are_one_guesser(est: Est) -> None:
    for number in range(est_answers.FAILURES):
        est.answer(asked("simpleenroll", authorization=basic(f"No School {number}", "guess")))
    assert est.answer(asked("simpleenroll", authorization=basic("Another!", "guess"))).status == 429


def test_a_certificate_waits_for_nobody_elses_questions(est: Est) -> None:
    for _ in range(est_answers.ASKED):
        est.answer(asked("nothing"))
    assert est.answer(asked("cacerts")).status == 429
    assert est.answer(asked("simplereenroll", shown=b"a box's")).status == 415
    for _ in range(est_answers.ASKED):
        est.answer(asked("nothing", shown=b"a hostile box's"))
    assert est.answer(asked("nothing", shown=b"a hostile box's")).status == 429  # of itself it may be tired
    assert est.answer(asked("nothing", shown=b"a box's")).status == 404


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_where_somebody_asks_from(address: str, place: str) -> None:
    assert est_answers.place_of(address) == place


def test_a_certificate_that_is_shown_ends_the_one_before_at_the_broker(enrolling: Enrolling, tmp_path: Path) -> None:
    client = Client(enrolling, tmp_path, enrolling.new_school())
    token = enrolling.enrolments.invite(client.school, 1)
    assert client.post("simpleenroll", "first.csr", "-u", f"{client.school}:{token}")[0] == 200
    client.certificates()
    (tmp_path / "box.crt").rename(tmp_path / "old.crt")
    old = ("--cert", "old.crt", "--key", "box.key")
    subprocess.run(["bash", "-c", SECOND, "bash", client.school], cwd=tmp_path, check=True, capture_output=True)
    assert client.post("simplereenroll", "second.csr", *old)[0] == 200
    client.certificates()
    again = (tmp_path / "box.crt").read_bytes()
    assert client.post("simplereenroll", "second.csr", *old)[0] == 200  # the answer was lost
    client.certificates()
    assert (tmp_path / "box.crt").read_bytes() == again
    assert client.curl("cacerts", "--cert", "box.crt", "--key", "second.key")[0] == 200
    before, after = enrolling.enrolments.certificates(client.school)
    assert (before.reason, after.reason) == ("renewed", "")
    listed = x509.load_pem_x509_crl((enrolling.city.folder / "pki/crl.pem").read_bytes())
    assert listed.get_revoked_certificate_by_serial_number(int(before.serial, 16)) is not None
    assert client.post("simplereenroll", "next.csr", *old)[0] == 403


def test_who_asks_too_often_waits(est: Est) -> None:
    statuses = [est.answer(asked("nothing")).status for _ in range(est_answers.ASKED + 1)]
    assert statuses == [404] * est_answers.ASKED + [429]


def test_a_database_that_is_away_is_told(enrolling: Enrolling, tmp_path: Path) -> None:
    (tmp_path / "spoilt.db").write_text("hello " * 1_000)
    words = {name: getattr(enrolling.settings, name) for name in Settings.__struct_fields__}
    away = Est(Settings(**(words | {"database": f"sqlite:///{tmp_path}/spoilt.db"})))
    answered = away.answer(asked("simpleenroll", authorization="Basic YTpi"))
    assert (answered.status, answered.headers["Retry-After"]) == (503, "30")


def test_a_box_hears_202_until_the_broker_knows_it(
    est: Est, enrolling: Enrolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = "school-07"  # of the request
    token = enrolling.enrolments.invite(school, 1)
    headers = {"authorization": basic(school, token), "content-type": "application/pkcs10"}
    question = asked("simpleenroll", request(), **headers)

    def away(*_: object) -> bool:
        raise OSError("no way to the broker")

    with monkeypatch.context() as broken:
        broken.setattr(est_answers.admin, "add_school", away)
        answered = est.answer(question)
        assert (answered.status, answered.headers["Retry-After"]) == (202, "5")
    assert est.answer(question).status == 200
    assert len(enrolling.enrolments.certificates(school)) == 1


@pytest.mark.parametrize(
    "given", ["", "Basic", "Basic !", "Basic YWJj", "Bearer YTpi", "Basic /w==", "Basic YTpi YTpi"]
)
def test_what_names_nobody_is_nobody(given: str) -> None:
    assert est_answers._basic(given) == ("", "")


def test_a_user_and_a_password_are_read() -> None:
    assert est_answers._basic("basic YTpiOmM=") == ("a", "b:c")
