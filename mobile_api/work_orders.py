"""Jobs on the phone: lists, one job, its verbs, and who could do it."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.dispatch import service as dispatch
from grid.dispatch.types import CandidateView
from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from grid.work_orders import intake, reading, steps
from grid.work_orders.rules import RIGHT
from grid.work_orders.types import (
    AssignByHand,
    DoVerb,
    OpenWorkOrder,
    WorkOrderFilter,
    WorkOrderView,
)
from grid.work_orders.words import WorkOrderEvent, WorkOrderKind, WorkOrderState
from mobile_api.parameters import (
    Code,
    Cursor,
    IdempotencyKey,
    Limit,
    Near,
    Search,
    StaffRequest,
    place_of,
)

#: The verbs of `POST /work-orders/{id}/{verb}`; reassigning has its own body.
VERBS = {event.value: event for event in RIGHT if event is not WorkOrderEvent.REASSIGN}

Status: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        pattern=f"^(open|{'|'.join(state.value for state in WorkOrderState)})$",
        description="a state, or `open` for everything that is not over",
    ),
]
Kind: TypeAlias = Annotated[
    str | None, QueryParameter(pattern=f"^({'|'.join(kind.value for kind in WorkOrderKind)})$")
]
Verb: TypeAlias = FromPath[str]


class WorkOrderController(Controller):
    path = "/work-orders"
    tags = ("work orders",)

    @get()
    async def list_jobs(
        self,
        request: StaffRequest,
        status: Status = None,
        kind: Kind = None,
        grid: Code = None,
        mine: Annotated[bool, QueryParameter()] = False,
        near: Near = None,
        q: Search = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[WorkOrderView]:
        """Jobs that I may see, newest first; with `near`, the nearest first."""
        wanted = WorkOrderFilter(
            status=status,
            kind=kind,
            grid=grid,
            mine=mine,
            near=place_of(near),
            q=q,
            cursor=cursor,
            limit=limit,
        )
        return await reading.work_orders(request.user, wanted)

    @post()
    async def open_job(
        self,
        request: StaffRequest,
        data: JSONBody[OpenWorkOrder],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """Open a job of any kind: for an account, a place, or an open ticket."""
        return await once(
            request.user.subject,
            idempotency_key,
            "work_orders.open",
            data,
            lambda: intake.open_work_order(request.user, data),
            WorkOrderView,
        )

    @get("/{work_order_id:uuid}")
    async def show(self, request: StaffRequest, work_order_id: FromPath[UUID]) -> WorkOrderView:
        """One job with its history."""
        return await reading.work_order(request.user, work_order_id)

    @get("/{work_order_id:uuid}/candidates")
    async def candidates(
        self, request: StaffRequest, work_order_id: FromPath[UUID]
    ) -> list[CandidateView]:
        """Who could do it, ranked with terms; and why the others cannot."""
        return await dispatch.candidates(request.user, work_order_id)

    @post("/{work_order_id:uuid}/assign", status_code=200)
    async def assign(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[AssignByHand],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """A dispatcher's choice by hand."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.assign:{work_order_id}",
            data,
            lambda: dispatch.assign_by_hand(request.user, work_order_id, data),
            WorkOrderView,
        )

    @post("/{work_order_id:uuid}/{verb:str}", status_code=200)
    async def take_step(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        verb: Verb,
        data: JSONBody[DoVerb],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """One step: accept decline depart arrive start hold resume restore complete
        cannot-complete cancel close reopen reassign supervise comment schedule."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"work_orders.{verb}:{work_order_id}",
            data,
            lambda: _step(request, work_order_id, verb, data),
            WorkOrderView,
        )


async def _step(
    request: StaffRequest, work_order_id: UUID, verb: str, data: DoVerb
) -> WorkOrderView:
    if verb == WorkOrderEvent.REASSIGN:
        return await dispatch.reassign(request.user, work_order_id, data)
    event = VERBS.get(verb)
    if event is None:
        raise NotFound("没有这个操作")
    return await steps.take_step(request.user, work_order_id, event, data)
