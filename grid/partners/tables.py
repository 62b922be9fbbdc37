"""What is stored of other systems' orders, of what they are told, and of handovers."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.kit.columns import (
    blob,
    key,
    moment,
    one_of,
    small,
    text,
    text_key,
    to,
    uuid,
    whole,
)
from grid.kit.database import DB
from grid.partners.types import (
    Direction,
    HandoverEvent,
    HandoverState,
    MessageState,
    OrderOutcome,
    ProvinceKind,
    Stage,
)
from grid.territory.tables import ServiceGrid, SupplyStation
from grid.work_orders.tables import Ticket


class PartnerOrder(Table, db=DB):
    """An order of the province's 95598 under its own number, or an urge of one.

    What the customer told stands in the ticket, not here: of a tip-off nothing here names its
    author. `digest` tells a re-sent order from another one under the same number. `ticket` null: an
    urge whose order has not come yet.
    """

    id = key()
    number = text(40, unique=True)
    kind = text(8)
    urged_number = text(40, null=True, index=True)
    outcome = text(12)
    via = text(8)
    digest = blob()
    ticket = to(Ticket, null=True)
    accepted_at = moment()
    received_at = moment()
    words = text(500, null=True)

    partner_order_kind = one_of("kind", ProvinceKind)
    partner_order_outcome = one_of("outcome", OrderOutcome)
    partner_order_via = Check("via IN ('port', 'file')")
    partner_order_urge = Check("(kind = '催办') = (urged_number IS NOT NULL)")
    partner_order_ticket = Check("ticket IS NOT NULL OR outcome = 'urge_waiting'")


class PartnerMessage(Table, db=DB):
    """Something the province is told, once, under its own id; `body` is sent byte for byte.

    `round` counts reopenings of the ticket. `next_try_at` is machine time, the others business.
    """

    id = key()
    partner_order = to(PartnerOrder, index=False)
    stage = text(10)
    round = small()
    body = text(2000)
    state = text(12)
    attempts = whole()
    next_try_at = moment()
    occurred_at = moment()
    queued_at = moment()
    sent_at = moment(null=True)
    chased_at = moment(null=True)
    acknowledged_at = moment(null=True)
    last_error = text(200, null=True)

    partner_message_once = Unique([partner_order, stage, round])
    partner_message_stage = one_of("stage", Stage)
    partner_message_state = one_of("state", MessageState)


class PartnerNonce(Table, db=DB):
    """A nonce that a signed request used; it is worth nothing a second time."""

    nonce = text_key(100)
    used_at = moment(index=True)


class Handover(Table, db=DB):
    """A ticket that is with the government's grid, or came from there; has clocks of its own.

    `pause`: the pause of the ticket's clocks that was asked for with it.
    """

    id = key()
    number = text(24, unique=True)
    direction = text(4)
    state = text(12)
    ticket = to(Ticket)
    grid = to(ServiceGrid, null=True)
    station = to(SupplyStation, null=True)
    reason = text(500)
    agency = text(60)
    contact_person = text(60)
    contact_phone = text(20)
    their_number = text(40, null=True)
    reminders = small()
    pause = uuid(null=True)
    handed_by = text(80)
    handed_at = moment()
    accepted_at = moment(null=True)
    returned_at = moment(null=True)
    outcome = text(500, null=True)
    due_at = moment(null=True)
    version = whole()

    handover_direction = one_of("direction", Direction)
    handover_state = one_of("state", HandoverState)
    handover_returned = Check("(state = 'returned') = (returned_at IS NOT NULL)")
    handover_in_has_number = Check("direction = 'out' OR their_number IS NOT NULL")


class HandoverEntry(Table, db=DB):
    """One line of a handover's paper trail. Append-only."""

    id = key()
    handover = to(Handover)
    version = whole()
    event = text(12)
    actor = text(80)
    at = moment()
    words = text(500)
    their_number = text(40, null=True)

    handover_entry_event = one_of("event", HandoverEvent)


TABLES = (PartnerOrder, PartnerMessage, PartnerNonce, Handover, HandoverEntry)
