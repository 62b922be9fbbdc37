"""Parameters that several screens share."""

from typing import Annotated, Any, TypeAlias

from litestar import Request
from litestar.params import HeaderParameter, QueryParameter

from grid.geography.types import Place
from grid.kit.pages import LIMIT_MAX
from grid.kit.refusals import Invalid
from grid.territory.types import StaffActor

#: A request of somebody who is signed in.
StaffRequest: TypeAlias = Request[StaffActor, Any, Any]

IdempotencyKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="Made by the client, one for each intended effect; sent again on a retry.",
    ),
]
Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
Cursor: TypeAlias = Annotated[str | None, QueryParameter(max_length=400)]
Search: TypeAlias = Annotated[str | None, QueryParameter(min_length=1, max_length=60)]
Near: TypeAlias = Annotated[
    str | None,
    QueryParameter(max_length=50, description="`lat,lon` in WGS-84: the nearest first"),
]
Code: TypeAlias = Annotated[str | None, QueryParameter(max_length=20)]


def place_of(near: str | None) -> Place | None:
    """`lat,lon` as a place. Raises Invalid naming `near`."""
    if near is None:
        return None
    try:
        lat, lon = near.split(",")
        return Place(lat=float(lat), lon=float(lon))
    except ValueError as error:
        raise Invalid("near", "应为 纬度,经度,例如 29.89,110.03") from error
