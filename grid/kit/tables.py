"""What the kit stores: events and their deliveries, guards, keys, settings, calendar, audit."""

from enum import StrEnum

from piccolo.columns import BigInt, Date, SmallInt
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.kit.columns import (
    big,
    blob,
    json,
    key,
    moment,
    one_of,
    small,
    text,
    text_key,
    to,
    yes_no,
)
from grid.kit.database import DB


class DeliveryState(StrEnum):
    PENDING = "pending"
    HANDLED = "handled"
    DEAD = "dead"
    FROZEN = "frozen"


class OutboxEvent(Table, db=DB):
    """A fact that was said inside a transaction; `relayed_at` is null until it was fanned out."""

    id = key()
    kind = text(80)
    body = json()
    said_by = text(80)
    said_at = moment()
    relayed_at = moment(null=True)


class EventDelivery(Table, db=DB):
    """One event on its way to one reaction. Claimed by `due_at`, finished by `state`."""

    id = key()
    event = to(OutboxEvent)
    reaction = text(120)
    state = text(10)
    attempts = small()
    due_at = moment()
    last_error = text(500, null=True)
    handled_at = moment(null=True)

    event_delivery_once = Unique([event, reaction])
    event_delivery_state = one_of("state", DeliveryState)


class FrozenRelease(Table, db=DB):
    """Two people who each agreed that what waited before a restore may be sent."""

    person = text_key(80)
    agreed_at = moment()


class ScheduleGuard(Table, db=DB):
    """When each schedule is next due; claimed by a conditional update, so it runs once."""

    name = text_key(120)
    due_at = moment()
    last_finished_at = moment(null=True)
    last_error = text(500, null=True)


class IdempotencyKey(Table, db=DB):
    """A command that was carried out, and the answer that was given."""

    id = key()
    subject = text(80)
    idempotency_key = text(64)
    fingerprint = blob()
    answer = json(null=True)
    created_at = moment()

    idempotency_key_once = Unique([subject, idempotency_key])


class BusinessClock(Table, db=DB):
    """One row: how far business time runs ahead of machine time (0 outside demo and tests)."""

    id = SmallInt(primary_key=True, default=None, null=False)
    offset_s = big()

    business_clock_forward = Check("offset_s >= 0 AND id = 1")


class SettingState(StrEnum):
    DRAFT = "draft"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


class DatedSetting(Table, db=DB):
    """A number that law or company sets, from a moment on, with its source and its two people."""

    id = key()
    name = text(80)
    scope = text(80)
    value = json()
    effective_from = moment()
    source = text(300)
    state = text(10)
    proposed_by = text(80)
    proposed_at = moment()
    released_by = text(80, null=True)
    released_at = moment(null=True)

    dated_setting_state = one_of("state", SettingState)
    dated_setting_two_people = Check("released_by IS NULL OR released_by <> proposed_by")


class CalendarDay(Table, db=DB):
    """A day whose kind the county has stated: overrules the public calendar."""

    calendar_day = Date(primary_key=True, default=None, null=False)
    is_workday = yes_no()
    name = text(60)
    source = text(200)


class AuditEntry(Table, db=DB):
    """Who did or read what, when. Append-only: the run-time role may not change it."""

    id = key()
    at = moment(index=True)
    actor = text(80)
    action = text(80)
    subject = text(120)
    facts = json()
    request_id = text(64, null=True)


class AuditLink(Table, db=DB):
    """The hash chain over the audit entries, in the order in which they were sealed."""

    position = BigInt(primary_key=True, default=None, null=False)
    entry = to(AuditEntry, index=False)
    digest = blob()
    sealed_at = moment()

    audit_link_entry = Unique([entry])


TABLES = (
    OutboxEvent,
    EventDelivery,
    FrozenRelease,
    ScheduleGuard,
    IdempotencyKey,
    BusinessClock,
    DatedSetting,
    CalendarDay,
    AuditEntry,
    AuditLink,
)
