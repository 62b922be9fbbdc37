"""The steps of a ticket: who may, who was first, who is accused, what follows from a callback."""

from datetime import timedelta

import pytest

from grid.dispatch.service import candidates
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion
from grid.territory.types import StaffRole
from grid.work_orders.assigning import assign
from grid.work_orders.intake import open_work_order
from grid.work_orders.reading import work_order, work_orders
from grid.work_orders.tickets import reading as ticket_reading
from grid.work_orders.tickets.accused import AccusedMayNotHandle
from grid.work_orders.tickets.callbacks import callbacks
from grid.work_orders.tickets.followed import (
    TicketAlreadyRated,
    TicketNotFinished,
    add_rating_words,
    rate_ticket,
)
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.rules import STEPS_OF, TicketStepNotPossible
from grid.work_orders.tickets.schedule import archive_answered
from grid.work_orders.tickets.steps import NotByWhomItWasHandled, take_ticket_step
from grid.work_orders.tickets.types import DoTicketVerb, RateTicket, RateWords, TicketFilter
from grid.work_orders.tickets.urging import TicketIsOver, urge_ticket
from grid.work_orders.types import AssignByHand, OpenWorkOrder, WorkOrderFilter
from grid.work_orders.words import TicketEvent, TicketKind, WorkOrderKind
from tests.grid.work_orders.matters import (
    answered,
    desk,
    do,
    history,
    make_office,
    matter,
    taken_in,
)
from tests.grid.work_orders.scene import completed, step
from tests.support.counting import counted
from tests.support.homes import make_customer
from tests.support.staff import actor_of

pytestmark = pytest.mark.usefixtures("rolled_back")

OFFICE_KINDS = [
    kind.value for kind in TicketKind if kind not in (TicketKind.FAULT, TicketKind.TIP_OFF)
]


@pytest.mark.parametrize("kind", OFFICE_KINDS)
async def test_W1_every_kind_goes_its_whole_way_and_skips_nothing(kind: str) -> None:
    office = await make_office()
    ticket = await answered(office, kind)
    if kind in ("complaint", "opinion", "service_request"):
        with pytest.raises(TicketStepNotPossible):
            await do(office.head, ticket.id, "archive")
        await do(office.caller, ticket.id, "callback", outcome="satisfied")
    closed = await do(office.head, ticket.id, "archive")
    rows = await history(ticket.id)
    assert closed.state == "closed"
    assert [row["to_state"] for row in rows] == [state.value for state in STEPS_OF[ticket.kind]]
    assert [row["version"] for row in rows] == list(range(len(rows)))
    assert all(row["actor"] and row["at"] for row in rows)
    assert [row["from_state"] for row in rows[1:]] == [row["to_state"] for row in rows[:-1]]


async def test_the_second_is_told_who_was_first() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint")
    await do(office.head, ticket.id, "dispatch", staff_id=office.clerk.staff_id)
    late = DoTicketVerb(version=0, staff_id=office.caller.staff_id)
    with pytest.raises(StaleVersion) as refused:
        await take_ticket_step(office.county, ticket.id, TicketEvent.DISPATCH, late)
    assert refused.value.facts["won_by"] == office.head.employee_no
    assert refused.value.facts["won_event"] == "dispatch"
    assert office.head.name in refused.value.detail


async def test_only_the_handler_handles_and_a_step_names_what_it_lacks() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint")
    with pytest.raises(Invalid) as refused:
        await do(office.head, ticket.id, "dispatch")
    assert refused.value.field == "staff_id"
    await do(office.head, ticket.id, "dispatch", staff_id=office.clerk.staff_id)
    with pytest.raises(NotAllowed):
        await do(office.caller, ticket.id, "take")
    await do(office.clerk, ticket.id, "take")
    with pytest.raises(Invalid) as refused:
        await do(office.clerk, ticket.id, "handle")
    assert refused.value.field == "words"
    with pytest.raises(TicketStepNotPossible):
        await do(office.clerk, ticket.id, "reply", words="跳过处理")
    contacted = await do(office.clerk, ticket.id, "contact", words="已致电客户")
    clocks = {clock.target.value: clock.state.value for clock in contacted.clocks}
    assert clocks["first_contact"] == "met"


