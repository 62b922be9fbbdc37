"""Visits on the phone: plans of the month, results, findings, checks, the forms to fill in."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.visits import findings, forms, plan_verbs, plan_views, planning, verifying
from grid.visits import reading as results
from grid.visits.check_types import CheckFilter, CheckView, DrawView, VerifyVisit
from grid.visits.form_types import ProposeForm, VisitFormsView, VisitFormView
from grid.visits.plan_types import MakePlan, MoveStop, PlanView, ReleasePlan, RemoveStop
from grid.visits.reporting import report_visit
from grid.visits.rules import month_day
from grid.visits.types import ReportVisit, VisitFilter, VisitView
from grid.visits.words import CheckState
from grid.work_orders.tickets.types import TicketView
from mobile_api.parameters import Code, Cursor, IdempotencyKey, Limit, StaffRequest

Month: TypeAlias = Annotated[
    str | None, QueryParameter(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", max_length=7)
]
AccountNumber: TypeAlias = Annotated[str | None, QueryParameter(pattern=r"^[0-9]{4,20}$")]
Mine: TypeAlias = Annotated[bool, QueryParameter()]
State: TypeAlias = Annotated[
    str | None,
    QueryParameter(name="state", pattern=f"^({'|'.join(state.value for state in CheckState)})$"),
]


class VisitPlanController(Controller):
    path = "/visit-plans"
    tags = ("visits",)

    @get()
    async def list_plans(
        self,
        request: StaffRequest,
        month: Month = None,
        grid: Code = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[PlanView]:
        """Plans of my grids with the load of each day, the newest month first; without stops."""
        day = None if month is None else month_day(month)
        return await plan_views.plans(request.user, day, grid, cursor, limit)

    @post()
    async def make(
        self,
        request: StaffRequest,
        data: JSONBody[MakePlan],
        idempotency_key: IdempotencyKey = None,
    ) -> PlanView:
        """Plan a grid's month as a draft to look at; nobody is planned twice."""
        return await once(
            request.user.subject,
            idempotency_key,
            "visit_plans.make",
            data,
            lambda: planning.make_plan(request.user, data),
            PlanView,
        )

    @get("/{plan_id:uuid}")
    async def show(self, request: StaffRequest, plan_id: FromPath[UUID]) -> PlanView:
        """One plan with its people and every stop."""
        return await plan_views.plan_view(request.user, plan_id)

    @post("/{plan_id:uuid}/release", status_code=200)
    async def release(
        self,
        request: StaffRequest,
        plan_id: FromPath[UUID],
        data: JSONBody[ReleasePlan],
        idempotency_key: IdempotencyKey = None,
    ) -> PlanView:
        """Open the jobs of a plan; for the grid's manager and the station's head."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"visit_plans.release:{plan_id}",
            data,
            lambda: plan_verbs.release(request.user, plan_id, data),
            PlanView,
        )

    @post("/{plan_id:uuid}/move", status_code=200)
    async def move(
        self,
        request: StaffRequest,
        plan_id: FromPath[UUID],
        data: JSONBody[MoveStop],
        idempotency_key: IdempotencyKey = None,
    ) -> PlanView:
        """Another day of the month, or another person, for one household."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"visit_plans.move:{plan_id}",
            data,
            lambda: plan_verbs.move(request.user, plan_id, data),
            PlanView,
        )

    @post("/{plan_id:uuid}/remove", status_code=200)
    async def remove(
        self,
        request: StaffRequest,
        plan_id: FromPath[UUID],
        data: JSONBody[RemoveStop],
        idempotency_key: IdempotencyKey = None,
    ) -> PlanView:
        """Leave one household out, with the reason; its job is cancelled."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"visit_plans.remove:{plan_id}",
            data,
            lambda: plan_verbs.remove(request.user, plan_id, data),
            PlanView,
        )


class VisitController(Controller):
    path = "/visits"
    tags = ("visits",)

    @get()
    async def list_visits(
        self,
        request: StaffRequest,
        grid: Code = None,
        account_no: AccountNumber = None,
        mine: Mine = False,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[VisitView]:
        """Results of visits that I may see, newest first, without their answers."""
        wanted = VisitFilter(
            grid=grid, account_no=account_no, mine=mine, cursor=cursor, limit=limit
        )
        return await results.visits(request.user, wanted)

    @post()
    async def report(
        self,
        request: StaffRequest,
        data: JSONBody[ReportVisit],
        idempotency_key: IdempotencyKey = None,
    ) -> VisitView:
        """Tell what came of a visit; without a plan it opens its own job and arrives."""
        return await once(
            request.user.subject,
            idempotency_key,
            "visits.report",
            data,
            lambda: report_visit(request.user, data),
            VisitView,
        )

    @get("/{visit_id:uuid}")
    async def show(self, request: StaffRequest, visit_id: FromPath[UUID]) -> VisitView:
        """One result with answers, findings and verdicts."""
        return await results.visit(request.user, visit_id)

    @post("/{visit_id:uuid}/verify", status_code=200)
    async def verify(
        self,
        request: StaffRequest,
        visit_id: FromPath[UUID],
        data: JSONBody[VerifyVisit],
        idempotency_key: IdempotencyKey = None,
    ) -> VisitView:
        """Say after a call or on site how a visit was; never one's own."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"visits.verify:{visit_id}",
            data,
            lambda: verifying.verify(request.user, visit_id, data),
            VisitView,
        )

    @post("/{visit_id:uuid}/findings/{number:int}/ticket", status_code=200)
    async def ticket(
        self, request: StaffRequest, visit_id: FromPath[UUID], number: FromPath[int]
    ) -> TicketView:
        """Make a finding a ticket; a second time gives the same ticket."""
        if not 1 <= number <= 10:
            number = 0
        return await findings.ticket_of_finding(request.user, visit_id, number)


@get("/visit-checks", tags=["visits"])
async def visit_checks(
    request: StaffRequest,
    check_state: State = None,
    grid: Code = None,
    month: Month = None,
    mine: Mine = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[CheckView]:
    """Visits to be checked and those that were, the oldest open ones first."""
    wanted = CheckFilter(
        state=check_state, grid=grid, month=month, mine=mine, cursor=cursor, limit=limit
    )
    return await verifying.checks(request.user, wanted)


@get("/visit-draws", tags=["visits"])
async def visit_draws(request: StaffRequest) -> list[DrawView]:
    """The random draws of the last months; a closed one tells the seed to repeat it with."""
    return await verifying.draws(request.user)


class VisitFormController(Controller):
    path = "/visit-forms"
    tags = ("visits",)

    @get()
    async def list_forms(
        self,
        request: StaffRequest,
        version: Annotated[int | None, QueryParameter(ge=1, le=10_000)] = None,
    ) -> VisitFormsView:
        """The forms in force, or one old version of each, and the leaflets."""
        return await forms.visit_forms(request.user, version)

    @post()
    async def propose(
        self,
        request: StaffRequest,
        data: JSONBody[ProposeForm],
        idempotency_key: IdempotencyKey = None,
    ) -> VisitFormView:
        """Draft the next version of a form."""
        return await once(
            request.user.subject,
            idempotency_key,
            "visit_forms.propose",
            data,
            lambda: forms.propose_form(request.user, data),
            VisitFormView,
        )

    @post("/{form_id:uuid}/release", status_code=200)
    async def release(self, request: StaffRequest, form_id: FromPath[UUID]) -> VisitFormView:
        """Put a proposed version in force; not by who proposed it."""
        return await forms.release_form(request.user, form_id)
