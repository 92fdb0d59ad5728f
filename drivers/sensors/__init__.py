"""Fire panels and smoke sensors."""
