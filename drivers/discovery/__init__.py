"""What is plugged in or answers on the wires: one file per kind, for `mektep discover`."""
