"""Matters that go to other systems and come from them: handovers, the province's orders."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from grid.partners import handover_reading, handover_steps, handovers, reading
from grid.partners.types import (
    Direction,
    DoHandover,
    HandOver,
    HandoverEvent,
    HandoverFilter,
    HandoverState,
    HandoverView,
    PartnerOrderFilter,
    PartnerOrderView,
)
from mobile_api.parameters import Cursor, IdempotencyKey, Limit, StaffRequest

_VERBS = {
    event.value: event
    for event in (HandoverEvent.ACCEPT, HandoverEvent.REMIND, HandoverEvent.RETURN)
}

State: TypeAlias = Annotated[
    str,
    QueryParameter(
        name="state",
        pattern=f"^(open|all|{'|'.join(HandoverState)})$",
        description="a state, `open` for what was not returned, or `all`",
    ),
]


class HandoverController(Controller):
    path = "/handovers"
    tags = ("partners",)

    @get()
    async def list_handovers(
        self,
        request: StaffRequest,
        direction: Annotated[Direction | None, QueryParameter()] = None,
        of_state: State = "open",
        ticket_id: Annotated[UUID | None, QueryParameter()] = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[HandoverView]:
        """Handovers to and from the government's grid, newest first."""
        wanted = HandoverFilter(
            direction=direction, state=of_state, ticket_id=ticket_id, cursor=cursor, limit=limit
        )
        return await handover_reading.handovers(request.user, wanted)

    @post()
    async def make(
        self,
        request: StaffRequest,
        data: JSONBody[HandOver],
        idempotency_key: IdempotencyKey = None,
    ) -> HandoverView:
        """Hand a ticket over, or take a matter that the government's grid hands to us."""
        return await once(
            request.user.subject,
            idempotency_key,
            "handovers.make",
            data,
            lambda: handovers.hand_over(request.user, data),
            HandoverView,
        )

    @get("/{handover_id:uuid}")
    async def show(self, request: StaffRequest, handover_id: FromPath[UUID]) -> HandoverView:
        """One handover with its paper trail."""
        return await handover_reading.handover(request.user, handover_id)

    @post("/{handover_id:uuid}/{verb:str}", status_code=200)
    async def take_step(
        self,
        request: StaffRequest,
        handover_id: FromPath[UUID],
        verb: FromPath[str],
        data: JSONBody[DoHandover],
        idempotency_key: IdempotencyKey = None,
    ) -> HandoverView:
        """One step: accept remind return."""
        event = _VERBS.get(verb)
        if event is None:
            raise NotFound("没有这个操作")
        return await once(
            request.user.subject,
            idempotency_key,
            f"handovers.{verb}:{handover_id}",
            data,
            lambda: handover_steps.take_handover_step(request.user, handover_id, event, data),
            HandoverView,
        )


@get("/partner-orders", tags=["partners"])
async def partner_orders(
    request: StaffRequest,
    number: Annotated[str | None, QueryParameter(max_length=40)] = None,
    troubled: Annotated[bool, QueryParameter()] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[PartnerOrderView]:
    """Orders of the province's 95598 with what it was told; `troubled`: refused or chased."""
    wanted = PartnerOrderFilter(number=number, troubled=troubled, cursor=cursor, limit=limit)
    return await reading.partner_orders(request.user, wanted)
