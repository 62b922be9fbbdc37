"""Tip-offs: the author is sealed, the auditor handles, look-ups afterwards are found (P1, W5)."""

import pytest

from grid.customers import service as customers
from grid.kit.context import acting
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import StaffRole
from grid.work_orders.tickets import reading as ticket_reading
from grid.work_orders.tickets import sealed
from grid.work_orders.tickets.callbacks import callbacks
from grid.work_orders.tickets.followed import rate_ticket, tickets_of_openid
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.ratings import ratings
from grid.work_orders.tickets.types import RateTicket, ReadAuthor, TicketFilter
from grid.work_orders.tickets.urging import urge_ticket
from tests.grid.work_orders.matters import (
    desk,
    do,
    history,
    make_office,
    matter,
    taken_in,
)
from tests.support.homes import make_customer

pytestmark = pytest.mark.usefixtures("rolled_back")


async def test_P1_stations_find_no_trace_of_a_tip_off() -> None:
    office = await make_office()
    ticket = await taken_in(office, "tip_off")
    local = await desk(StaffRole.AUDITOR, office.scene.grid.station_id)
    weak = await desk(StaffRole.AUDITOR, second_factor=False)
    for actor in (office.head, office.clerk, office.county, office.scene.manager, local, weak):
        assert (await ticket_reading.tickets(actor, TicketFilter())).items == []
        assert (await callbacks(actor)).items == []
        with pytest.raises(NotFound):
            await ticket_reading.ticket(actor, ticket.id)
        with pytest.raises(NotFound):
            await do(actor, ticket.id, "comment", words="看看")
        with pytest.raises(NotAllowed):
            await sealed.sealed_lookups(actor)
        with pytest.raises(NotAllowed):
            await sealed.read_author(actor, ticket.id, ReadAuthor(reason="想知道"))


async def test_P1_the_author_is_in_no_row_but_the_sealed_one() -> None:
    office = await make_office()
    customer, home = make_customer("o-the-very-secret-author"), office.scene.home
    told = matter("tip_off", phone="13977770001", reporter_name="陆不留名")
    with acting(customer.subject):
        ticket = await take_ticket(customer, told)
        await urge_ticket(customer, ticket.id, "有消息吗")
    auditor = office.auditor
    await do(auditor, ticket.id, "dispatch", staff_id=auditor.staff_id)
    await do(auditor, ticket.id, "take")
    await do(auditor, ticket.id, "handle", words="已查实")
    await do(auditor, ticket.id, "reply", words="已依规处理")
    with acting(customer.subject):
        await rate_ticket(customer, RateTicket(ticket_id=ticket.id, stars=5))
    for secret in (customer.openid, "13977770001", "陆不留名"):
        assert await _tables_holding(secret) == {"sealed_author"}
    assert home.account_no not in str(await history(ticket.id))
    assert {row["actor"] for row in await history(ticket.id)} == {
        "sealed",
        f"staff:{auditor.employee_no}",
    }


async def _tables_holding(text: str) -> set[str]:
    names = [
        row["tablename"]
        for row in await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]
    found = set()
    for name in names:
        sql = f'SELECT 1 FROM "{name}" x WHERE x::text LIKE $1 LIMIT 1'
        if await fetch_value(sql, f"%{text}%"):
            found.add(name)
    return found


async def test_the_author_follows_it_in_wechat_and_nobody_else_does() -> None:
    office = await make_office()
    customer = office.scene.customer
    ticket = await taken_in(office, "tip_off")
    (own,) = await tickets_of_openid(customer)
    assert (own.id, own.account_no) == (ticket.id, None)
    assert await tickets_of_openid(make_customer()) == []
    nameless = make_customer()
    hidden = await take_ticket(nameless, matter("tip_off", anonymous=True, phone="13977770002"))
    assert await tickets_of_openid(nameless) == []
    authors = await fetch("SELECT 1 FROM sealed_author WHERE ticket = $1", hidden.id)
    assert authors == [], "nothing is kept of somebody who wants to be nobody"
    opened = await sealed.read_author(office.auditor, hidden.id, ReadAuthor(reason="核实"))
    assert (opened.phone, opened.name, opened.in_wechat) == (None, None, False)


