"""Pauses of jobs and tickets: asked for in the field, decided outside the station."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from grid.clocks.types import DecidePause, PauseView, RequestPause, Subject
from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from grid.work_orders.times import pausing, priorities
from grid.work_orders.times.correction_reading import open_pauses, pauses_of_matter
from grid.work_orders.times.types import ChangePriority, OpenPauseView
from grid.work_orders.types import WorkOrderView
from mobile_api.parameters import IdempotencyKey, Limit, StaffRequest

_VERBS = {
    "approve": pausing.approve_pause,
    "refuse": pausing.refuse_pause,
    "end": pausing.end_pause,
}


class PauseController(Controller):
    tags = ("pauses",)

    @get("/work-orders/{work_order_id:uuid}/pauses")
    async def of_job(self, request: StaffRequest, work_order_id: FromPath[UUID]) -> Page[PauseView]:
        """The pauses of a job, the newest first."""
        found = await pauses_of_matter(request.user, Subject.WORK_ORDER, work_order_id)
        return Page(items=found)

    @get("/tickets/{ticket_id:uuid}/pauses")
    async def of_ticket(self, request: StaffRequest, ticket_id: FromPath[UUID]) -> Page[PauseView]:
        """The pauses of a ticket, the newest first."""
        return Page(items=await pauses_of_matter(request.user, Subject.TICKET, ticket_id))

    @post("/work-orders/{work_order_id:uuid}/pauses")
    async def ask_for_job(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[RequestPause],
        idempotency_key: IdempotencyKey = None,
    ) -> PauseView:
        """Let the clocks of a job stand still; some reasons wait for the county's approval."""
        return await _ask(request, Subject.WORK_ORDER, work_order_id, data, idempotency_key)

    @post("/tickets/{ticket_id:uuid}/pauses")
    async def ask_for_ticket(
        self,
        request: StaffRequest,
        ticket_id: FromPath[UUID],
        data: JSONBody[RequestPause],
        idempotency_key: IdempotencyKey = None,
    ) -> PauseView:
        """Let the clocks of a ticket stand still; some reasons wait for the county's approval."""
        return await _ask(request, Subject.TICKET, ticket_id, data, idempotency_key)

    @get("/pauses")
    async def waiting(
        self, request: StaffRequest, limit: Limit = LIMIT_DEFAULT
    ) -> Page[OpenPauseView]:
        """Pauses that wait for a decision, the longest waiting first."""
        return Page(items=await open_pauses(request.user, limit))

    @post("/pauses/{pause_id:uuid}/{verb:str}", status_code=200)
    async def decide(
        self,
        request: StaffRequest,
        pause_id: FromPath[UUID],
        verb: FromPath[str],
        data: JSONBody[DecidePause],
        idempotency_key: IdempotencyKey = None,
    ) -> PauseView:
        """approve, refuse or end."""
        act = _VERBS.get(verb)
        if act is None:
            raise NotFound("没有这个操作")
        return await once(
            request.user.subject,
            idempotency_key,
            f"pauses.{verb}:{pause_id}",
            data,
            lambda: act(request.user, pause_id, data),
            PauseView,
        )

    @post("/work-orders/{work_order_id:uuid}/priority", status_code=200)
    async def priority(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[ChangePriority],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """Another priority for a job, with other limits and the same start and pauses."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.priority:{work_order_id}",
            data,
            lambda: priorities.change_priority(request.user, work_order_id, data),
            WorkOrderView,
        )


async def _ask(
    request: StaffRequest,
    subject: Subject,
    subject_id: UUID,
    data: RequestPause,
    key: str | None,
) -> PauseView:
    return await once(
        request.user.subject,
        key,
        f"pauses.ask:{subject_id}",
        data,
        lambda: pausing.request_pause(request.user, subject, subject_id, data),
        PauseView,
    )
