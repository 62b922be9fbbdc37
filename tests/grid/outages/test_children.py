"""W4: every child hears of it, ends once on evidence of its own, and none is lost."""

from uuid import UUID

import pytest

from grid.dispatch.service import offer
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import NotAllowed, NotFound
from grid.outages.children import settle, settle_due
from grid.outages.inside import children, offers
from grid.outages.joining import (
    ChildNotAsked,
    answer_by_customer,
    answer_by_staff,
    child_waiting,
    join,
    split_children,
)
from grid.outages.reading import outage_view
from grid.outages.rules import ChildrenNotAnswered, OutageStepNotPossible
from grid.outages.schedule import close_answered
from grid.outages.types import AnswerChild, JoinTickets, SplitTickets
from grid.outages.words import OutageEvent, OutageState
from grid.work_orders.intake import report_fault
from grid.work_orders.reading import view_one
from grid.work_orders.tickets.callbacks import callbacks
from grid.work_orders.tickets.steps import take_ticket_step
from grid.work_orders.tickets.types import DoTicketVerb
from grid.work_orders.words import CallbackOutcome, TicketEvent
from tests.grid.outages.scene import (
    Village,
    by_phone,
    dark,
    done,
    inside,
    jobs_of,
    make_village,
    member,
    promises_told,
    restored,
    steps_of,
)
from tests.grid.work_orders.scene import at, fault, job_id, step
from tests.support.county import make_district
from tests.support.staff import make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")

JOINED = ["intake", "merge", "dispatch", "take"]
ASKED = [*JOINED, "arrive", "handle", "reply"]


@pytest.fixture
async def village() -> Village:
    return await make_village()


async def state_of(ticket_id: UUID) -> tuple[str, str]:
    ticket = await fetch_value("SELECT state FROM ticket WHERE id = $1", ticket_id)
    return ticket, (await member(ticket_id))["state"]


async def events(name: str) -> int:
    found: int = await fetch_value(
        "SELECT count(*) FROM outbox_event WHERE kind = $1", f"outages.{name}"
    )
    return found


async def test_W4_a_yes_closes_the_child_on_its_own_word(village: Village) -> None:
    outage = await dark(village)
    ticket = (await inside(village)).ticket.id
    await done(village, outage.id, OutageEvent.WORK)
    await settle_due(100)
    assert await steps_of(ticket) == ASKED[:5]
    await restored(village, outage.id)
    assert await steps_of(ticket) == ASKED
    assert await state_of(ticket) == ("replied", "asked")
    assert await child_waiting(village.customers[0].openid) == ticket
    await answer_by_customer(village.customers[0], ticket, True)
    assert await steps_of(ticket) == [*ASKED, "callback", "archive"]
    assert await state_of(ticket) == ("closed", "back")
    (told,) = await promises_told(ticket)
    assert told["kept"] is True
    assert await child_waiting(village.customers[0].openid) is None


async def test_W4_a_no_splits_off_an_urgent_job_that_counts_from_the_first_report(
    village: Village,
) -> None:
    outage = await dark(village)
    answer = await inside(village)
    ticket = answer.ticket.id
    await advance(3600)
    await restored(village, outage.id)
    await answer_by_customer(village.customers[0], ticket, False)
    assert await steps_of(ticket) == [*ASKED, "split", "reopen"]
    assert await state_of(ticket) == ("accepted", "split")
    (job,) = await jobs_of(ticket)
    assert (job["kind"], job["priority"], job["state"]) == ("fault_repair", "urgent", "triaged")
    assert job["clock_from"] == answer.ticket.reported_at
    arrive = await fetch_value(
        "SELECT due_at FROM sla_clock WHERE subject_id = $1 AND target = 'arrive'", job["id"]
    )
    assert (arrive - answer.ticket.reported_at).total_seconds() == 90 * 60
    assert job["account"] == village.homes[0].id
    assert await settle_due(100) == 0


async def test_W4_silence_ends_with_no_answer_recorded(village: Village) -> None:
    outage = await dark(village)
    ticket = (await inside(village)).ticket.id
    await restored(village, outage.id)
    assert await settle_due(100) == 0
    await advance(24 * 3600 + 1)
    await settle_due(100)
    assert await state_of(ticket) == ("closed", "no_answer")
    assert await fetch_value("SELECT callback FROM ticket WHERE id = $1", ticket) == "no_answer"
    assert await jobs_of(ticket) == []


