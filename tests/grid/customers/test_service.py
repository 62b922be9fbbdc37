"""Finding and reading customers within what a post reaches."""

import pytest

from grid.customers.service import account, search
from grid.customers.types import AccountSummary, CustomerTagWord
from grid.geography.types import Place
from grid.kit.database import connection_of_transaction, fetch, insert
from grid.kit.ids import new_id
from grid.kit.pages import Page, encode_cursor
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.tables import RelativeAccount
from grid.territory.types import Actor, CustomerActor, GridRole, StaffActor, StaffRole
from tests.grid.customers.households import Grounds, add_account, add_grounds
from tests.grid.territory.county import actor, add_staff

pytestmark = pytest.mark.usefixtures("rolled_back")


async def dispatcher() -> StaffActor:
    staff = await add_staff("E0100")
    return actor(staff, "E0100", roles=((StaffRole.DISPATCHER, None),))


async def of_grid(grounds: Grounds, role: GridRole) -> StaffActor:
    staff = await add_staff("E0200")
    return actor(staff, "E0200", grid_roles=((role, grounds.near_grid, grounds.station),))


def numbers(page: Page[AccountSummary]) -> list[str]:
    return [line.account_no for line in page.items]


@pytest.mark.parametrize(
    "q",
    [
        "4200000001",
        "00000001",
        "田文光",
        "文光",
        "twg",
        "TWG",
        "13812345678",
        "大溪村01号",
        "M4200000001",
        "m42000",
    ],
)
async def test_a_customer_is_found_by_each_of_the_six(q: str) -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001", "田文光")
    await add_account(grounds, "4299999999", "覃章霞", phone="15900000000", meter_no="X1", far=True)
    assert numbers(await search(await dispatcher(), q)) == ["4200000001"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "' OR 1=1 --", "没有这个人", "é"])
async def test_what_is_typed_is_never_a_pattern(q: str) -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001")
    assert numbers(await search(await dispatcher(), q)) == []


@pytest.mark.parametrize("q", ["x" * 61, "a\x00b", "a\nb"])
async def test_an_impossible_query_is_refused_by_name(q: str) -> None:
    with pytest.raises(Invalid) as refused:
        await search(await dispatcher(), q)
    assert refused.value.field == "q"


async def test_P1_a_grid_role_finds_its_grid_only() -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001")
    await add_account(grounds, "4200000002", far=True)
    manager = await of_grid(grounds, GridRole.MANAGER)
    assert numbers(await search(manager, "田文光")) == ["4200000001"]
    assert numbers(await search(manager)) == ["4200000001"]
    assert numbers(await search(manager, grid="G2")) == []
    assert (await account(manager, "4200000001")).account_no == "4200000001"
    with pytest.raises(NotFound) as foreign:
        await account(manager, "4200000002")
    with pytest.raises(NotFound) as unknown:
        await account(manager, "4200009999")
    assert foreign.value.detail == unknown.value.detail


async def test_P1_an_assistant_sees_masked_phones_and_cannot_guess_them_by_searching() -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001", phone="13812345678")
    assistant = await of_grid(grounds, GridRole.ASSISTANT)
    (line,) = (await search(assistant, "田文光")).items
    assert line.phone == "138****5678"
    assert (await account(assistant, "4200000001")).phone == "138****5678"
    for part in ("13812345678", "1234", "5678"):
        assert numbers(await search(assistant, part)) == []
    manager = actor(
        assistant.staff_id, "E0200", grid_roles=((GridRole.MANAGER, grounds.near_grid, new_id()),)
    )
    assert numbers(await search(manager, "1234")) == ["4200000001"]


async def test_P1_a_phone_is_shown_in_the_grid_that_allows_it_only() -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001")
    await add_account(grounds, "4200000002", far=True)
    staff = await add_staff("E0300")
    both = actor(
        staff,
        "E0300",
        grid_roles=(
            (GridRole.MANAGER, grounds.near_grid, grounds.station),
            (GridRole.ASSISTANT, grounds.far_grid, grounds.station),
        ),
    )
    shown = {line.account_no: line.phone for line in (await search(both)).items}
    assert shown == {"4200000001": "13812345678", "4200000002": "138****5678"}


