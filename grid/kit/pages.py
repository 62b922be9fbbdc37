"""Lists come in pages: bounded, with an opaque cursor that says where the last page ended."""

import base64
import binascii
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from grid.kit.refusals import Invalid

#: The largest page any list gives.
LIMIT_MAX = 200
#: The page a list gives when nobody says how long.
LIMIT_DEFAULT = 50

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a list; `next` is null on the last one."""

    items: list[T]
    next: str | None = None


def encode_cursor(*values: str | int | float) -> str:
    """The sort values of a page's last row, as text for a query string."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def decode_cursor(cursor: str, types: type[T]) -> T:
    """The values of a cursor. Raises Invalid naming `cursor` when it is not one of ours."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=types)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise Invalid("cursor", "翻页位置无效,请从第一页重新开始") from error


def page_of(items: Sequence[T], limit: int, cursor: str | None) -> Page[T]:
    """Cut a result that was asked for with `limit + 1` rows into a page."""
    shown = list(items[:limit])
    return Page(items=shown, next=cursor if len(items) > limit else None)