async def test_W4_who_has_no_wechat_is_called_back(village: Village) -> None:
    outage = await dark(village)
    ticket = (await by_phone(village)).ticket.id
    await restored(village, outage.id)
    (row,) = (await children(village.dispatcher, outage.id)).items
    assert (row.in_wechat, row.phone, row.state) == (False, "13812345678", "asked")
    command = AnswerChild(ticket_id=ticket, is_back=True, words="电话说来电了")
    with pytest.raises(NotAllowed):
        await answer_by_staff(village.manager, outage.id, command)
    await answer_by_staff(village.dispatcher, outage.id, command)
    assert await state_of(ticket) == ("closed", "back")
    with pytest.raises(ChildNotAsked):
        await answer_by_staff(village.dispatcher, outage.id, command)


async def test_W4_an_outage_does_not_close_before_each_child_has_ended(village: Village) -> None:
    outage = await dark(village)
    yes, no, silent = [(await inside(village, who)).ticket.id for who in range(3)]
    with pytest.raises(OutageStepNotPossible):
        await done(village, outage.id, OutageEvent.CLOSE)
    await restored(village, outage.id)
    await answer_by_customer(village.customers[0], yes, True)
    await answer_by_customer(village.customers[1], no, False)
    with pytest.raises(ChildrenNotAnswered) as refused:
        await done(village, outage.id, OutageEvent.CLOSE)
    assert refused.value.facts["waiting"] == 1
    await close_answered()
    assert await fetch_value("SELECT state FROM outage") == "restored"
    await advance(24 * 3600 + 1)
    await settle_due(100)
    await close_answered()
    view = await outage_view(village.dispatcher, outage.id)
    assert view.state is OutageState.CLOSED
    assert (view.children.back, view.children.split, view.children.no_answer) == (1, 1, 1)
    assert await state_of(silent) == ("closed", "no_answer")


async def test_W4_each_child_is_asked_once_however_often_it_is_looked_at(
    village: Village,
) -> None:
    outage = await dark(village)
    ticket = (await inside(village)).ticket.id
    await restored(village, outage.id)
    row = await member(ticket)
    for _ in range(3):
        await settle(row["id"])
    assert await events("OutageChildAsked") == 1
    assert await steps_of(ticket) == ASKED


async def test_W4_a_stranger_answers_for_nobody(village: Village) -> None:
    outage = await dark(village)
    ticket = (await inside(village)).ticket.id
    await restored(village, outage.id)
    with pytest.raises(NotFound):
        await answer_by_customer(village.customers[1], ticket, True)
    assert await state_of(ticket) == ("replied", "asked")


async def test_W4_light_before_the_grid_says_so_counts_darkness_does_not(
    village: Village,
) -> None:
    await dark(village)
    back, out = [(await inside(village, who)).ticket.id for who in range(2)]
    await answer_by_customer(village.customers[0], back, True)
    assert await state_of(back) == ("closed", "back")
    with pytest.raises(ChildNotAsked):
        await answer_by_customer(village.customers[1], out, False)
    assert await state_of(out) == ("in_hand", "joined")


async def test_W4_a_cancelled_outage_gives_every_child_its_own_job(village: Village) -> None:
    outage = await dark(village)
    tickets = [(await inside(village, who)).ticket.id for who in range(3)]
    await done(village, outage.id, OutageEvent.CANCEL, reason="查明不是停电")
    assert await settle_due(100) == 3
    for ticket in tickets:
        assert await state_of(ticket) == ("accepted", "split")
        assert len(await jobs_of(ticket)) == 1
        assert await steps_of(ticket) == [*JOINED, "split", "return"]


async def test_W4_a_district_counted_out_loses_no_child(village: Village) -> None:
    other = await make_district(village.grid.id, place=village.grid.place)
    number = await fetch_value("SELECT district_no FROM transformer_district WHERE id = $1", other)
    outage = await dark(village, districts=[village.district_no, number])
    ticket = (await inside(village)).ticket.id
    await done(
        village, outage.id, OutageEvent.DISTRICTS, remove=[village.district_no], reason="不停这里"
    )
    await settle_due(100)
    assert await state_of(ticket) == ("accepted", "split")
    assert len(await jobs_of(ticket)) == 1


async def test_W4_a_child_that_was_split_by_hand_keeps_its_history(village: Village) -> None:
    outage = await dark(village)
    mine, other = [(await inside(village, who)).ticket.id for who in range(2)]
    command = SplitTickets(ticket_ids=[mine, village.grid.id], reason="家里另有故障")
    rows = (await split_children(village.dispatcher, outage.id, command)).items
    assert {row.ticket_id: row.done for row in rows} == {mine: True, village.grid.id: False}
    assert await state_of(mine) == ("accepted", "split")
    assert (await member(mine))["reason"] == "家里另有故障"
    assert await state_of(other) == ("in_hand", "joined")


