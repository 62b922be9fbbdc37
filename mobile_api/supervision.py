"""Supervision orders on the phone: what waits for an answer, and the answers."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from grid.supervision import reading, service
from grid.supervision.rules import VERBS
from grid.supervision.types import (
    Cause,
    DoSupervision,
    Level,
    OpenSupervision,
    OrderState,
    SupervisionFilter,
    SupervisionView,
)
from mobile_api.parameters import Code, Cursor, IdempotencyKey, Limit, StaffRequest

_VERBS = {event.value: event for event in VERBS}

State: TypeAlias = Annotated[
    str,
    QueryParameter(
        name="state",
        pattern=f"^(all|{'|'.join(OrderState)})$",
        description="a state, or `all`; else `open`",
    ),
]


class SupervisionController(Controller):
    path = "/supervision-orders"
    tags = ("supervision",)

    @get()
    async def list_orders(
        self,
        request: StaffRequest,
        level: Annotated[Level | None, QueryParameter()] = None,
        order_state: State = OrderState.OPEN.value,
        cause: Annotated[Cause | None, QueryParameter()] = None,
        mine: Annotated[bool, QueryParameter()] = False,
        late: Annotated[bool, QueryParameter()] = False,
        grid: Code = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[SupervisionView]:
        """Orders I may see, the earliest answer limit first; `mine`: those that wait for me."""
        wanted = SupervisionFilter(
            level=level,
            state=order_state,
            cause=cause,
            mine=mine,
            late=late,
            grid=grid,
            cursor=cursor,
            limit=limit,
        )
        return await reading.supervision_orders(request.user, wanted)

    @post()
    async def open_order(
        self,
        request: StaffRequest,
        data: JSONBody[OpenSupervision],
        idempotency_key: IdempotencyKey = None,
    ) -> SupervisionView:
        """Ask about a job or a ticket by hand."""
        return await once(
            request.user.subject,
            idempotency_key,
            "supervision.open",
            data,
            lambda: service.open_supervision(request.user, data),
            SupervisionView,
        )

    @get("/{order_id:uuid}")
    async def show(self, request: StaffRequest, order_id: FromPath[UUID]) -> SupervisionView:
        """One order with who is asked and its history."""
        return await reading.supervision_order(request.user, order_id)

    @post("/{order_id:uuid}/{verb:str}", status_code=200)
    async def take_step(
        self,
        request: StaffRequest,
        order_id: FromPath[UUID],
        verb: FromPath[str],
        data: JSONBody[DoSupervision],
        idempotency_key: IdempotencyKey = None,
    ) -> SupervisionView:
        """One step: answer close reject comment; always with words."""
        event = _VERBS.get(verb)
        if event is None:
            raise NotFound("没有这个操作")
        return await once(
            request.user.subject,
            idempotency_key,
            f"supervision.{verb}:{order_id}",
            data,
            lambda: service.take_supervision_step(request.user, order_id, event, data),
            SupervisionView,
        )
