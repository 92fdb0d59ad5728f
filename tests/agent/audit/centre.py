"""The centre's database with a made ledger in it, as its receivers leave it."""

from __future__ import annotations

from agent.ledger.note import parse_checkpoint, unverified_text
from bench.ledger_year import Ledger
from centre.database import open_database


def fill(url: str, made: Ledger) -> None:
    """Events, filed leaves, checkpoints."""
    database = open_database(url)
    with database.transaction():
        key = (made.school, made.key.public, 1)
        database.execute("insert into school (name, key, added_ns) values (?, ?, ?) on conflict do nothing", key)
        sql = "insert into stream (school, epoch, lane, events) values (?, ?, 'record', ?) returning id"
        ((stream,),) = database.execute(sql, (made.school, made.epoch, len(made.events)))
        places = [(stream, sequence_of(event), event) for event in made.events]
        database.insert_events([(*place, "type", "time", 0, event.decode()) for *place, event in places])
        database.execute_many(
            "insert into ledger_leaf (school, epoch, idx, stream, sequence, entry_hash) values (?, ?, ?, ?, ?, ?)",
            [
                (made.school, made.epoch, index, place[0], place[1], hash_)
                for index, (place, hash_) in enumerate(zip(places, made.hashes, strict=True))
            ],
        )
        database.execute_many(
            "insert into ledger_checkpoint (school, epoch, stream, sequence, size, root, note, verdict, received_ns) "
            "values (?, ?, ?, ?, ?, ?, ?, 'verified', 0)",
            [
                (made.school, made.epoch, stream, sequence, head.size, head.root, note)
                for note, sequence in made.notes
                for head in (parse_checkpoint(unverified_text(note)),)
            ],
        )
    database.close()


def sequence_of(event: bytes) -> int:
    return int(event.partition(b'"sequence":"')[2][:19])
