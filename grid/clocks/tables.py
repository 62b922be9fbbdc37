"""What is stored of clocks: limits frozen at intake, pauses, and the policies by date."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.clocks.types import Hours, PauseReason, PauseState, Subject, Target
from grid.kit.columns import json, key, moment, one_of, small, text, uuid, whole, yes_no
from grid.kit.database import DB


class SlaClock(Table, db=DB):
    """One promise of one matter. `round` counts offers of a job, and reopenings.

    The limit is the one in force at intake. `due_at` and `warn_at` are what the pure rule says of
    start, limit, pauses and calendar; they are stored anew whenever one of these changes, so that
    lists can be sorted and breaches found. `started_at` null: not begun yet. `stale`: the calendar
    changed under it, and it waits to be reckoned anew.
    """

    id = key()
    subject = text(12)
    subject_id = uuid()
    target = text(16)
    round = small()
    limit_s = whole()
    hours = text(10)
    warn_percent = small(null=True)
    source = text(200)
    started_at = moment(null=True)
    stopped_at = moment(null=True)
    given_up_at = moment(null=True)
    due_at = moment(null=True)
    warn_at = moment(null=True)
    warned_at = moment(null=True)
    breached_at = moment(null=True)
    stale = yes_no(default=False)

    sla_clock_once = Unique([subject_id, target, round])
    sla_clock_subject = one_of("subject", Subject)
    sla_clock_target = one_of("target", Target)
    sla_clock_hours = one_of("hours", Hours)
    sla_clock_limit = Check(
        "limit_s > 0 AND (warn_percent IS NULL OR warn_percent BETWEEN 1 AND 99)"
    )


class SlaPause(Table, db=DB):
    """The clocks of a matter stand still from `from_at` until `ended_at`, or the box's end.

    `targets`: which clocks, as the reason's rule said when it was asked for.
    """

    id = key()
    subject = text(12)
    subject_id = uuid(index=True)
    reason = text(24)
    words = text(500)
    targets = json()
    state = text(10)
    from_at = moment()
    box_until = moment(index=True)
    ended_at = moment(null=True)
    requested_by = text(80)
    requested_at = moment()
    decided_by = text(80, null=True)
    decided_at = moment(null=True)
    decision = text(500, null=True)

    sla_pause_subject = one_of("subject", Subject)
    sla_pause_reason = one_of("reason", PauseReason)
    sla_pause_state = one_of("state", PauseState)
    sla_pause_box = Check("box_until > from_at")
    sla_pause_two_people = Check("decided_by IS NULL OR decided_by <> requested_by")


class SlaPolicy(Table, db=DB):
    """A limit by kind of matter and target, narrowed by what is not null, in force from a moment.

    A row is never edited: a later one supersedes it. Proposed by one person, released by another.
    """

    id = key()
    kind = text(24)
    target = text(16)
    station_code = text(20, null=True)
    place_class = text(10, null=True)
    priority = text(10, null=True)
    tag = text(20, null=True)
    limit_s = whole()
    hours = text(10)
    warn_percent = small(null=True)
    source = text(200)
    effective_from = moment()
    state = text(10)
    proposed_by = text(80)
    proposed_at = moment()
    released_by = text(80, null=True)
    released_at = moment(null=True)

    sla_policy_target = one_of("target", Target)
    sla_policy_hours = one_of("hours", Hours)
    sla_policy_limit = Check("limit_s BETWEEN 60 AND 31622400")
    sla_policy_state = Check("state IN ('proposed', 'released', 'withdrawn')")
    sla_policy_two_people = Check("released_by IS NULL OR released_by <> proposed_by")


TABLES = (SlaClock, SlaPause, SlaPolicy)
