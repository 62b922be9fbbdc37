"""What is stored of visits: plans with their stops, results, findings, checks, released forms."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.customers.tables import ServiceAccount
from grid.kit.columns import day, json, key, moment, one_of, real, small, text, to, whole, yes_no
from grid.kit.database import DB
from grid.territory.tables import ServiceGrid, Staff, SupplyStation
from grid.visits.words import (
    CheckMethod,
    CheckOutcome,
    CheckState,
    FormState,
    FormWord,
    PlanState,
    Satisfaction,
    StopState,
)
from grid.work_orders.tables import Ticket, WorkOrder
from grid.work_orders.words import ArrivalGrade, TicketKind


class VisitForm(Table, db=DB):
    """A form that the county made over those to start with; a version is never edited."""

    id = key()
    form = text(20)
    version = small()
    title = text(60)
    fields = json()
    state = text(10)
    proposed_by = text(80)
    proposed_at = moment()
    released_by = text(80, null=True)
    released_at = moment(null=True)

    visit_form_once = Unique([form, version])
    visit_form_word = one_of("form", FormWord)
    visit_form_state = one_of("state", FormState)
    visit_form_two_people = Check("released_by IS NULL OR released_by <> proposed_by")


class VisitPlan(Table, db=DB):
    """The visits of one grid in one month; `due` counts who was due, `left_out` who found no room.

    `month` is its first day.
    """

    id = key()
    grid = to(ServiceGrid)
    month = day()
    state = text(10)
    due = whole()
    left_out = whole()
    left_out_care = whole()
    made_by = text(80)
    made_at = moment()
    released_by = text(80, null=True)
    released_at = moment(null=True)
    version = whole()

    visit_plan_once = Unique([grid, month])
    visit_plan_state = one_of("state", PlanState)
    visit_plan_month = Check("extract(day FROM month) = 1")


class VisitStop(Table, db=DB):
    """One household in a plan: on which day, by whom, and since when it is due.

    `due_day` null: never visited before. A removed stop stays, so that nobody is planned again.
    """

    id = key()
    plan = to(VisitPlan, index=False)
    account = to(ServiceAccount)
    form = text(20)
    is_care = yes_no()
    due_day = day(null=True)
    stop_day = day()
    staff = to(Staff)
    position = small()
    state = text(10)
    reason = text(200, null=True)
    changed_by = text(80, null=True)
    work_order = to(WorkOrder, null=True)

    visit_stop_once = Unique([plan, account])
    visit_stop_state = one_of("state", StopState)
    visit_stop_form = one_of("form", FormWord)
    visit_stop_removed = Check("state <> 'removed' OR reason IS NOT NULL")


class CustomerVisit(Table, db=DB):
    """What came of a visit. Append-only: a correction is a further revision beside it (Y24).

    `answers_digest`: of the free words, null where there are too few to tell a copy.
    """

    id = key()
    work_order = to(WorkOrder, index=False)
    revision = small()
    supersedes = to("self", null=True, index=False)
    account = to(ServiceAccount)
    grid = to(ServiceGrid)
    station = to(SupplyStation, index=False)
    author = to(Staff)
    form = text(20)
    form_version = small()
    answers = json()
    answers_digest = text(64, null=True)
    leaflets = json()
    present = text(60, null=True)
    present_relation = text(20, null=True)
    satisfaction = text(12, null=True)
    satisfaction_words = text(500, null=True)
    note = text(500, null=True)
    device_at = moment(null=True)
    received_at = moment()
    visited_on = day()
    lat = real(null=True)
    lon = real(null=True)
    accuracy_m = real(null=True)
    mock = yes_no()
    distance_m = real(null=True)
    grade = text(10)

    customer_visit_once = Unique([work_order, revision])
    customer_visit_form = one_of("form", FormWord)
    customer_visit_satisfaction = one_of("satisfaction", Satisfaction)
    customer_visit_grade = one_of("grade", ArrivalGrade)
    customer_visit_revision = Check("(revision = 1) = (supersedes IS NULL)")


class VisitFinding(Table, db=DB):
    """Something that was found at a visit; only its ticket is written later, once."""

    id = key()
    visit = to(CustomerVisit, index=False)
    number = small()
    kind = text(20)
    words = text(500)
    danger = yes_no()
    ticket = to(Ticket, null=True)

    visit_finding_once = Unique([visit, number])
    visit_finding_kind = one_of("kind", TicketKind)


class VisitDraw(Table, db=DB):
    """The random draw of one month: with its seed anybody can repeat it over the reviewed jobs."""

    month = day()
    id = key()
    seed = text(64)
    percent = small()
    made_at = moment()
    closed_at = moment(null=True)
    reviewed = whole(null=True)
    drawn = whole(null=True)

    visit_draw_once = Unique([month])


class VisitReview(Table, db=DB):
    """A finished visit that was looked at: it counts in its month from then on. Append-only.

    `share`: its number between 0 and 1 in the draw, made of seed and job.
    """

    id = key()
    work_order = to(WorkOrder, index=False)
    visit = to(CustomerVisit, index=False)
    grid = to(ServiceGrid, index=False)
    month = day()
    share = real()
    is_drawn = yes_no()
    reasons = json()
    reviewed_at = moment()

    visit_review_once = Unique([work_order])


class VisitCheck(Table, db=DB):
    """A visit that somebody else has to confirm; `staff` is the supervisor it lies with."""

    id = key()
    work_order = to(WorkOrder)
    visit = to(CustomerVisit, index=False)
    grid = to(ServiceGrid)
    month = day()
    staff = to(Staff, null=True)
    reasons = json()
    state = text(14)
    opened_at = moment()
    closed_at = moment(null=True)
    closed_by = text(80, null=True)

    visit_check_state = one_of("state", CheckState)


class VisitVerdict(Table, db=DB):
    """One try to confirm a visit, by call or on site. Append-only."""

    id = key()
    visit_check = to(VisitCheck)
    method = text(10)
    outcome = text(14)
    words = text(500)
    staff = to(Staff, index=False)
    at = moment()

    visit_verdict_method = one_of("method", CheckMethod)
    visit_verdict_outcome = one_of("outcome", CheckOutcome)


TABLES = (
    VisitForm,
    VisitPlan,
    VisitStop,
    CustomerVisit,
    VisitFinding,
    VisitDraw,
    VisitReview,
    VisitCheck,
    VisitVerdict,
)
