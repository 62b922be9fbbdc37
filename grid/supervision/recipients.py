"""Who can be asked at each level, without those whom the order is about."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from grid.kit.database import fetch
from grid.supervision.rules import COUNTY_ROLES, STATION_ROLES
from grid.supervision.types import Level

_IN_FORCE = "p.from_day <= $4 AND (p.until_day IS NULL OR p.until_day > $4)"
_PERSON = "JOIN staff s ON s.id = p.staff AND s.state = 'active' AND s.id <> ALL($5::uuid[])"

_PEOPLE = (
    f"SELECT 'grid' AS level, s.id, s.name FROM grid_appointment p {_PERSON}"  # noqa: S608 - ours
    f" WHERE NOT $3 AND p.grid = $1 AND p.role = 'supervisor' AND {_IN_FORCE}"
    f" UNION SELECT 'station', s.id, s.name FROM staff_role_grant p {_PERSON}"
    f" WHERE NOT $3 AND p.station = $2 AND p.role = ANY($6::text[]) AND {_IN_FORCE}"
    f" UNION SELECT 'county', s.id, s.name FROM staff_role_grant p {_PERSON}"
    " WHERE p.station IS NULL AND p.role = ANY($7::text[]) AND (NOT $3 OR p.role = 'auditor')"
    f" AND {_IN_FORCE} ORDER BY 1, 3"
)


async def people_of(
    grid_id: UUID | None,
    station_id: UUID | None,
    sealed: bool,
    kept_out: Collection[UUID],
    on: date,
) -> dict[Level, dict[UUID, str]]:
    """Staff id and name of everybody who can be asked on a day, by level; one statement.

    The grid's supervisors (PostgreSQL keeps them from being its manager, S5), the station's head
    and dispatchers, the county's; of what is sealed only the county's auditors.
    """
    rows = await fetch(
        _PEOPLE,
        grid_id,
        station_id,
        sealed,
        on,
        list(kept_out),
        sorted(role.value for role in STATION_ROLES),
        sorted(role.value for role in COUNTY_ROLES),
    )
    found: dict[Level, dict[UUID, str]] = {level: {} for level in Level}
    for row in rows:
        found[Level(row["level"])][row["id"]] = row["name"]
    return found