async def test_dispatch_goes_to_people_whose_post_handles_tickets_here() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint")
    finance = await desk(StaffRole.FINANCE, office.scene.grid.station_id)
    elsewhere = await make_office()
    for nobody in (finance, elsewhere.clerk):
        with pytest.raises(Invalid) as refused:
            await do(office.head, ticket.id, "dispatch", staff_id=nobody.staff_id)
        assert refused.value.field == "staff_id"


async def test_a_fault_is_not_tapped_by_hand_but_may_be_urged_and_called_back() -> None:
    office = await make_office()
    ticket = await taken_in(office, "fault")
    for event, fields in (
        ("dispatch", {"staff_id": office.clerk.staff_id}),
        ("cancel", {"reason": "误报"}),
    ):
        with pytest.raises(TicketStepNotPossible):
            await do(office.head, ticket.id, event, **fields)
    urged = await do(office.head, ticket.id, "urge", words="客户又打来")
    assert urged.urges == 1
    job = await work_order(office.scene.dispatcher, urged.work_order_id or ticket.id)
    assert job.history[-1].reason == "客户催办 客户又打来"
    assert job.version == 0, "being urged makes no step stale"


async def test_a_repair_is_called_back_by_somebody_else_and_closes_with_its_job() -> None:
    office = await make_office()
    job = await completed(office.scene)
    assert job.ticket_id is not None
    with pytest.raises(NotAllowed):
        await do(office.scene.manager, job.ticket_id, "callback", outcome="satisfied")
    listed = {one.ticket_id: one for one in (await callbacks(office.caller)).items}
    assert listed[job.ticket_id].mine_to_call
    done = await do(office.caller, job.ticket_id, "callback", outcome="satisfied", stars=5)
    assert (done.state, done.stars, done.work_order_state) == ("closed", 5, "closed")
    assert (await callbacks(office.caller)).items == []


async def test_a_repair_that_did_not_help_is_opened_again_with_its_history() -> None:
    office = await make_office()
    job = await completed(office.scene)
    assert job.ticket_id is not None
    before = [tuple(row.values()) for row in await history(job.ticket_id)]
    again = await do(
        office.caller, job.ticket_id, "callback", outcome="not_solved", words="半夜又停了"
    )
    assert (again.state, again.work_order_state) == ("accepted", "pending_dispatch")
    assert [tuple(row.values()) for row in await history(job.ticket_id)][: len(before)] == before


async def test_W5_who_handled_it_does_not_call_back_nor_end_a_complaint() -> None:
    office = await make_office()
    ticket = await answered(office, "complaint")
    with pytest.raises(NotByWhomItWasHandled):
        await do(office.clerk, ticket.id, "callback", outcome="satisfied")
    other = await taken_in(office, "complaint", description="另一件")
    await do(office.head, other.id, "dispatch", staff_id=office.clerk.staff_id)
    await do(office.clerk, other.id, "take")
    with pytest.raises(NotByWhomItWasHandled):
        await do(office.clerk, other.id, "cancel", reason="没有的事")
    with pytest.raises(NotByWhomItWasHandled):
        await do(office.clerk, other.id, "reclassify", kind="suggestion", reason="只是建议")
    assert (await do(office.head, other.id, "cancel", reason="客户撤回")).state == "cancelled"


async def test_nobody_answers_three_times_before_the_calling_ends() -> None:
    office = await make_office()
    ticket = await answered(office, "opinion")
    for tries in (1, 2):
        view = await do(office.caller, ticket.id, "callback", outcome="no_answer")
        assert view.state == "replied"
        (listed,) = (await callbacks(office.caller)).items
        assert listed.tries == tries
    last = await do(office.caller, ticket.id, "callback", outcome="no_answer")
    assert (last.state, last.callback) == ("called_back", "no_answer")


async def test_W5_unhappy_customers_get_a_follow_up_that_others_handle() -> None:
    office = await make_office()
    ticket = await answered(office, "opinion")
    await do(office.caller, ticket.id, "callback", outcome="unsatisfied", words="态度不好")
    (child,) = await fetch("SELECT * FROM ticket WHERE parent = $1", ticket.id)
    assert (child["kind"], child["about_ticket"]) == ("opinion", ticket.id)
    assert "态度不好" in child["description"]
    with pytest.raises(AccusedMayNotHandle) as refused:
        await do(office.head, child["id"], "dispatch", staff_id=office.clerk.staff_id)
    assert refused.value.facts["employee_no"] == office.clerk.employee_no
    with pytest.raises(NotFound):
        await ticket_reading.ticket(office.clerk, child["id"])


