"""Taking matters of every kind: forms, call times, budgets, the same matter told twice."""

from datetime import timedelta

import pytest

from grid.kit.clock import business_now
from grid.kit.database import fetch_one, fetch_value
from grid.kit.refusals import Invalid, NotFound, TooMany
from grid.work_orders.intake import open_work_order
from grid.work_orders.kinds import KindNotPossible
from grid.work_orders.tickets.accused import AccusedMayNotHandle
from grid.work_orders.tickets.forms import FIELDS, FieldType, shown
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.reading import open_tickets_of_account
from grid.work_orders.tickets.rules import MAY_HAVE_JOBS
from grid.work_orders.types import OpenWorkOrder
from grid.work_orders.words import TicketKind, WorkOrderKind
from tests.grid.work_orders.matters import (
    NEEDS,
    answered,
    do,
    history,
    make_office,
    matter,
    taken_in,
)
from tests.support.homes import make_customer

pytestmark = pytest.mark.usefixtures("rolled_back")

NUMBERS = {
    "fault": "BX",
    "complaint": "TS",
    "tip_off": "JB",
    "suggestion": "JY",
    "opinion": "YJ",
    "praise": "BY",
    "inquiry": "ZX",
    "service_request": "SQ",
}


@pytest.mark.parametrize("kind", NUMBERS)
async def test_W1_every_kind_is_taken_with_its_number_its_history_and_its_limits(kind: str) -> None:
    office = await make_office()
    ticket = await taken_in(office, kind)
    assert (ticket.kind, ticket.state) == (kind, "accepted")
    assert ticket.number.startswith(NUMBERS[kind])
    (first,) = await history(ticket.id)
    assert (first["event"], first["version"], first["to_state"]) == ("intake", 0, "accepted")
    clocks = await fetch_value("SELECT count(*) FROM sla_clock WHERE subject_id = $1", ticket.id)
    assert clocks >= 1
    due_at = await fetch_value("SELECT due_at FROM ticket WHERE id = $1", ticket.id)
    assert (due_at is None) == (kind == "fault"), "a fault's limits are those of its job"
    assert (ticket.work_order_id is not None) == (kind == "fault")


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("complaint", {"complaint_class": None}, "complaint_class"),
        ("praise", {"complaint_class": "service"}, "complaint_class"),
        ("service_request", {"form": {}}, "form.type"),
        ("service_request", {"form": {"type": "fly"}}, "form.type"),
        ("service_request", {"form": {"type": "rename", "colour": "red"}}, "form.colour"),
        (
            "service_request",
            {"form": {"type": "increase", "capacity_kw": "多一点"}},
            "form.capacity_kw",
        ),
        ("complaint", {"form": {"happened_on": "昨天"}}, "form.happened_on"),
        ("tip_off", {"form": {}}, "form.subject"),
        ("inquiry", {"anonymous": True}, "anonymous"),
        ("suggestion", {"about": ["E0001"]}, "about"),
        ("complaint", {"about": ["NOBODY"]}, "about"),
    ],
)
async def test_what_does_not_fit_the_form_is_named(
    kind: str, more: dict[str, object], field: str
) -> None:
    office = await make_office()
    before = await fetch_value("SELECT count(*) FROM ticket")
    with pytest.raises(Invalid) as refused:
        await taken_in(office, kind, **more)
    assert refused.value.field == field
    assert await fetch_value("SELECT count(*) FROM ticket") == before


@pytest.mark.parametrize("kind", ["inquiry", "fault"])
async def test_a_call_began_neither_tomorrow_nor_last_week(kind: str) -> None:
    office = await make_office()
    now = await business_now()
    for wrong in (now + timedelta(minutes=1), now - timedelta(days=1, minutes=1)):
        with pytest.raises(Invalid) as refused:
            await take_ticket(
                office.clerk,
                matter(
                    kind,
                    channel="phone",
                    account_no=office.scene.home.account_no,
                    called_at=wrong,
                ),
            )
        assert refused.value.field == "called_at"
    began = now - timedelta(minutes=4)
    ticket = await take_ticket(
        office.clerk,
        matter(kind, channel="phone", account_no=office.scene.home.account_no, called_at=began),
    )
    assert await fetch_value("SELECT called_at FROM ticket WHERE id = $1", ticket.id) == began


async def test_the_same_words_twice_are_one_ticket_with_both_in_its_history() -> None:
    office = await make_office()
    first = await taken_in(office, "opinion", description="路灯整夜亮着")
    again = await taken_in(office, "opinion", description="路灯整夜亮着")
    other = await taken_in(office, "opinion", description="电杆歪了")
    assert first.id == again.id != other.id
    assert [row["event"] for row in await history(first.id)] == ["intake", "merge"]


