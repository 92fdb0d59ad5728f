"""The last day's ends of the agent, as the history has them; a database that cannot be read is another check's."""

from __future__ import annotations

from pathlib import Path

from agent import db
from agent.doctor.history import last_day, life
from agent.history.rows import Part
from tests.agent.doctor.boxes import NOW_NS, box, configured, told

ROW = """
insert into history (part, name, state, code, what, advice, port, boot, at_ns, first_ns, times, clock_ok)
values (?, '', ?, '', ?, '', '', '', ?, ?, 1, 1)
"""


def test_a_power_cut_and_a_fall_are_told_for_a_day(tmp_path: Path) -> None:
    site = configured(tmp_path)
    assert told(life(site)) == ["ok"]
    connection = db.connect(site.places.database)
    for part, state, what, ago_s in (
        ("agent", "power", "", 60),
        ("agent", "killed", "", 90_000),
        ("clock", "set", "+99", 5),
    ):
        at_ns = NOW_NS - ago_s * 10**9
        connection.execute(ROW, (part, state, what, at_ns, at_ns))
    connection.close()
    assert told(life(site)) == ["note H-155"]
    assert "H-133" in [one.code for one in last_day(site, Part.CLOCK)]


def test_what_cannot_be_read_is_not_told_twice(tmp_path: Path) -> None:
    site = configured(tmp_path)
    site.places.database.write_bytes(b"x" * 8_192)
    assert told(life(site)) == ["ok"]
    assert told(life(box(tmp_path))) == ["ok"]
