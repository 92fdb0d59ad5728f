"""A reading's picture in its forms, and what the record of a sealed one says."""

from __future__ import annotations

import hashlib

from agent.age import fingerprint
from agent.datasets import Recipients
from agent.evidence.picture import Form, Picture, forms, sealed
from agent.model import Moment, Severity
from tests.agent.evidence.pictures import DESK, DESK_IDENTITY, RECIPIENT, change, jpeg, opened


def test_every_form_has_its_circle_in_the_reference_data() -> None:
    assert {form.value for form in Form} == set(Recipients.__struct_fields__) - {"support"}


def test_the_forms_that_there_are_the_smaller_one_first() -> None:
    plain, small = jpeg(900), jpeg(90)
    assert list(forms(change(plain, blurred=small))) == [(Form.BLURRED, small), (Form.SNAPSHOT, plain)]
    assert list(forms(change(plain))) == [(Form.SNAPSHOT, plain)]
    assert list(forms(change(b"", blurred=small))) == [(Form.BLURRED, small)]
    assert list(forms(change(b""))) == []


def test_the_record_tells_sizes_hashes_and_for_whom() -> None:
    content = jpeg(900)
    picture = Picture("id", "gate", Form.BLURRED, Severity.WARN, content, Moment(1, 2, synced=True))
    file, record = sealed(picture, [DESK, RECIPIENT])
    assert opened(file, DESK_IDENTITY) == opened(file) == content
    assert (record.kind, record.bytes, record.plain_bytes) == ("blurred", len(file), 900)
    assert record.sha256 == hashlib.sha256(file).hexdigest()
    assert record.plain_sha256 == hashlib.sha256(content).hexdigest()
    assert record.recipients == [fingerprint(DESK), fingerprint(RECIPIENT)]