async def test_stars_close_an_answered_matter_and_words_come_after() -> None:
    office = await make_office()
    customer = office.scene.customer
    early = await taken_in(office, "opinion", description="还没办的事")
    with pytest.raises(TicketNotFinished):
        await rate_ticket(customer, RateTicket(ticket_id=early.id, stars=5))
    ticket = await answered(office, "complaint")
    rated = await rate_ticket(customer, RateTicket(ticket_id=ticket.id, stars=1))
    assert (rated.state, rated.stars) == ("closed", 1)
    words = RateWords(ticket_id=ticket.id, words="等了三天")
    await add_rating_words(customer, words)
    with pytest.raises(TicketAlreadyRated):
        await add_rating_words(customer, words)
    with pytest.raises(NotFound):
        await add_rating_words(make_customer(), words)
    (child,) = await fetch("SELECT id FROM ticket WHERE parent = $1", ticket.id)
    assert [row["reason"] for row in await history(child["id"])][-1] == "客户说明:等了三天"


async def test_a_customer_urges_what_is_theirs_and_open() -> None:
    office = await make_office()
    ticket = await taken_in(office, "opinion")
    urged = await urge_ticket(office.scene.customer, ticket.id, "快一点")
    again = await urge_ticket(office.scene.customer, ticket.id, None)
    assert (urged.urges, again.urges) == (1, 2)
    with pytest.raises(NotFound):
        await urge_ticket(make_customer(), ticket.id, None)
    await do(office.head, ticket.id, "cancel", reason="重复")
    with pytest.raises(TicketIsOver):
        await urge_ticket(office.scene.customer, ticket.id, None)
    seen = await ticket_reading.ticket(office.head, ticket.id)
    assert seen.urged_at is not None
    assert [one.reason for one in seen.history if one.event == "urge"] == ["快一点", None]


async def test_reclassified_keeps_what_it_was_and_gets_the_limits_of_what_it_is() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint")
    await advance(3600)
    with pytest.raises(Invalid) as refused:
        await do(office.head, ticket.id, "reclassify", kind="tip_off", reason="看着像")
    assert refused.value.field == "kind"
    view = await do(office.head, ticket.id, "reclassify", kind="inquiry", reason="只是问一问")
    assert (view.kind, view.complaint_class, view.state) == ("inquiry", None, "accepted")
    last = (await history(ticket.id))[-1]
    assert '"from_kind":"complaint"' in last["facts"].replace(" ", "")
    answer = next(clock for clock in view.clocks if clock.target == "answer")
    assert answer.limit_s == 5 * 86400
    assert await fetch_value("SELECT due_at FROM ticket WHERE id = $1", ticket.id)


async def test_W5_the_accused_never_sees_the_complaint_nor_its_job() -> None:
    office = await make_office()
    manager, scene = office.scene.manager, office.scene
    ticket = await taken_in(office, "complaint", about=[manager.employee_no])
    assert (await ticket_reading.tickets(manager, TicketFilter())).items == []
    assert (await ticket_reading.tickets(manager, TicketFilter(q=ticket.number))).items == []
    with pytest.raises(NotFound):
        await ticket_reading.ticket(manager, ticket.id)
    for event in ("take", "reply", "callback", "archive", "comment", "urge", "reclassify"):
        with pytest.raises(NotFound):
            await do(manager, ticket.id, event, words="看看", reason="看看")
    wanted = OpenWorkOrder(
        ticket_id=ticket.id, description="核实现场", kind=WorkOrderKind.FAULT_REPAIR
    )
    job = await open_work_order(office.head, wanted)
    assert manager.staff_id not in {one.staff_id for one in await candidates(office.head, job.id)}
    with pytest.raises(AccusedMayNotHandle):
        await assign(office.head, job.id, AssignByHand(staff_id=manager.staff_id))
    assert (await work_orders(manager, WorkOrderFilter())).items == []
    with pytest.raises(NotFound):
        await work_order(manager, job.id)
    assistant = await actor_of(scene.grid.assistant)
    assert (await ticket_reading.tickets(assistant, TicketFilter())).items == [], (
        "about the grid's manager it is the station's matter"
    )
    assert [one.id for one in (await ticket_reading.tickets(office.clerk, TicketFilter())).items]


