"""What is stored of outages. Feeders have no table: one is a name and the districts it feeds."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.customers.tables import ServiceAccount
from grid.kit.columns import json, key, moment, one_of, text, to, whole
from grid.kit.database import DB
from grid.outages.words import (
    ChildState,
    EtrSource,
    JoinedBy,
    OutageEvent,
    OutageKind,
    OutageState,
    Topic,
)
from grid.territory.tables import TransformerDistrict
from grid.work_orders.tables import Ticket, WorkOrder


class Outage(Table, db=DB):
    """A stretch without supply in some districts. `etr`: when supply is expected back.

    `late_reason` is set when people were told later than the rule wants.
    """

    id = key()
    number = text(24, unique=True)
    kind = text(10)
    state = text(12)
    feeder = text(60, null=True)
    cause = text(200, null=True)
    public_words = text(300, null=True)
    starts_at = moment()
    etr = moment(null=True)
    etr_source = text(12, null=True)
    late_reason = text(200, null=True)
    announced_by = text(80)
    announced_at = moment(index=True)
    confirmed_at = moment(null=True)
    work_at = moment(null=True)
    restored_at = moment(null=True)
    ended_at = moment(null=True)
    version = whole()

    outage_kind = one_of("kind", OutageKind)
    outage_state = one_of("state", OutageState)
    outage_etr_source = one_of("etr_source", EtrSource)
    outage_etr_said = Check("(etr IS NULL) = (etr_source IS NULL)")


class OutageDistrict(Table, db=DB):
    """A district that an outage reaches, from when until when it was counted in."""

    id = key()
    outage = to(Outage)
    district = to(TransformerDistrict)
    added_at = moment()
    removed_at = moment(null=True)


class OutageMembership(Table, db=DB):
    """A ticket that is a child of an outage. Rows stay: they are the history of joins and splits.

    `answer_due_at`: until when somebody who was asked may answer.
    """

    id = key()
    outage = to(Outage)
    ticket = to(Ticket)
    account = to(ServiceAccount, null=True)
    state = text(12)
    joined_how = text(12)
    joined_by = text(80)
    joined_at = moment()
    asked_at = moment(null=True)
    answer_due_at = moment(null=True)
    ended_at = moment(null=True)
    ended_by = text(80, null=True)
    reason = text(500, null=True)

    outage_membership_state = one_of("state", ChildState)
    outage_membership_how = one_of("joined_how", JoinedBy)
    outage_membership_end = Check("(ended_at IS NULL) = (state IN ('joined', 'asked', 'leaving'))")


class OutageTransition(Table, db=DB):
    """One step of an outage's history. Append-only."""

    id = key()
    outage = to(Outage)
    version = whole()
    event = text(12)
    from_state = text(12, null=True)
    to_state = text(12)
    actor = text(80)
    at = moment()
    reason = text(500, null=True)
    facts = json()

    outage_transition_event = one_of("event", OutageEvent)
    outage_transition_to = one_of("to_state", OutageState)


class OutageJob(Table, db=DB):
    """A job that works on an outage."""

    id = key()
    outage = to(Outage)
    work_order = to(WorkOrder, index=False)

    outage_job_once = Unique([work_order])


class OutageTelling(Table, db=DB):
    """One round of telling followers, at a pace; `last_openid` is how far it has come."""

    id = key()
    outage = to(Outage)
    topic = text(10)
    started_at = moment()
    last_openid = text(64, null=True)
    told = whole()
    finished_at = moment(null=True)

    outage_telling_topic = one_of("topic", Topic)


TABLES = (
    Outage,
    OutageDistrict,
    OutageMembership,
    OutageTransition,
    OutageJob,
    OutageTelling,
)