async def test_only_county_auditors_handle_it() -> None:
    office = await make_office()
    ticket = await taken_in(office, "tip_off")
    for nobody in (office.clerk, office.county):
        with pytest.raises(Invalid) as refused:
            await do(office.auditor, ticket.id, "dispatch", staff_id=nobody.staff_id)
        assert refused.value.field == "staff_id"
    second = await desk(StaffRole.AUDITOR)
    given = await do(office.auditor, ticket.id, "dispatch", staff_id=second.staff_id)
    assert given.handler is not None
    assert given.handler.id == second.staff_id
    with pytest.raises(NotAllowed):
        await do(second, ticket.id, "cancel", reason="没有的事")
    assert (await do(office.auditor, ticket.id, "cancel", reason="重复")).state == "cancelled"


async def test_W5_an_auditor_who_is_accused_does_not_find_it() -> None:
    office = await make_office()
    second = await desk(StaffRole.AUDITOR)
    ticket = await taken_in(office, "tip_off", about=[office.auditor.employee_no])
    with pytest.raises(NotFound):
        await ticket_reading.ticket(office.auditor, ticket.id)
    assert (await ticket_reading.ticket(second, ticket.id)).sealed


async def test_opening_the_seal_is_in_the_history_and_in_the_audit_trail() -> None:
    office = await make_office()
    ticket = await taken_in(office, "tip_off")
    with acting(office.auditor.subject):
        opened = await sealed.read_author(office.auditor, ticket.id, ReadAuthor(reason="约谈"))
    assert opened.in_wechat
    assert opened.account_no == office.scene.home.account_no
    last = (await history(ticket.id))[-1]
    assert (last["event"], last["reason"]) == ("comment", "查看举报人:约谈")
    entry = await fetch_value(
        "SELECT subject FROM audit_entry WHERE action = 'sealed.author_read' AND actor = $1",
        office.auditor.subject,
    )
    assert entry == f"ticket:{ticket.id}"


async def test_P1_looking_the_author_up_afterwards_is_noted_once() -> None:
    office = await make_office()
    home, manager = office.scene.home, office.scene.manager
    with acting(manager.subject):
        await customers.account(manager, home.account_no)
    assert await sealed.find_lookups() == 0, "before the sealing nobody knew"
    ticket = await taken_in(office, "tip_off")
    with acting(manager.subject):
        await customers.account(manager, home.account_no)
    with acting(office.auditor.subject):
        await customers.account(office.auditor, home.account_no)
    assert await sealed.find_lookups() == 1
    assert await sealed.find_lookups() == 0
    (noted,) = (await sealed.sealed_lookups(office.auditor)).items
    assert (noted.ticket_id, noted.actor_name) == (ticket.id, manager.name)
    assert home.account_no not in str(noted)


async def test_ratings_are_read_by_scope_and_never_changed() -> None:
    office = await make_office()
    ticket = await taken_in(office, "tip_off")
    for event, fields in (
        ("dispatch", {"staff_id": office.auditor.staff_id}),
        ("take", {}),
        ("handle", {"words": "查实"}),
        ("reply", {"words": "已处理"}),
    ):
        await do(office.auditor, ticket.id, event, **fields)
    await rate_ticket(office.scene.customer, RateTicket(ticket_id=ticket.id, stars=1))
    assert (await ratings(office.clerk)).items == []
    (seen,) = (await ratings(office.auditor)).items
    assert (seen.stars, seen.ticket_id) == (1, ticket.id)
    assert await fetch_value("SELECT openid FROM rating") is None
    assert await fetch("SELECT 1 FROM ticket WHERE parent = $1", ticket.id) == []
    with pytest.raises(Exception, match=r"append-only|permission denied"):
        await execute("DELETE FROM rating")
