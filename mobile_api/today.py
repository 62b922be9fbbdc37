"""The first screen of the day: my open jobs, danger first, then by the next limit."""

from datetime import datetime

import msgspec
from litestar import get

from grid.kit.clock import business_now
from grid.work_orders import reading
from grid.work_orders.types import WorkOrderView
from mobile_api.parameters import StaffRequest


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """`as_of` is business time: limits are to be compared with it, not with the phone's clock."""

    as_of: datetime
    items: list[WorkOrderView]
    next: None = None


@get("/today", tags=["work orders"])
async def today(request: StaffRequest) -> Today:
    """My worklist with its clocks."""
    return Today(as_of=await business_now(), items=await reading.today(request.user))
