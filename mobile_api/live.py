"""Live hints for the phone: server-sent events that say "read again"."""

from litestar import get
from litestar.response import Stream

from backend.http.live import HUB
from mobile_api.parameters import StaffRequest


@get("/live", tags=["live"], media_type="text/event-stream")
async def live_hints(request: StaffRequest) -> Stream:
    """Events `hint` {kind, work_order_id, version, …} and `resync`; comments keep it open."""
    return Stream(
        await HUB.stream(request.user),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
