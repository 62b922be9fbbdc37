"""Outages on the phone: what is known, whom it reaches, its children, its verbs."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from grid.outages import announcing, inside, joining, reading, service, triage
from grid.outages.rules import VERBS
from grid.outages.types import (
    AffectedAccount,
    AffectedCounts,
    AnnounceOutage,
    AnswerChild,
    ChildView,
    DoOutageVerb,
    JoinTickets,
    KnownOutages,
    OfferView,
    OutageFilter,
    OutageLine,
    OutageView,
    ReportInside,
    RowOutcome,
    RowOutcomes,
    SplitTickets,
    TriageAnswer,
)
from grid.outages.words import OutageKind, OutageState
from mobile_api.parameters import Cursor, IdempotencyKey, Limit, Near, StaffRequest, place_of

_VERBS = {event.value: event for event in VERBS}

Status: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        pattern=f"^(open|{'|'.join(state.value for state in OutageState)})$",
        description="a state, or `open` for everything that is not over",
    ),
]
Kind: TypeAlias = Annotated[
    str | None, QueryParameter(pattern=f"^({'|'.join(kind.value for kind in OutageKind)})$")
]
AccountNo: TypeAlias = Annotated[str | None, QueryParameter(pattern=r"^[0-9]{4,20}$")]


class OutageController(Controller):
    path = "/outages"
    tags = ("outages",)

    @get()
    async def list_outages(
        self,
        request: StaffRequest,
        status: Status = None,
        kind: Kind = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[OutageLine]:
        """Outages that reach a place of mine, newest first."""
        wanted = OutageFilter(status=status, kind=kind, cursor=cursor, limit=limit)
        return await reading.outages(request.user, wanted)

    @post()
    async def announce(
        self,
        request: StaffRequest,
        data: JSONBody[AnnounceOutage],
        idempotency_key: IdempotencyKey = None,
    ) -> OutageView:
        """Announce a planned or temporary outage, or a fault that is on."""
        return await once(
            request.user.subject,
            idempotency_key,
            "outages.announce",
            data,
            lambda: announcing.announce(request.user, data),
            OutageView,
        )

    @get("/here")
    async def known_here(
        self, request: StaffRequest, account_no: AccountNo = None, near: Near = None
    ) -> KnownOutages:
        """Is an outage known at this account or place now? Asked before anybody is sent."""
        return await triage.known_here(request.user, account_no, place_of(near))

    @post("/report")
    async def report(
        self,
        request: StaffRequest,
        data: JSONBody[ReportInside],
        idempotency_key: IdempotencyKey = None,
    ) -> TriageAnswer:
        """Take a fault with triage: inside a known outage it joins, unless I insist."""
        return await once(
            request.user.subject,
            idempotency_key,
            "outages.report",
            data,
            lambda: triage.report(request.user, data.fault, insist=data.insist),
            TriageAnswer,
        )

    @get("/{outage_id:uuid}")
    async def show(self, request: StaffRequest, outage_id: FromPath[UUID]) -> OutageView:
        """One outage with its scope, its children in numbers, its jobs and its history."""
        return await reading.outage(request.user, outage_id)

    @get("/{outage_id:uuid}/affected")
    async def affected(
        self,
        request: StaffRequest,
        outage_id: FromPath[UUID],
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[AffectedAccount]:
        """Accounts inside, important and medical ones first; phones as my role shows them."""
        return await inside.affected(request.user, outage_id, cursor, limit)

    @get("/{outage_id:uuid}/affected/counts")
    async def affected_counts(
        self, request: StaffRequest, outage_id: FromPath[UUID]
    ) -> AffectedCounts:
        """How many accounts are inside, and how many need to be looked after first."""
        return await inside.affected_counts(request.user, outage_id)

    @get("/{outage_id:uuid}/children")
    async def children(
        self,
        request: StaffRequest,
        outage_id: FromPath[UUID],
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[ChildView]:
        """The reports that joined, those that still wait first."""
        return await inside.children(request.user, outage_id, cursor, limit)

    @get("/{outage_id:uuid}/offers")
    async def offers(
        self, request: StaffRequest, outage_id: FromPath[UUID], limit: Limit = LIMIT_DEFAULT
    ) -> Page[OfferView]:
        """Open faults from inside that could join."""
        return await inside.offers(request.user, outage_id, limit)

    @post("/{outage_id:uuid}/join", status_code=200)
    async def join(
        self,
        request: StaffRequest,
        outage_id: FromPath[UUID],
        data: JSONBody[JoinTickets],
        idempotency_key: IdempotencyKey = None,
    ) -> RowOutcomes:
        """Make open faults children; jobs on which nobody is on site yet end."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"outages.join:{outage_id}",
            data,
            lambda: joining.join(request.user, outage_id, data),
            RowOutcomes,
        )

    @post("/{outage_id:uuid}/split", status_code=200)
    async def split(
        self,
        request: StaffRequest,
        outage_id: FromPath[UUID],
        data: JSONBody[SplitTickets],
        idempotency_key: IdempotencyKey = None,
    ) -> RowOutcomes:
        """Give children jobs of their own."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"outages.split:{outage_id}",
            data,
            lambda: joining.split_children(request.user, outage_id, data),
            RowOutcomes,
        )

    @post("/{outage_id:uuid}/answer", status_code=200)
    async def answer(
        self,
        request: StaffRequest,
        outage_id: FromPath[UUID],
        data: JSONBody[AnswerChild],
        idempotency_key: IdempotencyKey = None,
    ) -> RowOutcome:
        """What a customer said when I called: is it back?"""
        return await once(
            request.user.subject,
            idempotency_key,
            f"outages.answer:{outage_id}",
            data,
            lambda: joining.answer_by_staff(request.user, outage_id, data),
            RowOutcome,
        )

    @post("/{outage_id:uuid}/{verb:str}", status_code=200)
    async def act(
        self,
        request: StaffRequest,
        outage_id: FromPath[UUID],
        verb: FromPath[str],
        data: JSONBody[DoOutageVerb],
        idempotency_key: IdempotencyKey = None,
    ) -> OutageView:
        """One step: confirm etr districts dispatch work restore close cancel comment."""
        event = _VERBS.get(verb)
        if event is None:
            raise NotFound("没有这个操作")
        return await once(
            request.user.subject,
            idempotency_key,
            f"outages.{verb}:{outage_id}",
            data,
            lambda: service.act(request.user, outage_id, event, data),
            OutageView,
        )
