"""Identifiers that sort by the time they were made (UUIDv7, RFC 9562)."""

import uuid
from datetime import datetime

import uuid_utils


def new_id() -> uuid.UUID:
    """A new UUIDv7, made in Python so that PostgreSQL below 18 serves too."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def id_floor(moment: datetime) -> uuid.UUID:
    """The least UUID whose first 48 bits say `moment` (aware): ids below it are older."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)
