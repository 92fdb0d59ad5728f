"""Orders about incidents as anybody may have written them: refused, or what the box tells of them is sound."""

from __future__ import annotations

import msgspec

from agent.incidents import signs
from agent.incidents.answers import ANSWERS
from agent.incidents.orders import AnswerArgs, DrillArgs, ReportArgs
from agent.incidents.steps import By, answer
from agent.sync.orders import BadArgs, args_of
from agent.sync.topics import Order
from tests.agent.incidents.house import House
from tests.fuzz.target import Target, shown_safely

ID = "00000000-0000-4000-8000-000000000000"


def order(data: bytes) -> None:
    """Arguments of each order, in JSON."""
    try:
        args = msgspec.json.decode(data, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    given = Order(order="", school="", epoch=ID, number=1, issued="", expires="", args=args)
    house = House()
    for type_ in (ReportArgs, DrillArgs, AnswerArgs):
        try:
            found: msgspec.Struct = args_of(given, type_)
        except BadArgs:
            continue
        _carried_out(house, found)
    for event in house.events():
        assert len(event.get("place", "")) <= 64
        for name in ("place", "report", "reason"):
            shown_safely(event.get(name, ""))


def _carried_out(house: House, args: msgspec.Struct) -> None:
    if isinstance(args, ReportArgs):
        house.saw(
            signs.reported(
                args.kind, args.place, args.incident, args.report, house.now, certain=args.certain, drill=args.drill
            )
        )
    elif isinstance(args, DrillArgs):
        house.saw(signs.drilled(args.kind, args.place, ID, house.now))
    elif isinstance(args, AnswerArgs):
        by = By(channel="centre", staff=args.by, role=args.role or "")
        answer(house.transaction, house.scene, args.incident, ANSWERS[args.answer], by, args.reason)


TARGETS = {
    "incidents, orders": Target(
        order,
        [
            b'{"incident":"%s","kind":"bullying","place":"Yard  2","certain":true,"report":"r-1"}' % ID.encode(),
            b'{"incident":"%s","answer":"dismissed","by":"aaaaaaaaaaaaaaaa","reason":"play"}' % ID.encode(),
            b'{"incident":"%s","answer":"closed\\n","role":"city","reason":"play\\n"}' % ID.encode(),
            b'{"incident":"%s\\n","kind":"fire","report":"r\\n"}' % ID.encode(),
            b'{"kind":"fire","place":"\\u0000\\u202e hall"}',
            b'{"kind":"fire","place":"' + "Ё".encode() * 64 + b'"}',
            b'{"incident":"%s","kind":"fight","report":"\\u0000"}' % ID.encode(),
            b"[" * 5_000,
        ],
    )
}