async def test_W5_a_complaint_about_the_station_head_goes_to_the_county() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint", about=[office.head.employee_no])
    for actor in (office.head, office.clerk, office.scene.manager):
        assert (await ticket_reading.tickets(actor, TicketFilter())).items == []
        with pytest.raises(NotFound):
            await ticket_reading.ticket(actor, ticket.id)
    assert (await ticket_reading.ticket(office.county, ticket.id)).level == "county"
    with pytest.raises(Invalid):
        await do(office.county, ticket.id, "dispatch", staff_id=office.clerk.staff_id)
    given = await do(office.county, ticket.id, "dispatch", staff_id=office.county.staff_id)
    assert given.handler is not None


async def test_W5_a_complaint_about_a_service_is_about_who_did_it() -> None:
    office = await make_office()
    job = await completed(office.scene)
    told = matter(
        "complaint", account_no=office.scene.home.account_no, about_ticket_id=job.ticket_id
    )
    ticket = await take_ticket(office.scene.customer, told)
    accused = await fetch("SELECT staff FROM ticket_accused WHERE ticket = $1", ticket.id)
    assert {row["staff"] for row in accused} == {office.scene.manager.staff_id}


async def test_only_who_was_asked_in_wechat_is_archived_in_silence() -> None:
    office = await make_office()
    asked = await answered(office, "opinion")
    called = await answered(office, "opinion", description="电话里说的")
    await execute("UPDATE ticket SET openid = NULL WHERE id = $1", called.id)
    await advance(int(timedelta(hours=25).total_seconds()))
    await archive_answered()
    assert await fetch_value("SELECT state FROM ticket WHERE id = $1", asked.id) == "closed"
    assert await fetch_value("SELECT state FROM ticket WHERE id = $1", called.id) == "replied"
    (waiting,) = (await callbacks(office.caller)).items
    assert (waiting.ticket_id, waiting.late) == (called.id, True)
    await archive_answered()
    assert (await history(asked.id))[-1]["actor"] == "system:archiving"


async def test_lists_are_paged_filtered_and_scoped() -> None:
    office = await make_office()
    made = [
        (await taken_in(office, "opinion", description=f"第 {number} 件")).id for number in range(3)
    ]
    elsewhere = await make_office()
    first = await ticket_reading.tickets(office.clerk, TicketFilter(limit=2))
    rest = await ticket_reading.tickets(office.clerk, TicketFilter(limit=2, cursor=first.next))
    assert [one.id for one in (*first.items, *rest.items)] == made[::-1]
    assert rest.next is None
    assert (await ticket_reading.tickets(elsewhere.clerk, TicketFilter())).items == []
    await do(office.head, made[0], "dispatch", staff_id=office.clerk.staff_id)
    for wanted, ids in (
        (TicketFilter(mine=True), made[:1]),
        (TicketFilter(status="dispatched"), made[:1]),
        (TicketFilter(kind="praise"), []),
        (TicketFilter(q=office.scene.home.account_no), made[::-1]),
        (TicketFilter(grid=office.scene.grid.code), made[::-1]),
        (TicketFilter(late=True), []),
    ):
        found = await ticket_reading.tickets(office.clerk, wanted)
        assert [one.id for one in found.items] == ids
    now = await business_now()
    await execute("UPDATE ticket SET due_at = $2 WHERE id = $1", made[1], now - timedelta(hours=1))
    late = await ticket_reading.tickets(office.clerk, TicketFilter(late=True))
    assert [one.id for one in late.items] == [made[1]]
    with pytest.raises(Invalid):
        await ticket_reading.tickets(office.clerk, TicketFilter(cursor="x"))


async def test_a_job_that_is_cancelled_does_not_cancel_the_complaint() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint")
    wanted = OpenWorkOrder(
        ticket_id=ticket.id, description="核实现场", kind=WorkOrderKind.FAULT_REPAIR
    )
    job = await open_work_order(office.head, wanted)
    with pytest.raises(TicketStepNotPossible):
        await do(office.county, ticket.id, "cancel", reason="没有的事")
    await step(office.head, job, "cancel", reason="不用去了")
    row = await ticket_reading.ticket(office.head, ticket.id)
    assert row.state == "accepted"


async def test_a_page_of_tickets_costs_the_same_however_long_it_is() -> None:
    office = await make_office()
    for number in range(4):
        await taken_in(office, "opinion", description=f"第 {number} 件")
    costs = []
    for limit in (1, 4):
        async with counted() as statements:
            page = await ticket_reading.tickets(office.clerk, TicketFilter(limit=limit))
        assert len(page.items) == limit
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 3, "the page, its audit, and at most the clock"
