"""The rules of a school: what a reading means."""
