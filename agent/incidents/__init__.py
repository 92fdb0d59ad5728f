"""Incidents: from the first sign of something to the person who answers for it, and to its end."""
