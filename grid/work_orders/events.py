"""What the room of field work says has happened."""

from uuid import UUID

from grid.kit.outbox import Event
from grid.work_orders.words import (
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)


class WorkOrderOpened(Event, frozen=True, kw_only=True):
    """A job waits for somebody."""

    work_order_id: UUID
    ticket_id: UUID | None
    grid_id: UUID | None
    version: int
    danger: bool


class WorkOrderChanged(Event, frozen=True, kw_only=True):
    """A step was taken; `event` says which. Boards and phones read again."""

    work_order_id: UUID
    grid_id: UUID | None
    version: int
    event: WorkOrderEvent
    state: WorkOrderState
    staff_id: UUID | None


class WorkOrderNeedsSomebody(Event, frozen=True, kw_only=True):
    """Declined, silent or reopened: the job is to be offered on."""

    work_order_id: UUID
    grid_id: UUID | None
    version: int


class WorkOrderAccepted(Event, frozen=True, kw_only=True):
    work_order_id: UUID
    ticket_id: UUID | None
    staff_id: UUID


class WorkOrderArrived(Event, frozen=True, kw_only=True):
    work_order_id: UUID
    ticket_id: UUID | None
    staff_id: UUID


class WorkOrderCompleted(Event, frozen=True, kw_only=True):
    work_order_id: UUID
    ticket_id: UUID | None


class TicketClosed(Event, frozen=True, kw_only=True):
    ticket_id: UUID


class DangerReported(Event, frozen=True, kw_only=True):
    """Somebody wrote of mortal danger: the dispatcher is paged."""

    ticket_id: UUID
    work_order_id: UUID
    grid_id: UUID | None


class TicketOpened(Event, frozen=True, kw_only=True):
    """A matter was taken in; `sealed` ones concern the auditor only."""

    ticket_id: UUID
    kind: TicketKind
    grid_id: UUID | None
    sealed: bool


class TicketChanged(Event, frozen=True, kw_only=True):
    """A step of a ticket was taken; boards and pages read again."""

    ticket_id: UUID
    kind: TicketKind
    grid_id: UUID | None
    version: int
    event: TicketEvent
    state: TicketState
    sealed: bool


class TicketReplied(Event, frozen=True, kw_only=True):
    """The matter was answered; the customer is told and asked."""

    ticket_id: UUID
    kind: TicketKind


class TicketRated(Event, frozen=True, kw_only=True):
    """A customer gave stars; few stars open a follow-up."""

    ticket_id: UUID
    stars: int


class TicketLeftOpen(Event, frozen=True, kw_only=True):
    """A ticket's job ended without solving it, and nobody made a further one; said once a job."""

    ticket_id: UUID
    work_order_id: UUID
    grid_id: UUID | None


class SosRaised(Event, frozen=True, kw_only=True):
    """Somebody on site is in danger, or did not check in: people are paged."""

    work_order_id: UUID
    staff_id: UUID
    grid_id: UUID | None
    missed_check_in: bool
