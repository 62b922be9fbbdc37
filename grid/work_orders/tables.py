"""What is stored of tickets, jobs and who does them."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.clocks.tables import SlaPause
from grid.customers.tables import ServiceAccount
from grid.kit.columns import json, key, moment, one_of, real, small, text, to, uuid, whole, yes_no
from grid.kit.database import DB
from grid.territory.tables import ServiceGrid, Staff, SupplyStation
from grid.territory.types import ChangeState, PlaceClass
from grid.work_orders import words
from grid.work_orders.times.types import CorrectedField


class Ticket(Table, db=DB):
    """What the customer said. Raw coordinates keep their datum beside the WGS-84 place.

    `grid` is null while nobody knows where it is: then only the county's dispatchers see it.
    `handler`: who in the office handles it. Of a sealed one (a tip-off) the author is nowhere here.
    `due_at`: its next limit, a copy for sorting. `called_at`: when the telephone call began.
    `level` null is the grid's: from where on up people see it, for a complaint goes past those
    whom it is about.
    """

    id = key()
    number = text(24, unique=True)
    kind = text(20)
    channel = text(10)
    state = text(12)
    danger = yes_no()
    description = text(500)
    account = to(ServiceAccount, null=True)
    openid = text(64, null=True, index=True)
    phone = text(20, null=True)
    address = text(200, null=True)
    lat = real(null=True)
    lon = real(null=True)
    raw_lat = real(null=True)
    raw_lon = real(null=True)
    datum = text(10, null=True)
    grid = to(ServiceGrid, null=True)
    station = to(SupplyStation, null=True)
    reported_by = text(80)
    reported_at = moment()
    replied_at = moment(null=True)
    closed_at = moment(null=True)
    version = whole()
    reporter_name = text(60, null=True)
    complaint_class = text(24, null=True)
    sealed = yes_no(default=False)
    form = json(null=True)
    handler = to(Staff, null=True)
    parent = to("self", null=True)
    about_ticket = to("self", null=True)
    urges = small(default=0)
    called_at = moment(null=True)
    first_contact_at = moment(null=True)
    dispatched_at = moment(null=True)
    taken_at = moment(null=True)
    arrived_at = moment(null=True)
    handled_at = moment(null=True)
    called_back_at = moment(null=True)
    answer = text(500, null=True)
    callback = text(12, null=True)
    due_at = moment(null=True)
    level = text(8, null=True)

    ticket_kind_word = one_of("kind", words.TicketKind)
    ticket_channel_word = one_of("channel", words.Channel)
    ticket_state_word = one_of("state", words.TicketState)
    ticket_complaint_class = one_of("complaint_class", words.ComplaintClass)
    ticket_callback = one_of("callback", words.CallbackOutcome)
    ticket_level_word = one_of("level", words.TicketLevel)
    ticket_sealed = Check("NOT sealed OR (openid IS NULL AND phone IS NULL AND account IS NULL)")


class WorkOrder(Table, db=DB):
    """The job; its limits are clocks of their own, `clock_from` is intake or the last reopening.

    `due_at`: its next limit, a copy for sorting. `starts_at`: when it is planned for.
    `check_in_due_at`: somebody alone on site has to say by then that all is well. `live_by`: who
    declared that the work is under voltage. `customer_code`: shown to the customer only, told to
    whoever comes. `left_open_at`: when it was said that its ticket stayed open without a job.
    """

    id = key()
    number = text(24, unique=True)
    ticket = to(Ticket, null=True)
    kind = text(20)
    state = text(20)
    priority = text(10)
    account = to(ServiceAccount, null=True)
    grid = to(ServiceGrid, null=True)
    station = to(SupplyStation, null=True)
    place_class = text(10)
    lat = real(null=True)
    lon = real(null=True)
    assignee = to(Staff, null=True)
    supervised = yes_no()
    reported_at = moment()
    clock_from = moment()
    dispatched_at = moment(null=True)
    accepted_at = moment(null=True)
    departed_at = moment(null=True)
    arrived_at = moment(null=True)
    started_at = moment(null=True)
    restored_at = moment(null=True)
    completed_at = moment(null=True)
    closed_at = moment(null=True)
    arrival_grade = text(10, null=True)
    resolution = text(500, null=True)
    version = whole()
    description = text(500, null=True)
    due_at = moment(null=True)
    starts_at = moment(null=True)
    arrival_proof = text(20, null=True)
    live_work = yes_no(default=False)
    permit_no = text(40, null=True)
    second_person = to(Staff, null=True)
    check_in_due_at = moment(null=True)
    live_by = text(80, null=True)
    customer_code = text(4, null=True)
    code_tries = small(default=0)
    left_open_at = moment(null=True)

    work_order_kind_word = one_of("kind", words.WorkOrderKind)
    work_order_state = one_of("state", words.WorkOrderState)
    work_order_priority = one_of("priority", words.Priority)
    work_order_place_class = one_of("place_class", PlaceClass)
    work_order_grade = one_of("arrival_grade", words.ArrivalGrade)
    work_order_proof = one_of("arrival_proof", words.ArrivalProof)
    work_order_somebody = Check(
        "assignee IS NOT NULL OR state NOT IN"
        " ('assigned', 'accepted', 'en_route', 'on_site', 'in_progress', 'on_hold')"
    )


class Assignment(Table, db=DB):
    """One person and one job, from the offer to its end, and why this person was chosen.

    `accept_due_at` null: a planned job that silence does not take away.
    """

    id = key()
    work_order = to(WorkOrder)
    staff = to(Staff)
    capacity = text(12)
    state = text(12)
    offered_at = moment()
    accept_due_at = moment(null=True)
    ended_at = moment(null=True)
    reason = text(500, null=True)
    chosen_by = text(80)

    assignment_state = one_of("state", words.AssignmentState)
    assignment_capacity = one_of("capacity", words.Capacity)


class WorkOrderTransition(Table, db=DB):
    """One step of a job's history. Append-only."""

    id = key()
    work_order = to(WorkOrder)
    version = whole()
    event = text(20)
    from_state = text(20, null=True)
    to_state = text(20)
    actor = text(80)
    staff = to(Staff, null=True)
    at = moment()
    device_at = moment(null=True)
    reason = text(500, null=True)
    lat = real(null=True)
    lon = real(null=True)
    accuracy_m = real(null=True)
    distance_m = real(null=True)
    grade = text(10, null=True)
    facts = json()

    work_order_transition_event_word = one_of("event", words.WorkOrderEvent)
    work_order_transition_to = one_of("to_state", words.WorkOrderState)
    work_order_transition_grade = one_of("grade", words.ArrivalGrade)


