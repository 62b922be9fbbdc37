"""Identifiers that sort by the time they were made (UUIDv7, RFC 9562)."""

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A new UUIDv7, made in Python so that PostgreSQL below 18 serves too."""
    return uuid.UUID(int=uuid_utils.uuid7().int)
