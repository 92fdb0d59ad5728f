"""The closed list of orders: what the centre may ask of a box, and nothing else. docs/protocol.md, section 6."""

from __future__ import annotations

ORDERS: dict[str, str] = {  # name -> where it is carried out
    "ping": "agent/sync/order_book.py",
    "status": "agent/sync/order_book.py",
    "pace": "agent/sync/order_book.py",
    "resend": "agent/sync/order_book.py",
    "reference.reload": "agent/sync/order_book.py",
    "incident.report": "agent/incidents/orders.py",
    "incident.answer": "agent/incidents/orders.py",
    "drill": "agent/incidents/orders.py",
    "live.start": "agent/live/orders.py",
    "live.keep": "agent/live/orders.py",
    "live.stop": "agent/live/orders.py",
    "camera.snapshot": "agent/live/orders.py",
    "config.apply": "agent/ops/box_orders.py",
    "restart": "agent/ops/box_orders.py",
    "bundle": "agent/ops/bundle_order.py",
    "reader.test": "agent/ops/box_orders.py",
    "update": "agent/updates/order.py",
}

# What waits for what (agent/sync/order_desk.py): orders of one group one after the other, of `ASIDE` several at once.
ALARMS = frozenset({"incident.report", "incident.answer", "drill"})
BOX = frozenset({"config.apply", "restart", "update"})  # what a restart ends, it must not overtake
ASIDE = frozenset({"bundle", "camera.snapshot", "reader.test", "reference.reload", "resend"})  # what may take seconds
