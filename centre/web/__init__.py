"""The desk: a page of the centre on which operators, the police and schools' responsible persons see incidents.

Wire      HTTP, HTML and server-sent events, for a browser; docs/desk.md
Not       what an incident is, and who is told: the box decides, centre/incidents.py reads
"""
