"""The ledger of promises: told once, changed when it matters, judged by what happened."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.ids import new_id
from grid.notices.promises import (
    EVENT_MAX,
    break_overdue,
    happened,
    happened_to_all,
    promise,
    promise_many,
    promises_of,
    told,
    withdraw,
    withdraw_from_all,
)
from grid.notices.types import (
    Change,
    NewPromise,
    PromiseSource,
    PromiseSubject,
    PromiseWhat,
    ToldBy,
)
from tests.support.counting import counted

pytestmark = pytest.mark.usefixtures("rolled_back")


async def new(ticket_id: UUID, minutes: int, **more: object) -> NewPromise:
    base = NewPromise(
        what=PromiseWhat.RESTORE,
        subject=PromiseSubject.OUTAGE,
        subject_id=ticket_id,
        source=PromiseSource.DISPATCHER,
        promised_at=await business_now() + timedelta(minutes=minutes),
        channel=ToldBy.WECHAT,
        ticket_id=ticket_id,
        openid="o-1",
    )
    return base._replace(**more)


async def said(kind: str) -> list[str]:
    rows = await fetch(
        "SELECT body FROM outbox_event WHERE kind = $1 ORDER BY id", f"notices.{kind}"
    )
    return [one for row in rows for one in msgspec.json.decode(row["body"])["promise_ids"]]


async def test_the_first_time_is_told_and_the_same_again_is_not() -> None:
    ticket = new_id()
    first = await new(ticket, 60)
    given = await promise(first)
    assert given.change is Change.FIRST
    assert (await promise(first)).change is Change.SAME
    assert await said("PromiseMade") == [str(given.promise_id)]
    assert await fetch_value("SELECT count(*) FROM promise") == 1


async def test_small_slips_are_kept_as_estimates_and_add_up() -> None:
    ticket = new_id()
    first = await promise(await new(ticket, 60))
    for minutes in (66, 72):
        small = await promise(await new(ticket, minutes))
        assert (small.change, small.promise_id) == (Change.SMALL, first.promise_id)
        assert small.promised_at == first.promised_at
    changed = await promise(await new(ticket, 78))
    assert changed.change is Change.MATERIAL
    assert await said("PromiseChanged") == [str(changed.promise_id)]
    views = await promises_of(ticket, 10)
    assert [view.is_estimate for view in views] == [False, True, True, False]
    assert views[-1].replaced_by == changed.promise_id


async def test_who_no_message_reaches_goes_on_counting_on_what_was_told() -> None:
    ticket = new_id()
    by_phone = await new(ticket, 60, openid=None, channel=ToldBy.PHONE, is_told=True)
    first = await promise(by_phone)
    much_later = by_phone.promised_at + timedelta(hours=5)
    later = await promise(by_phone._replace(is_told=False, promised_at=much_later))
    assert (later.change, later.promised_at) == (Change.SMALL, first.promised_at)
    assert await said("PromiseMade") == await said("PromiseChanged") == []


async def test_told_at_is_when_somebody_told_it() -> None:
    ticket = new_id()
    given = await promise(await new(ticket, 60))
    (view,) = await promises_of(ticket, 10)
    assert view.told_at is None
    await told([given.promise_id])
    (view,) = await promises_of(ticket, 10)
    assert view.told_at is not None


@pytest.mark.parametrize(("after_min", "kept"), [(59, True), (61, False)])
async def test_what_happened_judges_every_time_that_was_told(after_min: int, kept: bool) -> None:
    ticket = new_id()
    first = await new(ticket, 60)
    await promise(first)
    await promise(first._replace(promised_at=first.promised_at + timedelta(minutes=5)))
    came = first.promised_at + timedelta(minutes=after_min - 60)
    await happened(ticket, PromiseWhat.ARRIVE, came)
    assert {view.kept for view in await promises_of(ticket, 10)} == {None}
    await happened(ticket, PromiseWhat.RESTORE, came)
    views = await promises_of(ticket, 10)
    assert [view.kept for view in views] == [None, kept], "an estimate was told to nobody"
    assert views[1].kept_at == came


async def test_a_replaced_promise_is_judged_by_its_own_time() -> None:
    ticket = new_id()
    first = await new(ticket, 30)
    await promise(first)
    await promise(first._replace(promised_at=first.promised_at + timedelta(hours=1)))
    await happened(ticket, PromiseWhat.RESTORE, first.promised_at + timedelta(minutes=30))
    assert [view.kept for view in await promises_of(ticket, 10)] == [True, False]


async def test_a_time_that_passed_is_broken_and_stays_so() -> None:
    ticket = new_id()
    first = await new(ticket, 30)
    await promise(first)
    assert await break_overdue(100) == 0
    await advance(31 * 60)
    assert await break_overdue(100) == 1
    assert await break_overdue(100) == 0
    later = await promise(await new(ticket, 60))
    assert later.change is Change.MATERIAL
    await happened(ticket, PromiseWhat.RESTORE, await business_now())
    assert [view.kept for view in await promises_of(ticket, 10)] == [True, False]


async def test_what_is_withdrawn_is_neither_kept_nor_broken() -> None:
    ticket = new_id()
    await promise(await new(ticket, 30))
    await withdraw(ticket)
    await advance(31 * 60)
    assert await break_overdue(100) == 0
    await happened(ticket, PromiseWhat.RESTORE, await business_now())
    (view,) = await promises_of(ticket, 10)
    assert (view.kept, view.withdrawn_at is None) == (None, False)


async def test_a_thousand_followers_cost_a_handful_of_statements() -> None:
    outage = new_id()
    one = (await new(outage, 60))._replace(ticket_id=None)
    news = [one._replace(openid=f"o-{number:05d}") for number in range(450)]
    async with counted() as few:
        await promise_many(news)
    first = len(few)
    later = [each._replace(promised_at=each.promised_at + timedelta(hours=2)) for each in news]
    async with counted() as again:
        await promise_many(later)
    assert first <= 8
    assert len(again) <= 9
    events = await fetch("SELECT body FROM outbox_event WHERE kind = 'notices.PromiseChanged'")
    assert [len(msgspec.json.decode(row["body"])["promise_ids"]) for row in events] == [
        EVENT_MAX,
        EVENT_MAX,
        50,
    ]
    await happened_to_all(outage, PromiseWhat.RESTORE, one.promised_at)
    kept = await fetch_value("SELECT count(*) FROM promise WHERE kept")
    assert kept == 900
    await execute("UPDATE promise SET happened_at = NULL, kept = NULL, kept_at = NULL")
    assert await withdraw_from_all(outage) == 450
    assert len(await said("PromiseWithdrawn")) == 450