class SafetyAlarm(Table, db=DB):
    """Somebody on site called for help, or did not check in; open until somebody answered it."""

    id = key()
    work_order = to(WorkOrder)
    staff = to(Staff)
    missed_check_in = yes_no()
    words = text(500, null=True)
    lat = real(null=True)
    lon = real(null=True)
    accuracy_m = real(null=True)
    device_at = moment(null=True)
    raised_at = moment()
    answered_by = to(Staff, null=True, index=False)
    answered_at = moment(null=True)
    answer = text(500, null=True)

    safety_alarm_answer = Check(
        "(answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (answer IS NULL)"
    )
    safety_alarm_not_self = Check("answered_by IS NULL OR answered_by <> staff")


class ArrivalFlag(Table, db=DB):
    """Two arrivals of two people that cannot both be what they seem; found once for each pair."""

    id = key()
    kind = text(16)
    work_order = to(WorkOrder)
    staff = to(Staff, index=False)
    other_work_order = to(WorkOrder, index=False)
    other_staff = to(Staff, index=False)
    found_at = moment()

    arrival_flag_kind = one_of("kind", words.ArrivalDoubt)
    arrival_flag_once = Unique([kind, work_order, other_work_order])


class TimeCorrection(Table, db=DB):
    """A recorded time put right by two people (W2); `before` and `after`: the clocks, kept both."""

    id = key()
    work_order = to(WorkOrder)
    field = text(16)
    pause = to(SlaPause, null=True, index=False)
    old_at = moment()
    new_at = moment()
    reason = text(500)
    before = json()
    after = json()
    state = text(10)
    proposed_by = text(80)
    proposed_at = moment()
    decided_by = text(80, null=True)
    decided_at = moment(null=True)
    decision = text(500, null=True)

    time_correction_field = one_of("field", CorrectedField)
    time_correction_state = one_of("state", ChangeState)
    time_correction_two_people = Check("decided_by IS NULL OR decided_by <> proposed_by")


class TicketTransition(Table, db=DB):
    """One step of a ticket's history. Append-only."""

    id = key()
    ticket = to(Ticket)
    version = whole()
    event = text(20)
    from_state = text(12, null=True)
    to_state = text(12)
    actor = text(80)
    staff = to(Staff, null=True)
    at = moment()
    device_at = moment(null=True)
    reason = text(500, null=True)
    facts = json()

    ticket_transition_event = one_of("event", words.TicketEvent)
    ticket_transition_to = one_of("to_state", words.TicketState)


class TicketAccused(Table, db=DB):
    """Somebody whom a complaint or tip-off is about: never handles it, never reads it (W5)."""

    id = key()
    ticket = to(Ticket)
    staff = to(Staff)

    ticket_accused_once = Unique([ticket, staff])


class SealedAuthor(Table, db=DB):
    """Who wrote a tip-off; read only through the auditor's verb, and every reading is audited."""

    ticket = to(Ticket, index=False)
    id = key()
    openid = text(64, null=True, index=True)
    phone = text(20, null=True)
    name = text(60, null=True)
    account = to(ServiceAccount, null=True)
    sealed_at = moment()

    sealed_author_once = Unique([ticket])


class Rating(Table, db=DB):
    """One rating per ticket, by the customer; staff cannot change it."""

    id = key()
    ticket = to(Ticket, index=False)
    work_order = to(WorkOrder, null=True)
    stars = small()
    comment = text(500, null=True)
    openid = text(64, null=True)
    rated_at = moment()

    rating_once = Unique([ticket])
    rating_stars = Check("stars BETWEEN 1 AND 5")


class RatingComment(Table, db=DB):
    """Free words that came after the stars; one for each rating. Append-only."""

    id = key()
    rating = to(Rating, index=False)
    words = text(500)
    said_at = moment()

    rating_comment_once = Unique([rating])


class SealedLookup(Table, db=DB):
    """Staff looked at the account of a sealed author after the sealing; for the auditor's eyes.

    Ids and no name of the author: the entry of the audit trail says what was looked at.
    """

    id = key()
    ticket = to(Ticket)
    entry = uuid()
    actor = text(80)
    action = text(80)
    looked_at = moment()
    found_at = moment()

    sealed_lookup_once = Unique([ticket, entry])


TABLES = (
    Ticket,
    WorkOrder,
    Assignment,
    WorkOrderTransition,
    SafetyAlarm,
    ArrivalFlag,
    TimeCorrection,
    TicketTransition,
    TicketAccused,
    SealedAuthor,
    Rating,
    RatingComment,
    SealedLookup,
)