async def test_P1_every_read_is_audited_without_personal_text() -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001")
    reader = await dispatcher()
    await search(reader, "田文光")
    await account(reader, "4200000001")
    rows = await fetch("SELECT action, subject, facts::text FROM audit_entry ORDER BY id")
    assert [(row["action"], row["subject"]) for row in rows] == [
        ("customers.search", "customers"),
        ("customers.read", "account:4200000001"),
    ]
    assert '"shown": 1' in rows[0]["facts"]
    assert not any("田文光" in row["facts"] for row in rows)


@pytest.mark.parametrize("nobody", [CustomerActor(openid="o1"), None])
async def test_P1_who_has_no_post_reads_nothing(nobody: Actor | None) -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001")
    reader = nobody or actor(await add_staff("E0400"), "E0400")
    with pytest.raises(NotAllowed):
        await search(reader, "田")
    with pytest.raises(NotFound):
        await account(reader, "4200000001")


async def test_an_account_is_shown_with_points_meters_tags_and_relatives() -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001", tags=(CustomerTagWord.SPECIAL_GROUP,))
    reader = await dispatcher()
    await insert(
        RelativeAccount,
        id=new_id(),
        staff=reader.staff_id,
        account_no="4200000001",
        declared_at=(await fetch("SELECT created_at FROM staff"))[0]["created_at"],
    )
    view = await account(reader, "4200000001")
    assert view.tags == [CustomerTagWord.SPECIAL_GROUP]
    assert [(point.point_no, point.multiplier) for point in view.points] == [("P4200000001", "1")]
    assert [meter.meter_no for meter in view.points[0].meters] == ["M4200000001"]
    assert (view.is_relative, view.links, view.grid, view.district_no) == (True, 0, "G1", "D1")


async def test_pages_by_number_and_by_distance_meet_each_customer_once() -> None:
    grounds = await add_grounds()
    for number in range(7):
        # Pairs share a place, so that a page ends between two equal distances.
        await add_account(grounds, f"42000000{number:02}", lat=29.89 + (number // 2) * 0.01)
    reader = await dispatcher()
    for near in (None, Place(29.95, 110.03)):
        met: list[str] = []
        cursor: str | None = None
        for _ in range(10):
            page = await search(reader, near=near, limit=3, cursor=cursor)
            met += numbers(page)
            cursor = page.next
            if cursor is None:
                break
        assert sorted(met) == [f"42000000{number:02}" for number in range(7)]
        assert near is not None or met == sorted(met)
    nearest = (await search(reader, near=Place(29.95, 110.03), limit=1)).items[0]
    assert nearest.account_no == "4200000006"
    assert nearest.distance_m == pytest.approx(3336, rel=0.01)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "é", "W10", "WyIxIiwyXQ", "WzFd"])
async def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        await search(await dispatcher(), cursor=cursor)
    assert refused.value.field == "cursor"


async def test_a_forged_cursor_shows_no_more_than_the_page_it_names() -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001", far=True)
    manager = await of_grid(grounds, GridRole.MANAGER)
    assert numbers(await search(manager, cursor=encode_cursor("\x00"))) == []


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_page_has_a_limit(limit: int) -> None:
    with pytest.raises(Invalid):
        await search(await dispatcher(), limit=limit)


async def test_a_list_costs_the_same_number_of_statements_however_long() -> None:
    grounds = await add_grounds()
    reader = await dispatcher()
    counts = []
    for wanted in (1, 30):
        for number in range(wanted):
            await add_account(grounds, f"{wanted:02}00{number:06}")
        statements: list[object] = []
        with connection_of_transaction().query_logger(statements.append):
            await search(reader, "田文光", near=Place(29.9, 110.0))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 3
