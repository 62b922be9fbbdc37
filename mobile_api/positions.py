"""Where I am: batches of fixes from the phone."""

from litestar import post
from litestar.params import JSONBody

from grid.positions.service import report_positions
from grid.positions.types import PositionsTaken, ReportPositions
from mobile_api.parameters import StaffRequest


@post("/positions", status_code=200, tags=["positions"])
async def report(request: StaffRequest, data: JSONBody[ReportPositions]) -> PositionsTaken:
    """Store my positions; each fix once, and none outside a shift."""
    return await report_positions(request.user, data)
