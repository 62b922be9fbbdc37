"""Promises: written when a time is told, replaced when it changes materially, judged in the end.

All of it runs in the caller's transaction; set-based, so that an outage promises to a thousand
customers with a handful of statements.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, insert_many
from grid.kit.ids import new_id
from grid.kit.outbox import Event, say
from grid.notices import tables
from grid.notices.policies import materiality
from grid.notices.rules import judge_change
from grid.notices.types import (
    Change,
    Given,
    NewPromise,
    PromiseChanged,
    PromiseMade,
    PromiseSource,
    PromiseSubject,
    PromiseToTell,
    PromiseView,
    PromiseWhat,
    PromiseWithdrawn,
    ToldBy,
)

#: Promises named by one event.
EVENT_MAX = 200

_COLUMNS = (
    "id",
    "whom",
    "what",
    "subject",
    "subject_id",
    "source",
    "channel",
    "ticket_id",
    "account",
    "openid",
    "promised_at",
    "made_at",
    "told_at",
    "is_estimate",
)
#: A promise that still stands: told, not replaced, not withdrawn, not come about.
STANDS = "NOT is_estimate AND replaced_by IS NULL AND withdrawn_at IS NULL AND happened_at IS NULL"


async def promise(new: NewPromise) -> Given:
    """Promise one time; see `promise_many`."""
    return (await promise_many([new]))[0]


async def promise_many(news: Sequence[NewPromise]) -> list[Given]:
    """Promise times inside the running transaction, each judged beside what was told before.

    The first time is told, and a material change; a small one is kept as an estimate, and the
    customer goes on counting on what was told. A change for somebody whom no message reaches stays
    an estimate too. The answers come in the order of `news`, which names each holder once.
    """
    if not news:
        return []
    now = await business_now()
    standing = await _standing(news)
    limits = await materiality(now)
    given: list[Given] = []
    rows: list[tuple[object, ...]] = []
    replaced: list[tuple[UUID, UUID]] = []
    for new in news:
        old = standing.get((new.whom, new.what, new.subject_id))
        change = judge_change(None if old is None else old[1], new.promised_at, now, limits)
        if change is Change.MATERIAL and not new.can_be_sent:
            change = Change.SMALL
        if old is not None and change is Change.SAME:
            given.append(Given(change, old[0], old[1]))
            continue
        row = _row(new, now, is_estimate=change is Change.SMALL)
        rows.append(row)
        fresh = UUID(str(row[0]))
        if old is not None and change is Change.SMALL:
            given.append(Given(change, old[0], old[1]))
            continue
        if old is not None:
            replaced.append((old[0], fresh))
        given.append(Given(change, fresh, new.promised_at))
    await _replace(replaced)
    await insert_many(tables.Promise, _COLUMNS, rows)
    await _say_given(news, given)
    return given


async def _standing(
    news: Sequence[NewPromise],
) -> dict[tuple[str, PromiseWhat, UUID], tuple[UUID, datetime]]:
    """What each holder was told last and still counts on, locked."""
    rows = await fetch(
        "SELECT p.id, p.whom, p.what, p.subject_id, p.promised_at FROM promise p"  # noqa: S608
        " JOIN unnest($1::text[], $2::text[], $3::uuid[]) AS n(whom, what, subject_id)"
        " ON n.whom = p.whom AND n.what = p.what AND n.subject_id = p.subject_id"
        f" WHERE {STANDS} ORDER BY p.id FOR UPDATE OF p",
        [new.whom for new in news],
        [new.what.value for new in news],
        [new.subject_id for new in news],
    )
    return {
        (row["whom"], PromiseWhat(row["what"]), row["subject_id"]): (row["id"], row["promised_at"])
        for row in rows
    }


def _row(new: NewPromise, now: datetime, *, is_estimate: bool) -> tuple[object, ...]:
    return (
        new_id(),
        new.whom,
        new.what.value,
        new.subject.value,
        new.subject_id,
        new.source.value,
        new.channel.value,
        new.ticket_id,
        new.account_id,
        new.openid,
        new.promised_at,
        now,
        now if new.is_told and not is_estimate else None,
        is_estimate,
    )


async def _replace(pairs: Sequence[tuple[UUID, UUID]]) -> None:
    if pairs:
        await execute(
            "UPDATE promise p SET replaced_by = n.fresh"
            " FROM unnest($1::uuid[], $2::uuid[]) AS n(old, fresh) WHERE p.id = n.old",
            [old for old, _ in pairs],
            [fresh for _, fresh in pairs],
        )


async def _say_given(news: Sequence[NewPromise], given: Sequence[Given]) -> None:
    pairs = [
        (one.change, one.promise_id)
        for new, one in zip(news, given, strict=True)
        if not new.is_told and new.openid is not None
    ]
    await _say_all(PromiseMade, [found for change, found in pairs if change is Change.FIRST])
    await _say_all(PromiseChanged, [found for change, found in pairs if change is Change.MATERIAL])


async def _say_all(
    event: type[PromiseMade] | type[PromiseChanged] | type[PromiseWithdrawn],
    promise_ids: Sequence[UUID],
) -> None:
    for start in range(0, len(promise_ids), EVENT_MAX):
        said: Event = event(promise_ids=list(promise_ids[start : start + EVENT_MAX]))
        await say(said)


async def told(promise_ids: Sequence[UUID]) -> None:
    """The customers were told: the message is on its way."""
    await execute(
        "UPDATE promise SET told_at = $2 WHERE id = ANY($1::uuid[]) AND told_at IS NULL"
        " AND NOT is_estimate",
        list(promise_ids),
        await business_now(),
    )


async def happened(ticket_id: UUID, what: PromiseWhat, at: datetime) -> None:
    """What was promised about a ticket came about: every time that was told is judged by it."""
    await execute(f"{_HAPPENED} WHERE ticket_id = $1 AND {_JUDGED}", ticket_id, what.value, at)


async def happened_to_all(subject_id: UUID, what: PromiseWhat, at: datetime) -> None:
    """The same for everybody without a ticket who was told about an outage."""
    await execute(
        f"{_HAPPENED} WHERE subject_id = $1 AND ticket_id IS NULL AND {_JUDGED}",
        subject_id,
        what.value,
        at,
    )


_HAPPENED = (
    "UPDATE promise SET happened_at = $3, kept = coalesce(kept, $3 <= promised_at),"
    " kept_at = coalesce(kept_at, $3)"
)
_JUDGED = "what = $2 AND NOT is_estimate AND withdrawn_at IS NULL AND happened_at IS NULL"


async def withdraw(ticket_id: UUID, subject_id: UUID | None = None) -> None:
    """What was promised about a ticket does not apply any more; it is neither kept nor broken."""
    await execute(
        f"UPDATE promise SET withdrawn_at = $3 WHERE {STANDS} AND kept IS NULL"  # noqa: S608
        " AND ticket_id = $1 AND ($2::uuid IS NULL OR subject_id = $2)",
        ticket_id,
        subject_id,
        await business_now(),
    )


async def withdraw_from_all(subject_id: UUID) -> int:
    """What was promised to people without a ticket is off; they are told. Gives how many."""
    rows = await fetch(
        f"UPDATE promise SET withdrawn_at = $2 WHERE {STANDS}"  # noqa: S608
        " AND subject_id = $1 AND ticket_id IS NULL RETURNING id",
        subject_id,
        await business_now(),
    )
    await _say_all(PromiseWithdrawn, [row["id"] for row in rows])
    return len(rows)


async def break_overdue(limit: int) -> int:
    """Times that passed without what was promised are broken from then on; gives how many."""
    now = await business_now()
    return await execute(
        "UPDATE promise SET kept = false, kept_at = promised_at WHERE id IN ("  # noqa: S608
        f" SELECT id FROM promise WHERE {STANDS} AND kept IS NULL AND promised_at < $1"
        " ORDER BY promised_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now,
        limit,
    )


async def to_tell(promise_ids: Sequence[UUID]) -> list[PromiseToTell]:
    """The promises of an event as they stand, for the door that tells them."""
    rows = await fetch(
        f"SELECT *, {STANDS} AS stands FROM promise WHERE id = ANY($1::uuid[]) ORDER BY id",  # noqa: S608
        list(promise_ids),
    )
    return [
        PromiseToTell(
            row["id"],
            PromiseWhat(row["what"]),
            PromiseSubject(row["subject"]),
            row["subject_id"],
            PromiseSource(row["source"]),
            row["promised_at"],
            row["ticket_id"],
            row["openid"],
            row["told_at"],
            row["stands"],
        )
        for row in rows
    ]


async def promises_of(ticket_id: UUID, limit: int) -> list[PromiseView]:
    """Every time told about a ticket, and every estimate, the newest first."""
    rows = await fetch(
        "SELECT * FROM promise WHERE ticket_id = $1 ORDER BY made_at DESC, id DESC LIMIT $2",
        ticket_id,
        limit,
    )
    return [
        PromiseView(
            id=row["id"],
            what=PromiseWhat(row["what"]),
            subject=PromiseSubject(row["subject"]),
            subject_id=row["subject_id"],
            source=PromiseSource(row["source"]),
            channel=ToldBy(row["channel"]),
            promised_at=row["promised_at"],
            made_at=row["made_at"],
            told_at=row["told_at"],
            is_estimate=row["is_estimate"],
            replaced_by=row["replaced_by"],
            withdrawn_at=row["withdrawn_at"],
            kept=row["kept"],
            kept_at=row["kept_at"],
        )
        for row in rows
    ]
