"""What is stored of supervision: orders, and every step of theirs."""

from piccolo.constraints import Check
from piccolo.table import Table

from grid.clocks.types import Target
from grid.kit.columns import json, key, moment, one_of, text, to, uuid, whole, yes_no
from grid.kit.database import DB
from grid.supervision.types import Cause, Level, OrderState, SupervisionEvent
from grid.territory.tables import ServiceGrid, Staff, SupplyStation
from grid.work_orders.tables import Ticket, WorkOrder


class SupervisionOrder(Table, db=DB):
    """Somebody has to answer for a matter: a job (with its ticket, if any) or a ticket alone.

    `origin` names what made it, so that nothing makes two; a near breach that was raised bears the
    origin of the breach. `offender` had the matter in hand when the limit passed: never answers,
    never closes. `county_missed_at`: not even the county answered in time; it stays there.
    """

    id = key()
    number = text(24, unique=True)
    origin = text(80, unique=True)
    work_order = to(WorkOrder, null=True)
    ticket = to(Ticket, null=True)
    grid = to(ServiceGrid, null=True)
    station = to(SupplyStation, null=True)
    sealed = yes_no()
    cause = text(16)
    clock = uuid(null=True)
    target = text(16, null=True)
    due_at = moment(null=True)
    offender = to(Staff, null=True)
    level = text(10)
    state = text(10)
    words = text(500)
    opened_by = text(80)
    opened_at = moment()
    level_since = moment()
    answer_due_at = moment()
    county_missed_at = moment(null=True)
    answer = text(500, null=True)
    answered_by = text(80, null=True)
    answered_at = moment(null=True)
    closed_by = text(80, null=True)
    closed_at = moment(null=True)
    version = whole()

    supervision_order_cause = one_of("cause", Cause)
    supervision_order_level = one_of("level", Level)
    supervision_order_state = one_of("state", OrderState)
    supervision_order_target = one_of("target", Target)
    supervision_order_matter = Check("work_order IS NOT NULL OR ticket IS NOT NULL")
    supervision_order_answered = Check(
        "state = 'open' OR (answer IS NOT NULL AND answered_by IS NOT NULL)"
    )
    supervision_order_closed = Check("(state = 'closed') = (closed_at IS NOT NULL)")


class SupervisionTransition(Table, db=DB):
    """One step of an order; `facts.asked` are the staff who could answer from then on.

    Append-only.
    """

    id = key()
    supervision_order = to(SupervisionOrder)
    version = whole()
    event = text(10)
    from_state = text(10, null=True)
    to_state = text(10)
    from_level = text(10, null=True)
    to_level = text(10)
    actor = text(80)
    at = moment()
    words = text(500, null=True)
    facts = json()

    supervision_transition_event = one_of("event", SupervisionEvent)
    supervision_transition_state = one_of("to_state", OrderState)
    supervision_transition_level = one_of("to_level", Level)


TABLES = (SupervisionOrder, SupervisionTransition)