async def test_W5_told_again_with_a_name_it_is_about_them_too_and_they_cannot_touch_it() -> None:
    office = await make_office()
    words = {"description": "收费不开票", "account_no": office.scene.home.account_no}
    first = await take_ticket(office.clerk, matter("complaint", channel="phone", **words))
    about = [office.scene.manager.employee_no]
    told = matter("complaint", channel="phone", about=about, **words)
    assert (await take_ticket(office.clerk, told)).id == first.id
    accused = await fetch_value("SELECT staff FROM ticket_accused WHERE ticket = $1", first.id)
    assert accused == office.scene.manager.staff_id
    before = len(await history(first.id))
    own = await take_ticket(office.scene.manager, matter("complaint", channel="counter", **words))
    assert own.id != first.id, "whom it is about does not learn that it was told before"
    assert len(await history(first.id)) == before


async def test_matters_have_a_budget_of_their_own_beside_faults() -> None:
    office = await make_office()
    for number in range(4):
        await taken_in(office, "opinion", description=f"第 {number} 件事")
    await taken_in(office, "tip_off", account_no=None)
    with pytest.raises(TooMany):
        await taken_in(office, "opinion", description="又一件")
    assert (await taken_in(office, "fault")).kind == "fault"
    assert (await take_ticket(make_customer(), matter("opinion"))).kind == "opinion"


async def test_a_customer_names_only_their_own_account_and_ticket() -> None:
    office = await make_office()
    mine = await taken_in(office, "fault")
    with pytest.raises(NotFound):
        await take_ticket(
            make_customer(), matter("opinion", account_no=office.scene.home.account_no)
        )
    with pytest.raises(NotFound):
        await take_ticket(make_customer(), matter("complaint", about_ticket_id=mine.id))


async def test_W5_nobody_takes_a_complaint_about_themselves() -> None:
    office = await make_office()
    manager = office.scene.manager
    told = matter(
        "complaint",
        channel="staff",
        account_no=office.scene.home.account_no,
        about=[manager.employee_no],
    )
    with pytest.raises(AccusedMayNotHandle):
        await take_ticket(manager, told)
    assert (await take_ticket(office.clerk, told)).kind == "complaint"


async def test_before_taking_another_the_open_ones_of_the_account_are_shown() -> None:
    office = await make_office()
    open_one = await taken_in(office, "opinion")
    sealed = await taken_in(office, "tip_off")
    shown_ids = [
        one.id for one in await open_tickets_of_account(office.clerk, office.scene.home.account_no)
    ]
    assert shown_ids == [open_one.id]
    assert sealed.id not in shown_ids


def test_every_form_can_be_drawn() -> None:
    for kind in TicketKind:
        names = [field.name for field in FIELDS[kind]]
        assert len(names) == len(set(names))
        for field in FIELDS[kind]:
            assert (field.type is FieldType.CHOICE) == bool(field.choices)
    assert shown(TicketKind.SERVICE_REQUEST, {"type": "rename", "new_name": "李四"}) == {
        "业务类型": "更名",
        "新户名": "李四",
    }
    assert set(NEEDS) == {
        kind.value
        for kind in TicketKind
        if kind is TicketKind.COMPLAINT or any(field.required for field in FIELDS[kind])
    }


async def test_a_request_gets_its_job_and_one_at_a_time() -> None:
    office = await make_office()
    ticket = await taken_in(office, "service_request", form={"type": "change_meter"})
    wanted = OpenWorkOrder(
        ticket_id=ticket.id, description="去换表", kind=WorkOrderKind.METER_CHANGE
    )
    job = await open_work_order(office.head, wanted)
    assert (job.kind, job.ticket_id, job.account_no) == (
        "meter_change",
        ticket.id,
        office.scene.home.account_no,
    )
    with pytest.raises(Invalid) as refused:
        await open_work_order(office.head, wanted)
    assert refused.value.field == "ticket_id"
    row = await fetch_one("SELECT state FROM ticket WHERE id = $1", ticket.id)
    assert row is not None
    assert row["state"] == "accepted", "the office leads a request, not its job"


async def test_what_gets_no_job_says_so() -> None:
    office = await make_office()
    for kind in ("praise", "suggestion"):
        assert TicketKind(kind) not in MAY_HAVE_JOBS
        ticket = await taken_in(office, kind)
        with pytest.raises(Invalid):
            await open_work_order(
                office.head, OpenWorkOrder(ticket_id=ticket.id, description="去看看")
            )
    sealed = await taken_in(office, "tip_off")
    with pytest.raises(NotFound):
        await open_work_order(office.head, OpenWorkOrder(ticket_id=sealed.id, description="去看看"))
    over = await answered(office, "inquiry")
    await do(office.head, over.id, "archive")
    with pytest.raises(Invalid):
        await open_work_order(office.head, OpenWorkOrder(ticket_id=over.id, description="去看看"))
    with pytest.raises(KindNotPossible):
        await open_work_order(
            office.head,
            OpenWorkOrder(
                account_no=office.scene.home.account_no,
                description="停电",
                kind=WorkOrderKind.ONSITE_STOP,
            ),
        )
