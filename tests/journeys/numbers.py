"""Whether the numbers of a lived month add up: figures, their records, closings, supervision."""

from typing import Any

import asyncpg

from tests.journeys.people import with_role
from tests.journeys.station import Station, until

_SETTLED_S = 90.0
#: Fields of a figure that a closed month keeps for ever (K3).
KEPT = ("numerator", "denominator", "excluded", "amount", "value")


async def figures_add_up(station: Station, month: str) -> dict[str, dict[str, Any]]:
    """Every indicator: its parts fit (K1), its grids add up, its records are exactly those."""
    dispatcher = with_role(station, "dispatcher")
    catalogue = (await station.api(dispatcher, "GET", "/indicators"))["items"]
    found: dict[str, dict[str, Any]] = {}
    for one in catalogue:
        name = one["name"]
        figure = await station.api(dispatcher, "GET", f"/indicators/{name}?period={month}")
        assert figure["numerator"] >= 0, name
        assert figure["denominator"] == 0 or one["unit"] != "percent" or 0 <= figure["value"] <= 1
        compared = await _all(
            station, dispatcher, f"/indicators/{name}/comparison?period={month}&by=grid"
        )
        for part in ("numerator", "denominator"):
            assert sum(line[part] for line in compared) == figure[part], (name, part, compared)
        for which, part in (("counted", "denominator"), ("hit", "numerator")):
            records = await _all(
                station, dispatcher, f"/indicators/{name}/records?period={month}&which={which}"
            )
            assert len(records) == figure[part], (name, which)
        found[name] = figure
    return found


async def _all(station: Station, who: str, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await station.api(who, "GET", f"{path}{cursor}")
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


async def month_is_closed_for_good(
    station: Station, month: str, before: dict[str, dict[str, Any]]
) -> None:
    """The schedule closed it: the figures are those of before, and say which version they are."""
    dispatcher = with_role(station, "dispatcher")

    async def closed() -> bool | None:
        period = await station.api(dispatcher, "GET", f"/indicators/periods/{month}")
        return True if period["closings"] else None

    await until(closed, _SETTLED_S, "the month is closed")
    for name, figure in before.items():
        kept = await station.api(dispatcher, "GET", f"/indicators/{name}?period={month}")
        assert {part: kept[part] for part in KEPT} == {part: figure[part] for part in KEPT}, name
        assert [one["version"] for one in kept["closed"]] == [1], name


async def every_matter_has_its_owner(station: Station) -> None:
    """Nothing is lost: events handled, each breach supervised once, every ticket told to its end."""
    connection = await asyncpg.connect(station.facts["database_url"])
    try:

        async def settled() -> bool | None:
            waiting = await connection.fetchval(
                "SELECT count(*) FROM event_delivery WHERE state <> 'handled'"
            )
            return True if waiting == 0 else None

        await until(settled, _SETTLED_S, "every event is handled")
        unsupervised = await connection.fetch(
            "SELECT c.subject, c.target, c.due_at FROM sla_clock c WHERE c.breached_at IS NOT NULL"
            " AND 1 <> (SELECT count(*) FROM supervision_order o"
            " WHERE o.clock = c.id AND o.cause = 'breach')"
        )
        assert unsupervised == [], "each breach makes exactly one supervision order (W3)"
        skipped = await connection.fetch(
            "SELECT t.number FROM ticket t WHERE t.version <>"
            " (SELECT max(h.version) FROM ticket_transition h WHERE h.ticket = t.id)"
        )
        assert skipped == [], "the history of a ticket is complete (W1)"
        failed = await connection.fetch(
            "SELECT name, last_error FROM schedule_guard WHERE last_error IS NOT NULL"
        )
        assert failed == []
    finally:
        await connection.close()


async def state_of(station: Station, ticket_id: str) -> str:
    """The state of a ticket, whoever may read it."""
    connection = await asyncpg.connect(station.facts["database_url"])
    try:
        return str(await connection.fetchval("SELECT state FROM ticket WHERE id = $1", ticket_id))
    finally:
        await connection.close()
