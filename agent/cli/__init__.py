"""The command mektep: one file per command."""
