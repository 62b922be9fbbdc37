"""Column kinds with the house's habits: nothing has a silent default, null is always said.

Piccolo would store '' or 0 for a forgotten value and give foreign keys ON DELETE CASCADE; here a
forgotten value is an error in PostgreSQL, and parents with children cannot be deleted.
"""

from enum import StrEnum
from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.constraints import Check
from piccolo.table import Table


def key() -> UUID:
    """The UUIDv7 primary key, always made in Python."""
    return UUID(primary_key=True, default=None, null=False)


def uuid(*, null: bool = False, index: bool = False, unique: bool = False) -> UUID:
    return UUID(default=None, null=null, index=index, unique=unique)


def text(length: int, *, null: bool = False, index: bool = False, unique: bool = False) -> Varchar:
    """Text with a limit; what is longer was refused at the door."""
    return Varchar(length=length, default=None, null=null, index=index, unique=unique)


def text_key(length: int) -> Varchar:
    return Varchar(length=length, primary_key=True, default=None, null=False)


def moment(*, null: bool = False, index: bool = False) -> Timestamptz:
    """Aware UTC."""
    return Timestamptz(default=None, null=null, index=index)


def day(*, null: bool = False) -> Date:
    """A Shanghai date."""
    return Date(default=None, null=null)


def whole(*, null: bool = False) -> Integer:
    return Integer(default=None, null=null)


def small(*, null: bool = False, default: int | None = None) -> SmallInt:
    """A small number; a default is only for what was added to a table that holds rows."""
    return SmallInt(default=default, null=null)


def big(*, null: bool = False) -> BigInt:
    return BigInt(default=None, null=null)


def real(*, null: bool = False) -> DoublePrecision:
    return DoublePrecision(default=None, null=null)


def yes_no(*, null: bool = False, default: bool | None = None) -> Boolean:
    """Yes or no; a default is only for what was added to a table that holds rows."""
    return Boolean(default=default, null=null)


def json(*, null: bool = False) -> JSONB:
    """Structured facts; written and read as msgspec-encoded text."""
    return JSONB(default=None, null=null)


def blob(*, null: bool = False) -> Bytea:
    return Bytea(default=None, null=null)


def to(table: type[Table] | str, *, null: bool = False, index: bool = True) -> Any:
    """A reference that holds its parent: deleting a parent with children is refused."""
    return ForeignKey(
        table,
        default=None,
        null=null,
        index=index,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.restrict,
    )


def one_of(column: str, words: type[StrEnum]) -> Check:
    """The states that a column may hold, checked by PostgreSQL too."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return Check(f'"{column}" IN ({listed})')
