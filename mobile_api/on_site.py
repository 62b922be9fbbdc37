"""On site: evidence, proofs of arrival, check-ins, calls for help and who answers them."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from grid.evidence.types import AttachEvidence, EvidenceView
from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.work_orders.on_site import arrival, arrival_flags, safety
from grid.work_orders.on_site import evidence as site_evidence
from grid.work_orders.types import (
    AnswerAlarm,
    ArrivalFlagView,
    OnSite,
    ProveArrival,
    SafetyAlarmView,
    WorkOrderView,
)
from mobile_api.parameters import Cursor, IdempotencyKey, Limit, StaffRequest


class OnSiteController(Controller):
    path = "/work-orders/{work_order_id:uuid}"
    tags = ("work orders",)

    @get("/evidence")
    async def evidence(
        self, request: StaffRequest, work_order_id: FromPath[UUID]
    ) -> Page[EvidenceView]:
        """What was attached to a job, as far as I may see it."""
        items = await site_evidence.evidence_of(request.user, work_order_id)
        return Page(items=items, next=None)

    @post("/evidence")
    async def attach(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[AttachEvidence],
        idempotency_key: IdempotencyKey = None,
    ) -> EvidenceView:
        """Attach a declared file; its bytes may come later over `/blobs`."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.evidence:{work_order_id}",
            data,
            lambda: site_evidence.attach_evidence(request.user, work_order_id, data),
            EvidenceView,
        )

    @post("/prove", status_code=200)
    async def prove(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[ProveArrival],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """Prove my arrival by the customer's code or the meter's number; a wrong code counts."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.prove:{work_order_id}",
            data,
            lambda: arrival.prove_arrival(request.user, work_order_id, data),
            WorkOrderView,
        )

    @post("/check-in", status_code=200)
    async def check_in(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[OnSite],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """I am alone on site and all is well."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.check-in:{work_order_id}",
            data,
            lambda: safety.check_in(request.user, work_order_id, data),
            WorkOrderView,
        )

    @post("/sos")
    async def sos(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[OnSite],
        idempotency_key: IdempotencyKey = None,
    ) -> SafetyAlarmView:
        """Help: the dispatcher is paged at once."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.sos:{work_order_id}",
            data,
            lambda: safety.raise_sos(request.user, work_order_id, data),
            SafetyAlarmView,
        )

    @post("/sos/answer", status_code=200)
    async def answer(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[AnswerAlarm],
        idempotency_key: IdempotencyKey = None,
    ) -> list[SafetyAlarmView]:
        """What was found and done: the open alarms of the job are answered."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.sos.answer:{work_order_id}",
            data,
            lambda: safety.answer_alarms(request.user, work_order_id, data),
            list[SafetyAlarmView],
        )


@get("/safety-alarms", tags=["work orders"])
async def safety_alarms(request: StaffRequest) -> Page[SafetyAlarmView]:
    """Calls for help and missed check-ins that nobody answered yet, the oldest first."""
    return Page(items=await safety.open_alarms(request.user), next=None)


@get("/arrival-flags", tags=["work orders"])
async def doubtful_arrivals(
    request: StaffRequest, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
) -> Page[ArrivalFlagView]:
    """Arrivals of two people that look alike, where I supervise, newest first."""
    return await arrival_flags.arrival_flags(request.user, cursor, limit)
