"""Whom a policy would touch: the open matters that would have another limit under it."""

from typing import NamedTuple

from grid.clocks.policies import Facts, chosen, policies_of
from grid.clocks.policy_changes import as_policy, check_policy
from grid.clocks.policy_types import AffectedView, ProposePolicy
from grid.clocks.types import Limit
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor
from grid.work_orders.words import WorkOrderKind

#: Groups of open matters that are alike; a county has some hundreds.
_GROUPS_MAX = 20_000

_TAGS = (
    "(SELECT coalesce(array_agg(DISTINCT g.tag ORDER BY g.tag), '{{}}') FROM customer_tag g"
    " WHERE g.account = {matter}.account AND g.from_day <= $3"
    " AND (g.until_day IS NULL OR g.until_day > $3))"
)
_FROZEN = (
    " JOIN sla_clock c ON c.subject_id = {matter}.id AND c.target = $2"
    " AND c.stopped_at IS NULL AND c.given_up_at IS NULL"
)
_JOBS = (
    "SELECT w.place_class, w.priority, s.code AS station_code, "  # noqa: S608 - our names
    + _TAGS.format(matter="w")
    + " AS tags, c.limit_s, c.hours, count(*) AS matters FROM work_order w"
    + _FROZEN.format(matter="w")
    + " LEFT JOIN supply_station s ON s.id = w.station WHERE w.kind = $1"
    " AND w.state NOT IN ('completed', 'cannot_complete', 'cancelled', 'closed')"
    " GROUP BY 1, 2, 3, 4, 5, 6 LIMIT $4"
)
#: A ticket's place class is that of its account; where nobody knows the place, the country's.
_TICKETS = (
    "SELECT coalesce(a.place_class, 'rural') AS place_class,"  # noqa: S608 - our names
    " CASE WHEN t.danger THEN 'danger' ELSE 'normal' END AS priority, s.code AS station_code, "
    + _TAGS.format(matter="t")
    + " AS tags, c.limit_s, c.hours, count(*) AS matters FROM ticket t"
    + _FROZEN.format(matter="t")
    + " LEFT JOIN service_account a ON a.id = t.account"
    " LEFT JOIN supply_station s ON s.id = t.station WHERE t.kind = $1 AND t.closed_at IS NULL"
    " GROUP BY 1, 2, 3, 4, 5, 6 LIMIT $4"
)


class _Group(NamedTuple):
    """Open matters that are alike, with the limit that they have for the target."""

    facts: Facts
    limit_s: int
    hours: str
    matters: int


async def affected(actor: StaffActor, command: ProposePolicy) -> AffectedView:
    """Count the open matters that would have another limit. Raises NotAllowed, Invalid."""
    require(actor, Action.PROPOSE_POLICIES)
    check_policy(command)
    now = await business_now()
    is_job = command.kind in list(WorkOrderKind)
    rows = await fetch(
        _JOBS if is_job else _TICKETS,
        command.kind,
        command.target.value,
        business_day(now),
        _GROUPS_MAX,
    )
    groups = [
        _Group(
            Facts(
                command.kind,
                row["place_class"],
                row["priority"],
                tuple(row["tags"]),
                row["station_code"],
            ),
            row["limit_s"],
            row["hours"],
            int(row["matters"]),
        )
        for row in rows
    ]
    known = [
        *await policies_of(command.kind, command.effective_from or now),
        as_policy(command, now),
    ]
    other = [one.matters for one in groups if _differs(one, chosen(known, one.facts), command)]
    return AffectedView(open_matters=sum(one.matters for one in groups), other_limit=sum(other))


def _differs(group: _Group, limits: list[Limit], command: ProposePolicy) -> bool:
    """Whether the limit under the policy is another than the one that was frozen."""
    wanted = next((one for one in limits if one.target is command.target), None)
    return wanted is not None and (wanted.limit_s, wanted.hours) != (group.limit_s, group.hours)
