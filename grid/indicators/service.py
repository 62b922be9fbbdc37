"""Months closed and recalculated: asked for by one person, confirmed by another, never edited.

The schedule closes a month some days after its end. By hand it takes two people: the first call
asks, the same call by somebody else confirms. A recalculation is a further version with its reason;
the older ones stay readable (K3).
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.indicators.keeping import keep, last_version, one_at_a_time
from grid.indicators.periods import Period, PeriodKind, period_named
from grid.indicators.tables import IndicatorRequest
from grid.indicators.types import (
    ChangePeriod,
    ClosingView,
    PeriodVerb,
    PeriodView,
    RequestState,
    RequestView,
)
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, insert, transaction
from grid.kit.dated_settings import SamePerson
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, require, visible
from grid.territory.types import Actor, SystemActor

#: Closings of one month that are shown.
_SHOWN = 50
CLOSING = SystemActor(name="indicators")


class PeriodNotOver(Refusal):
    """Figures of a month that is still going on cannot be fixed."""

    title = "这个月还没有结束,不能封账"


class PeriodClosedAlready(Refusal):
    """The month is closed; what changed since is a recalculation with a reason."""

    title = "这个月已经封账,要改只能重新计算并说明原因"


class PeriodNotClosed(Refusal):
    """Only a closed month can be recalculated; an open one is read as it stands."""

    title = "这个月还没有封账,不用重新计算"


class OtherRequestWaits(Refusal):
    """Somebody asked for something else first; it is confirmed or withdrawn before."""

    title = "这个月已有别的申请在等确认"


async def period(actor: Actor, name: str) -> PeriodView:
    """A month's closings and what waits for confirmation. Raises NotAllowed, Invalid."""
    require(actor, Action.READ_INDICATORS)
    return await _view(_month(name))


async def change_period(
    actor: Actor, name: str, verb: PeriodVerb, command: ChangePeriod
) -> PeriodView:
    """Ask for, or as a second person confirm, a closing or recalculation; or take it back.

    Raises NotAllowed, Invalid naming `period`, PeriodNotOver, PeriodClosedAlready, PeriodNotClosed,
    OtherRequestWaits, SamePerson, NotFound (nothing to take back).
    """
    if not visible(actor, Action.CLOSE_PERIODS).everything:
        raise NotAllowed("只有县公司的稽查员、负责人可以封账", action=Action.CLOSE_PERIODS.value)
    month = _month(name)
    async with transaction():
        await one_at_a_time(month)
        waiting = await _waiting(month)
        if verb is PeriodVerb.WITHDRAW:
            await _withdraw(actor, waiting)
        else:
            await _check(month, verb)
            if waiting is None:
                await _ask(actor, month, verb, command)
            else:
                await _confirm(actor, month, verb, waiting)
        await audit.record(f"indicator.{verb.value}", f"period:{month.name}")
        return await _view(month)


async def close_by_schedule(month: Period) -> bool:
    """Close a month that is over and still open; False when somebody did before."""
    async with transaction():
        await one_at_a_time(month)
        if await last_version(month):
            return False
        now = await business_now()
        await keep(month, now, CLOSING.subject, None, "按期自动封账")
        await execute(
            "UPDATE indicator_request SET state = 'withdrawn', decided_by = $2, decided_at = $3"
            " WHERE period = $1 AND state = 'asked'",
            month.name,
            CLOSING.subject,
            now,
        )
        return True


def _month(name: str) -> Period:
    found = period_named(name)
    if found.kind is not PeriodKind.MONTH:
        raise Invalid("period", "封账以月为单位,例如 2026-11")
    return found


async def _check(month: Period, verb: PeriodVerb) -> None:
    closed = await last_version(month) > 0
    if verb is PeriodVerb.CLOSE:
        if closed:
            raise PeriodClosedAlready()
        if await business_now() < month.until_at:
            raise PeriodNotOver()
    elif not closed:
        raise PeriodNotClosed()


async def _waiting(month: Period) -> Record | None:
    return await fetch_one(
        "SELECT * FROM indicator_request WHERE period = $1 AND state = 'asked'", month.name
    )


async def _ask(actor: Actor, month: Period, verb: PeriodVerb, command: ChangePeriod) -> None:
    await insert(
        IndicatorRequest,
        id=new_id(),
        period=month.name,
        verb=verb.value,
        reason=command.reason,
        state=RequestState.ASKED.value,
        asked_by=actor.subject,
        asked_at=await business_now(),
    )


async def _confirm(actor: Actor, month: Period, verb: PeriodVerb, waiting: Record) -> None:
    if waiting["verb"] != verb.value:
        raise OtherRequestWaits()
    if waiting["asked_by"] == actor.subject:
        raise SamePerson()
    now = await business_now()
    await keep(month, now, waiting["asked_by"], actor.subject, waiting["reason"])
    await _decide(waiting["id"], RequestState.DONE, actor, now)


async def _withdraw(actor: Actor, waiting: Record | None) -> None:
    if waiting is None:
        raise NotFound("没有等待确认的申请")
    await _decide(waiting["id"], RequestState.WITHDRAWN, actor, await business_now())


async def _decide(request_id: UUID, state: RequestState, actor: Actor, now: datetime) -> None:
    await execute(
        "UPDATE indicator_request SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1",
        request_id,
        state.value,
        actor.subject,
        now,
    )


#: How many indicators' records differ from the version before.
_CHANGED = (
    "(SELECT count(*) FROM indicator_sum n JOIN indicator_period b ON b.period = p.period"
    " AND b.version = p.version - 1 LEFT JOIN indicator_sum o ON o.closing = b.id"
    " AND o.indicator = n.indicator WHERE n.closing = p.id AND o.digest IS DISTINCT FROM n.digest)"
)


async def _view(month: Period) -> PeriodView:
    rows = await fetch(
        f"SELECT p.*, {_CHANGED} AS changed FROM indicator_period p WHERE p.period = $1"  # noqa: S608
        " ORDER BY p.version DESC LIMIT $2",
        month.name,
        _SHOWN,
    )
    waiting = await _waiting(month)
    return PeriodView(
        period=month.name,
        closings=[
            ClosingView(**{name: row[name] for name in ClosingView.__struct_fields__})
            for row in rows
        ],
        asked=None
        if waiting is None
        else RequestView(
            verb=PeriodVerb(waiting["verb"]),
            reason=waiting["reason"],
            asked_by=waiting["asked_by"],
            asked_at=waiting["asked_at"],
        ),
    )
