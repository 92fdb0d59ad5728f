"""Secrets for drivers under test: none, or some by name."""

from __future__ import annotations

from drivers.driver import Secret, Secrets, not_stored


def no_secrets(name: str) -> Secret:
    raise not_stored(name)


def any_secret(name: str) -> Secret:
    """Where it does not matter which: a key of 16 bytes."""
    return Secret("00" * 16)


def these_secrets(**known: str | Secret) -> Secrets:
    """By their names; a plain text is a secret that was never changed."""

    def secrets(name: str) -> Secret:
        found = known.get(name)
        return no_secrets(name) if found is None else Secret(found) if isinstance(found, str) else found

    return secrets
