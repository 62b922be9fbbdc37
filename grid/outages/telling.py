"""Telling followers of a planned outage, once and at a pace; and its children when times change.

Nothing is sent here: a promise is written, and the door that reaches the customer hears of it.
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.notices.promises import promise_many
from grid.notices.types import (
    Change,
    NewPromise,
    PromiseSource,
    PromiseSubject,
    PromiseWhat,
    ToldBy,
)
from grid.outages import tables
from grid.outages.policies import pace
from grid.outages.words import EtrSource, OutageState, Topic

#: Followers told in one batch.
BATCH = 200

_SOURCES = {
    EtrSource.PLAN: PromiseSource.OUTAGE,
    EtrSource.DISPATCHER: PromiseSource.DISPATCHER,
    EtrSource.CREW: PromiseSource.CREW,
}
_FOLLOWERS = """
SELECT l.openid, (array_agg(a.id ORDER BY a.account_no))[1] AS account
FROM outage_district d JOIN service_account a ON a.district = d.district AND a.state = 'active'
JOIN wechat_link l ON l.account = a.id AND l.unbound_at IS NULL
LEFT JOIN wechat_follower f ON f.openid = l.openid
WHERE d.outage = $1 AND d.removed_at IS NULL AND f.unfollowed_at IS NULL
  AND ($2::varchar IS NULL OR l.openid > $2)
GROUP BY l.openid ORDER BY l.openid LIMIT $3
"""


def restore_promise(
    outage: Record, ticket: Record | None, openid: str | None, account_id: UUID | None
) -> NewPromise:
    """When supply is back, for a child's reporter or (no ticket) for a follower. The ETR is set."""
    return NewPromise(
        what=PromiseWhat.RESTORE,
        subject=PromiseSubject.OUTAGE,
        subject_id=outage["id"],
        source=_SOURCES[EtrSource(outage["etr_source"])],
        promised_at=outage["etr"],
        channel=ToldBy.PHONE if openid is None else ToldBy.WECHAT,
        ticket_id=None if ticket is None else ticket["id"],
        account_id=account_id,
        openid=openid,
    )


async def begin_telling(outage_id: UUID, topic: Topic, now: datetime) -> None:
    """Want the followers inside told, in a round of their own behind those that still run."""
    await insert(
        tables.OutageTelling,
        id=new_id(),
        outage=outage_id,
        topic=topic.value,
        started_at=now,
        told=0,
    )


async def tell_children(outage_id: UUID) -> int:
    """The time of supply changed: tell each child that still waits; gives how many are told."""
    outage = await fetch_one("SELECT * FROM outage WHERE id = $1", outage_id)
    assert outage is not None, "the caller has it locked"
    rows = await fetch(
        "SELECT t.id, t.openid, t.account FROM outage_membership m JOIN ticket t ON t.id = m.ticket"
        " WHERE m.outage = $1 AND m.state = 'joined' ORDER BY t.id",
        outage_id,
    )
    news = [restore_promise(outage, row, row["openid"], row["account"]) for row in rows]
    given = await promise_many(news)
    return sum(one.change in (Change.FIRST, Change.MATERIAL) for one in given)


async def tell_next_batch() -> int:
    """Tell the next followers of the oldest round; gives how many were looked at.

    Who was told the same, or nearly the same, is not told again; so a round may be done twice.
    """
    async with transaction():
        telling = await fetch_one(
            "SELECT * FROM outage_telling WHERE finished_at IS NULL ORDER BY id LIMIT 1"
            " FOR UPDATE SKIP LOCKED"
        )
        if telling is None:
            return 0
        now = await business_now()
        outage = await fetch_one("SELECT * FROM outage WHERE id = $1 FOR SHARE", telling["outage"])
        assert outage is not None, "the round refers to it"
        if not _is_news(outage, now):
            await _moved_on(telling, 0, None, now)
            return 0
        limit = min(BATCH, await _budget(now))
        if limit <= 0:
            return 0
        rows = await fetch(_FOLLOWERS, outage["id"], telling["last_openid"], limit)
        await promise_many(
            [restore_promise(outage, None, row["openid"], row["account"]) for row in rows]
        )
        last = rows[-1]["openid"] if len(rows) == limit else None
        await _moved_on(telling, len(rows), last, now)
        return len(rows)


def _is_news(outage: Record, now: datetime) -> bool:
    """Whether there is still something to wait for."""
    alive = (OutageState.PLANNED, OutageState.CONFIRMED, OutageState.RESTORING)
    return outage["state"] in alive and outage["etr"] is not None and outage["etr"] > now


async def _budget(now: datetime) -> int:
    allowed = await pace(now)
    spent: int = await fetch_value(
        "SELECT count(*) FROM promise WHERE subject = 'outage' AND ticket_id IS NULL"
        " AND NOT is_estimate AND made_at > $1",
        now - allowed.within,
    )
    return allowed.messages - spent


async def _moved_on(telling: Record, count: int, last: str | None, now: datetime) -> None:
    await execute(
        "UPDATE outage_telling SET told = told + $2, last_openid = coalesce($3, last_openid),"
        " finished_at = $4 WHERE id = $1",
        telling["id"],
        count,
        last,
        now if last is None else None,
    )
