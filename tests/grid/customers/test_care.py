"""Tags of special care: set with consent and reason, extended, ended, shown to few."""

from datetime import date, timedelta

import pytest
from asyncpg import InsufficientPrivilegeError

from grid.customers import service
from grid.customers.care import (
    EndCareTag,
    ExtendCareTag,
    SetCareTag,
    TagEnded,
    TagHeldAlready,
    end_tag,
    extend_tag,
    set_tag,
)
from grid.customers.types import CustomerTagWord
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch, fetch_one
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import StaffActor, StaffRole
from tests.support.county import Grid, make_grid
from tests.support.homes import Home, make_account
from tests.support.staff import actor_of, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

_T = CustomerTagWord


async def place() -> tuple[Grid, Home, StaffActor]:
    grid = await make_grid()
    return grid, await make_account(grid), await actor_of(grid.manager)


def elderly(**more: object) -> SetCareTag:
    fields = {"tag": _T.SPECIAL_GROUP, "reason": "老人独居,子女在外", "consent": True, **more}
    return SetCareTag(**fields)  # type: ignore[arg-type]


async def today() -> date:
    return business_day(await business_now())


async def test_a_tag_has_owner_reason_dates_and_a_history() -> None:
    grid, home, manager = await place()
    owner = await fetch_one("SELECT employee_no FROM staff WHERE id = $1", grid.assistant)
    assert owner is not None
    command = elderly(
        owner=owner["employee_no"],
        until_day=await today() + timedelta(days=30),
        contact_name="田小明",
        contact_phone="13999990000",
        mind="耳背",
    )
    tag = await set_tag(manager, home.account_no, command)
    later = await today() + timedelta(days=400)
    await extend_tag(
        manager, home.account_no, tag.id, ExtendCareTag(until_day=later, reason="仍独居")
    )
    done = await end_tag(manager, home.account_no, tag.id, EndCareTag(reason="子女接走"))
    assert done.until_day == await today()
    row = await fetch_one("SELECT * FROM customer_tag WHERE id = $1", tag.id)
    assert row is not None
    assert (row["owner"], row["reason"], row["mind"]) == (grid.assistant, command.reason, "耳背")
    steps = await fetch("SELECT * FROM customer_tag_step ORDER BY at, id")
    assert [(one["event"], one["reason"]) for one in steps] == [
        ("set", command.reason),
        ("extend", "仍独居"),
        ("end", "子女接走"),
    ]
    assert {one["actor"] for one in steps} == {manager.subject}
    audited = await fetch("SELECT action FROM audit_entry WHERE action LIKE 'customers.tag_%'")
    assert len(audited) == 3
    with pytest.raises(InsufficientPrivilegeError):
        await execute("DELETE FROM customer_tag_step")


async def test_a_held_tag_is_not_set_again_and_an_ended_one_is() -> None:
    _, home, manager = await place()
    tag = await set_tag(manager, home.account_no, elderly())
    with pytest.raises(TagHeldAlready):
        await set_tag(manager, home.account_no, elderly())
    await end_tag(manager, home.account_no, tag.id, EndCareTag(reason="登错了"))
    with pytest.raises(TagEnded):
        await end_tag(manager, home.account_no, tag.id, EndCareTag(reason="再来"))
    again = await set_tag(manager, home.account_no, elderly())
    assert again.until_day is None
    assert (await service.account(manager, home.account_no)).tags == [_T.SPECIAL_GROUP]


@pytest.mark.parametrize("tag", [_T.SPECIAL_GROUP, _T.MEDICAL, _T.LOW_INCOME])
async def test_P1_what_says_something_of_a_life_needs_consent(tag: CustomerTagWord) -> None:
    _, home, manager = await place()
    with pytest.raises(Invalid) as refused:
        await set_tag(manager, home.account_no, elderly(tag=tag, consent=None))
    assert refused.value.field == "consent"
    business = SetCareTag(tag=_T.SMALL_BUSINESS, reason="开小卖部")
    assert (await set_tag(manager, home.account_no, business)).tag is _T.SMALL_BUSINESS


@pytest.mark.parametrize("days", [-1, 0, 5000])
async def test_a_tag_ends_after_today_and_within_ten_years(days: int) -> None:
    _, home, manager = await place()
    command = elderly(until_day=await today() + timedelta(days=days))
    with pytest.raises(Invalid) as refused:
        await set_tag(manager, home.account_no, command)
    assert refused.value.field == "until_day"


async def test_an_extension_is_later_than_what_it_extends() -> None:
    _, home, manager = await place()
    until = await today() + timedelta(days=30)
    tag = await set_tag(manager, home.account_no, elderly(until_day=until))
    with pytest.raises(Invalid):
        await extend_tag(
            manager, home.account_no, tag.id, ExtendCareTag(until_day=until, reason="延")
        )
    open_ended = await extend_tag(manager, home.account_no, tag.id, ExtendCareTag(reason="长期"))
    assert open_ended.until_day is None


async def test_marking_has_its_rights() -> None:
    grid, home, _ = await place()
    for staff_id in (grid.assistant, grid.supervisor):
        with pytest.raises(NotAllowed):
            await set_tag(await actor_of(staff_id), home.account_no, elderly())
    stranger = await actor_of((await make_grid()).manager)
    with pytest.raises(NotFound):
        await set_tag(stranger, home.account_no, elderly())
    with pytest.raises(Invalid) as refused:
        await set_tag(await actor_of(grid.manager), home.account_no, elderly(owner="NOBODY"))
    assert refused.value.field == "owner"


async def test_a_medical_tag_is_shown_to_manager_and_office_only() -> None:
    grid, home, manager = await place()
    await set_tag(manager, home.account_no, elderly(tag=_T.MEDICAL))
    await set_tag(manager, home.account_no, elderly())
    head = await make_staff(grid.station_id, roles=(StaffRole.STATION_HEAD,))
    both = [_T.MEDICAL, _T.SPECIAL_GROUP]
    for actor in (manager, await actor_of(head), await make_dispatcher(grid.station_id)):
        assert sorted((await service.account(actor, home.account_no)).tags) == both
    for staff_id in (grid.assistant, grid.supervisor):
        actor = await actor_of(staff_id)
        assert (await service.account(actor, home.account_no)).tags == [_T.SPECIAL_GROUP]
        found = await service.search(actor, q=home.account_no)
        assert [one.tags for one in found.items] == [[_T.SPECIAL_GROUP]]
