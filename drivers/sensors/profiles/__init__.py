"""Panels and detectors as data: which registers to read, and what their codes mean. The next panel is a file."""
