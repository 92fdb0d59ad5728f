"""The commands `evidence` and `reference` of mektep-centre; centre/cli.py lists them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import msgspec

from centre import admin, age, keys, reference
from centre.commands import ATTENTION, WELL, must_be_known, open_store
from centre.custody import Custody
from centre.errors import CentreError
from centre.evidence import EvidenceStore, Known
from centre.people import author
from centre.plain import plain
from centre.school.datasets import SEALED
from centre.settings import load_settings
from centre.store import Store

BOX_CHARS = 64
CIRCLES = ("snapshot", "blurred", "support")  # of the dataset recipients


def evidence_list(args: argparse.Namespace) -> int:
    """1 if something is lost."""
    store = open_store(load_settings(args.config))
    if args.school:
        must_be_known(store, args.school)
    found = EvidenceStore(store.database).known(args.school or "")
    Custody(store.database).note(author(None), args.school or "", "", "listed", "")
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        for one in found:
            print(_line(one))
    return ATTENTION if any(one.state == "lost" for one in found) else WELL


def _line(one: Known) -> str:
    state = f"{one.state} {_shown(one.reason)}".strip()
    share = f"{one.stored}/{one.bytes}" if one.state == "partial" else f"{one.bytes}"
    kind = _shown(one.kind) or "?"
    return f"{one.id}  {one.school}  {_shown(one.camera) or '?'}  {one.at or '?'}  {kind}  {state}  {share} bytes"


def _shown(text: str) -> str:
    """A box's own words: they cannot move the cursor, and have an end."""
    return plain(text[:BOX_CHARS])


def evidence_get(args: argparse.Namespace) -> int:
    """The sealed file, or with a key what it shows. What is written stands in the custody log before."""
    store = open_store(load_settings(args.config))
    found = EvidenceStore(store.database).sealed(args.id, args.school or "")
    if not found:
        do = "`mektep-centre evidence list` names the whole ones."
        raise CentreError("K-124", f"no whole file has the id {args.id}", do=do)
    if len(found) > 1:
        raise CentreError("K-124", f"{len(found)} schools have a file with this id", do="Say which with --school.")
    school, sealed = found[0]
    what = "opened" if args.identity else "downloaded"
    who = author(args.author)
    Custody(store.database).note(who, school, args.id, what, args.reason)  # also a key that does not fit was tried
    content = age.open_sealed(sealed, args.identity) if args.identity else sealed
    if str(args.out) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        _write(args.out, content)
        print(f"{args.out}: {len(content)} bytes, {'opened' if args.identity else 'sealed'}.")
    return WELL


def _write(path: Path, content: bytes) -> None:
    """A child's picture is for its owner's eyes; what is there is not overwritten."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)


def reference_data(args: argparse.Namespace) -> int:
    """Publish a dataset, or show what is published."""
    settings = load_settings(args.config)
    store = open_store(settings)
    must_be_known(store, args.school)
    published = reference.Published(store.database)
    if args.dataset is None:
        return _show(store, published, args.school)
    if args.dataset in SEALED:
        do = f"Load its files, and publish: `mektep-centre school-data publish {args.school}`."
        raise CentreError("K-140", f"{args.dataset} is made from the school's data, and sealed", do=do)
    version, former = published.newest(args.school, args.dataset)
    content = _content(args, former)
    if content is None:
        if not version:
            do = f"Publish it: `mektep-centre reference {args.school} {args.dataset} FILE`."
            raise CentreError("K-125", f"{args.dataset} was never published for {args.school}", do=do)
        print(former.decode())
        return WELL
    reference.check(args.dataset, content)
    version = reference.next_version(version)
    key = keys.orders_key(settings.file("."))
    told = reference.messages(key, args.school, args.dataset, version, content, reference.part_names(former))
    admin.publish_retained(settings, [(one.topic, one.payload, one.user) for one in told])
    published.note(args.school, args.dataset, version, content)
    print(f"{args.dataset} of {args.school} is published: version {version}.")
    return WELL


def _content(args: argparse.Namespace, former: bytes) -> bytes | None:
    """What is to be published; None: nothing. `former`: what was."""
    circles = {name: given for name in CIRCLES if (given := getattr(args, name)) is not None}
    if not circles:
        return bytes(args.file.read_bytes()) if args.file else None
    if args.dataset != "recipients" or args.file:
        option = next(iter(circles))
        raise CentreError("K-123", f"--{option} is for `recipients`, without a file", do="Leave one of them out.")
    for one in [one for given in circles.values() for one in given]:
        if not age.usable(one):
            do = "Copy the line `public key` that age-keygen prints."
            raise CentreError("K-123", f"{one} is no age recipient", do=do)
    nobody: dict[str, list[str]] = {"snapshot": [], "blurred": []}
    return msgspec.json.encode(nobody | (msgspec.json.decode(former) if former else {}) | circles)


def _show(store: Store, published: reference.Published, school: str) -> int:
    """1 if the box does not hold what is published."""
    given, held = published.versions(school), store.datasets_of(school)
    for dataset, version in given.items():
        box = held.get(dataset, "none")
        print(
            f"{dataset}  version {version}  {'held by the box' if box == version else f'the box holds {_shown(box)}'}"
        )
    return WELL if all(held.get(dataset) == version for dataset, version in given.items()) else ATTENTION
