"""Tickets of every kind: lists, intake, steps, callbacks, ratings, and what only auditors read."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.evidence.types import AttachEvidence, EvidenceView
from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from grid.work_orders.tickets import callbacks, ratings, sealed
from grid.work_orders.tickets import evidence as ticket_evidence
from grid.work_orders.tickets import reading as ticket_reading
from grid.work_orders.tickets.forms import FIELDS, FormField
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.rules import TICKET_RIGHT
from grid.work_orders.tickets.steps import take_ticket_step
from grid.work_orders.tickets.types import (
    CallbackView,
    DoTicketVerb,
    RatingView,
    ReadAuthor,
    SealedAuthorView,
    SealedLookupView,
    StaffTicketView,
    TakeTicket,
    TicketFilter,
    TicketView,
)
from grid.work_orders.words import TicketKind, TicketState
from mobile_api.parameters import Code, Cursor, IdempotencyKey, Limit, Search, StaffRequest

#: The verbs of `POST /tickets/{id}/{verb}`.
VERBS = {event.value: event for event in TICKET_RIGHT}

Status: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        pattern=f"^(open|{'|'.join(state.value for state in TicketState)})$",
        description="a state, or `open` for everything that is not over",
    ),
]
Kind: TypeAlias = Annotated[
    str | None, QueryParameter(pattern=f"^({'|'.join(kind.value for kind in TicketKind)})$")
]


class TicketController(Controller):
    path = "/tickets"
    tags = ("tickets",)

    @get()
    async def list_tickets(
        self,
        request: StaffRequest,
        status: Status = None,
        kind: Kind = None,
        grid: Code = None,
        station: Code = None,
        mine: Annotated[bool, QueryParameter()] = False,
        late: Annotated[bool, QueryParameter()] = False,
        q: Search = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[StaffTicketView]:
        """Tickets that I may see, newest first; never one that is about me."""
        wanted = TicketFilter(
            status=status,
            kind=kind,
            grid=grid,
            station=station,
            mine=mine,
            late=late,
            q=q,
            cursor=cursor,
            limit=limit,
        )
        return await ticket_reading.tickets(request.user, wanted)

    @post()
    async def take(
        self,
        request: StaffRequest,
        data: JSONBody[TakeTicket],
        idempotency_key: IdempotencyKey = None,
    ) -> TicketView:
        """Take a matter of any kind; the author of a tip-off is sealed at once."""
        return await once(
            request.user.subject,
            idempotency_key,
            "tickets.take",
            data,
            lambda: take_ticket(request.user, data),
            TicketView,
        )

    @get("/forms")
    async def forms(self) -> dict[str, list[FormField]]:
        """What each kind asks, as data that a page draws."""
        return {kind.value: list(fields) for kind, fields in FIELDS.items()}

    @get("/{ticket_id:uuid}")
    async def show(self, request: StaffRequest, ticket_id: FromPath[UUID]) -> StaffTicketView:
        """One ticket with its history."""
        return await ticket_reading.ticket(request.user, ticket_id)

    @get("/{ticket_id:uuid}/evidence")
    async def evidence(
        self, request: StaffRequest, ticket_id: FromPath[UUID]
    ) -> list[EvidenceView]:
        """What was attached to a ticket."""
        return await ticket_evidence.evidence_of(request.user, ticket_id)

    @post("/{ticket_id:uuid}/evidence")
    async def attach(
        self,
        request: StaffRequest,
        ticket_id: FromPath[UUID],
        data: JSONBody[AttachEvidence],
        idempotency_key: IdempotencyKey = None,
    ) -> EvidenceView:
        """Attach a declared file to an open ticket."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"tickets.evidence:{ticket_id}",
            data,
            lambda: ticket_evidence.attach_to_ticket(request.user, ticket_id, data),
            EvidenceView,
        )

    @post("/{ticket_id:uuid}/author", status_code=200)
    async def author(
        self, request: StaffRequest, ticket_id: FromPath[UUID], data: JSONBody[ReadAuthor]
    ) -> SealedAuthorView:
        """Open the seal of a tip-off: the county's auditor only, with a reason; audited."""
        return await sealed.read_author(request.user, ticket_id, data)

    @post("/{ticket_id:uuid}/{verb:str}", status_code=200)
    async def take_step(
        self,
        request: StaffRequest,
        ticket_id: FromPath[UUID],
        verb: FromPath[str],
        data: JSONBody[DoTicketVerb],
        idempotency_key: IdempotencyKey = None,
    ) -> StaffTicketView:
        """One step: dispatch take return contact handle reply callback archive cancel reopen
        reclassify urge comment."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"tickets.{verb}:{ticket_id}",
            data,
            lambda: _step(request, ticket_id, verb, data),
            StaffTicketView,
        )


async def _step(
    request: StaffRequest, ticket_id: UUID, verb: str, data: DoTicketVerb
) -> StaffTicketView:
    event = VERBS.get(verb)
    if event is None:
        raise NotFound("没有这个操作")
    return await take_ticket_step(request.user, ticket_id, event, data)


@get("/callbacks", tags=["tickets"])
async def list_callbacks(
    request: StaffRequest, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
) -> Page[CallbackView]:
    """Whom to call back, the longest waiting first."""
    return await callbacks.callbacks(request.user, cursor, limit)


@get("/ratings", tags=["tickets"])
async def list_ratings(
    request: StaffRequest,
    stars_max: Annotated[int | None, QueryParameter(ge=1, le=5)] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[RatingView]:
    """What customers gave, newest first; nobody can change it."""
    return await ratings.ratings(request.user, stars_max, cursor, limit)


@get("/sealed-lookups", tags=["tickets"])
async def list_sealed_lookups(
    request: StaffRequest, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
) -> Page[SealedLookupView]:
    """Who looked up the author of a tip-off: for the county's auditor."""
    return await sealed.sealed_lookups(request.user, cursor, limit)
