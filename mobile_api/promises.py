"""What a customer was told about a ticket, and whether it came true."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath

from grid.kit.pages import Page
from grid.notices.types import PromiseView
from grid.work_orders.times.promising import ticket_promises
from mobile_api.parameters import StaffRequest


@get("/tickets/{ticket_id:uuid}/promises", tags=["tickets"])
async def promises_of_ticket(request: StaffRequest, ticket_id: FromPath[UUID]) -> Page[PromiseView]:
    """Every time told about a ticket, its source, and whether it was kept."""
    return await ticket_promises(request.user, ticket_id)