async def test_W4_reports_from_before_join_in_one_tap_and_their_jobs_end(
    village: Village,
) -> None:
    early = await report_fault(village.customers[0], fault(village.homes[0]))
    there = await report_fault(village.customers[1], fault(village.homes[1]))
    await _walk_to_site(village, job_id(there))
    danger = await report_fault(village.customers[2], fault(village.homes[2], danger=True))
    outage = await dark(village)
    offered = (await offers(village.dispatcher, outage.id)).items
    assert {one.ticket_id: one.on_site for one in offered} == {
        early.id: False,
        there.id: True,
        danger.id: False,
    }
    command = JoinTickets(ticket_ids=[early.id, there.id, danger.id, village.grid.id])
    rows = {
        row.ticket_id: row for row in (await join(village.dispatcher, outage.id, command)).items
    }
    assert [rows[one].done for one in (early.id, there.id, danger.id)] == [True, False, False]
    assert rows[there.id].words == "已有人在现场处理"
    assert rows[village.grid.id].words == "没有这个报修"
    (job,) = await jobs_of(early.id)
    assert job["state"] == "cancelled"
    assert await state_of(early.id) == ("in_hand", "joined")
    assert await events("OutageChildJoined") == 1
    again = (await join(village.dispatcher, outage.id, JoinTickets(ticket_ids=[early.id]))).items
    assert (again[0].done, again[0].words) == (False, "已经并入停电事件")
    await restored(village, outage.id)
    await answer_by_customer(village.customers[0], early.id, False)
    reason = await fetch_value(
        "SELECT reason FROM work_order_transition WHERE work_order = $1 AND event = 'cancel'",
        job["id"],
    )
    assert outage.number in reason
    assert [one["state"] for one in await jobs_of(early.id)] == ["cancelled", "triaged"]


async def _walk_to_site(village: Village, job: UUID) -> None:
    assert await offer(job)
    view = await view_one(village.manager, job)
    for verb in ("accept", "depart", "arrive"):
        more = {"position": at(village.homes[1].place)} if verb == "arrive" else {}
        view = await step(village.manager, view, verb, **more)


async def test_only_who_manages_every_station_of_it_joins(village: Village) -> None:
    outage = await dark(village)
    stranger = await make_dispatcher((await make_village(1)).grid.station_id)
    with pytest.raises(NotFound):
        await join(stranger, outage.id, JoinTickets(ticket_ids=[village.grid.id]))
    with pytest.raises(NotAllowed):
        await join(village.manager, outage.id, JoinTickets(ticket_ids=[village.grid.id]))


async def test_W4_a_ticket_that_the_office_moved_by_itself_ends_its_membership(
    village: Village,
) -> None:
    outage = await dark(village)
    called, cancelled = [(await inside(village, who)).ticket.id for who in range(2)]
    await restored(village, outage.id)
    await execute(
        "UPDATE ticket SET state = 'called_back', callback = 'satisfied' WHERE id = $1", called
    )
    await execute(
        "UPDATE ticket SET state = 'cancelled', closed_at = $2 WHERE id = $1",
        cancelled,
        await business_now(),
    )
    await settle_due(100)
    assert await state_of(called) == ("closed", "back")
    assert await state_of(cancelled) == ("cancelled", "withdrawn")


@pytest.mark.parametrize(
    ("outcome", "ticket_state", "child", "kept", "jobs"),
    [("satisfied", "closed", "back", True, 0), ("not_solved", "accepted", "split", None, 1)],
)
async def test_W4_a_call_back_from_the_list_of_the_office_counts_like_any_answer(
    village: Village, outcome: str, ticket_state: str, child: str, kept: bool | None, jobs: int
) -> None:
    outage = await dark(village)
    ticket = (await by_phone(village)).ticket.id
    await restored(village, outage.id)
    (waiting,) = (await callbacks(village.dispatcher)).items
    assert waiting.ticket_id == ticket
    command = DoTicketVerb(version=waiting.version, outcome=CallbackOutcome(outcome), words="已问")
    await take_ticket_step(village.dispatcher, ticket, TicketEvent.CALLBACK, command)
    await settle_due(100)
    assert await state_of(ticket) == (ticket_state, child)
    (told,) = await promises_told(ticket)
    assert told["kept"] is kept
    assert len(await jobs_of(ticket)) == jobs
    assert await settle_due(100) == 0


async def test_the_children_page_puts_those_who_wait_first(village: Village) -> None:
    outage = await dark(village)
    tickets = [(await inside(village, who)).ticket.id for who in range(3)]
    await restored(village, outage.id)
    await answer_by_customer(village.customers[0], tickets[0], True)
    first = await children(village.dispatcher, outage.id, limit=2)
    rest = await children(village.dispatcher, outage.id, cursor=first.next, limit=2)
    assert [one.ticket_id for one in [*first.items, *rest.items]] == [*tickets[1:], tickets[0]]
    assert rest.next is None
    assert len(await fetch("SELECT 1 FROM audit_entry WHERE action = 'outage.children'")) == 2
