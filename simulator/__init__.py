"""The far side of every wire: devices on ptys and sockets, the link, the broker, the centre's processes, and their
faults.

Imports neither agent nor drivers nor centre: it starts them as processes and speaks to them over their wires and
commands.
"""
