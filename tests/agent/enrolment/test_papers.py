"""Certificate and key change together or not at all, and older ones go."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.enrolment.certificate import pem
from agent.enrolment.errors import EnrolmentError
from agent.enrolment.papers import Papers
from centre import pki

URI = "urn:mektep:identity:x"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    pki.make_authority(folder)
    return folder


def renew(papers: Papers, authority: Path, token: str = "") -> bytes:
    key = papers.next_key()
    private = serialization.load_pem_private_key(key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    certificate = pki.issue_to_box(authority, "school-07", private.public_key(), URI)
    papers.publish(pem(certificate), (authority / "ca.crt").read_bytes(), token)
    return key


def test_each_change_is_whole_and_the_one_before_is_kept(tmp_path: Path, authority: Path) -> None:
    papers = Papers(tmp_path / "pki")
    assert papers.kept() is None
    keys = [renew(papers, authority) for _ in range(4)]
    assert len(set(keys)) == 4
    assert papers.key.read_bytes() == keys[-1]
    kept = papers.kept()
    assert kept is not None
    assert kept.school == "school-07"
    assert sorted(path.name for path in papers.folder.iterdir() if path.name.isdecimal()) == ["0003", "0004"]
    assert (papers.folder / "0003/box.key").read_bytes() == keys[-2]
    assert papers.authority() == (authority / "ca.crt").read_bytes()


def test_what_the_centre_has_seen_goes_with_the_certificate(tmp_path: Path, authority: Path) -> None:
    papers = Papers(tmp_path / "pki")
    renew(papers, authority)
    assert not papers.was_shown()
    papers.note_shown()
    assert papers.was_shown()
    renew(papers, authority)
    assert not papers.was_shown()


def test_the_next_key_stays_until_it_is_used(tmp_path: Path, authority: Path) -> None:
    papers = Papers(tmp_path / "pki")
    assert papers.next_key() == papers.next_key()
    before = papers.next_key()
    papers.drop_next()
    assert papers.next_key() != before


def test_a_change_that_was_cut_off_is_finished(tmp_path: Path, authority: Path) -> None:
    papers = Papers(tmp_path / "pki")
    renew(papers, authority)
    key = renew(papers, authority)
    current = papers.folder / "current"
    current.unlink()
    current.symlink_to("0001")
    papers.certificate.unlink()
    papers.settle()
    assert papers.key.read_bytes() == key
    assert papers.certificate.exists()


def test_it_is_known_which_token_has_brought_it(tmp_path: Path, authority: Path) -> None:
    papers = Papers(tmp_path / "pki")
    assert not papers.was_given_for("a token")
    renew(papers, authority, "a token")
    assert papers.was_given_for("a token")
    assert not papers.was_given_for("another")
    renew(papers, authority)
    assert not papers.was_given_for("a token")


def test_files_that_do_not_fit_each_other_are_told(tmp_path: Path, authority: Path) -> None:
    papers = Papers(tmp_path / "pki")
    renew(papers, authority)
    other = Papers(tmp_path / "other")
    renew(other, authority)
    (papers.folder / "0001/box.key").write_bytes(other.key.read_bytes())
    with pytest.raises(EnrolmentError, match="N-106"):
        papers.kept()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "pki").write_text("no folder")
    with pytest.raises(EnrolmentError, match="N-108"):
        Papers(tmp_path / "pki").next_key()
