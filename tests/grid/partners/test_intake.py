"""The province's orders: taken once, merged with what is open, urges attached or kept."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from grid.kit.clock import advance
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import Invalid
from grid.partners.intake import take_order
from grid.partners.reading import partner_orders
from grid.partners.rules import PartnerOrderChanged, TicketStepTaken, stages_reached
from grid.partners.types import (
    OrderOutcome,
    PartnerOrderFilter,
    ProvinceClass,
    ProvinceKind,
    ProvinceOrder,
    Stage,
)
from grid.work_orders.words import TicketEvent, TicketKind
from tests.grid.partners.scene import number, order, steps_of, ticket_numbered, tickets
from tests.grid.work_orders.scene import make_scene, told
from tests.support.contexts import apart
from tests.support.counting import counted
from tests.support.staff import make_dispatcher


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        (ProvinceKind.FAULT, TicketKind.FAULT),
        (ProvinceKind.COMPLAINT, TicketKind.COMPLAINT),
        (ProvinceKind.TIP_OFF, TicketKind.TIP_OFF),
        (ProvinceKind.SUGGESTION, TicketKind.SUGGESTION),
        (ProvinceKind.OPINION, TicketKind.OPINION),
        (ProvinceKind.PRAISE, TicketKind.PRAISE),
        (ProvinceKind.INQUIRY, TicketKind.INQUIRY),
        (ProvinceKind.REQUEST, TicketKind.SERVICE_REQUEST),
    ],
)
async def test_every_kind_becomes_a_ticket_whose_limits_count_from_the_provinces_time(
    kind: ProvinceKind, ours: TicketKind
) -> None:
    scene = await make_scene()
    more = {"complaint_class": ProvinceClass.SERVICE} if kind is ProvinceKind.COMPLAINT else {}
    sent = await order(kind, ago=timedelta(minutes=40), account_no=scene.home.account_no, **more)
    receipt = await take_order(sent, "port")
    assert receipt.outcome is OrderOutcome.TAKEN
    ticket = await ticket_numbered(receipt.ticket_number)
    assert (ticket["kind"], ticket["channel"]) == (ours.value, "province")
    started = await fetch(
        "SELECT c.started_at FROM sla_clock c WHERE c.started_at IS NOT NULL AND (c.subject_id = $1"
        " OR c.subject_id IN (SELECT id FROM work_order WHERE ticket = $1))",
        ticket["id"],
    )
    assert started
    assert {row["started_at"] for row in started} == {sent.accepted_at}


@pytest.mark.usefixtures("rolled_back")
async def test_sent_again_it_changes_nothing_and_another_one_under_its_number_is_refused() -> None:
    scene = await make_scene()
    sent = await order(account_no=scene.home.account_no)
    first = await take_order(sent, "port")
    again = await take_order(sent, "file")
    assert (again.outcome, again.ticket_number) == (OrderOutcome.REPEATED, first.ticket_number)
    with pytest.raises(PartnerOrderChanged):
        await take_order(msgspec.structs.replace(sent, description="另一件事"), "port")
    assert len(await tickets()) == 1
    assert await fetch_value("SELECT count(*) FROM partner_order") == 1


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("urged_number", {"kind": ProvinceKind.URGE}),
        ("urged_number", {"urged_number": "HB20260000"}),
        ("complaint_class", {"kind": ProvinceKind.COMPLAINT}),
        ("complaint_class", {"complaint_class": ProvinceClass.SERVICE}),
        ("anonymous", {"anonymous": True}),
        ("accepted_at", {"ago": timedelta(days=61)}),
        ("accepted_at", {"ago": timedelta(minutes=-6)}),
    ],
)
async def test_what_does_not_fit_is_named_and_leaves_nothing(
    field: str, changes: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as refused:
        await take_order(await order(**changes), "port")
    assert refused.value.field == field
    assert await tickets() == []


@pytest.mark.usefixtures("rolled_back")
async def test_the_same_matter_from_wechat_is_one_ticket_with_both_numbers() -> None:
    scene = await make_scene()
    ours = await told(scene)
    sent = await order(ago=timedelta(minutes=30), account_no=scene.home.account_no)
    receipt = await take_order(sent, "port")
    assert (receipt.outcome, receipt.ticket_number) == (OrderOutcome.MERGED, ours.number)
    ticket = await ticket_numbered(ours.number)
    merged = (await steps_of(ticket))[-1]
    assert (merged["event"], sent.number in merged["reason"]) == ("merge", True)
    clock = await fetch_value(
        "SELECT c.started_at FROM sla_clock c JOIN work_order w ON w.id = c.subject_id"
        " WHERE w.ticket = $1 AND c.target = 'arrive'",
        ticket["id"],
    )
    assert clock == sent.accepted_at
    found = await partner_orders(await make_dispatcher(), PartnerOrderFilter(number=sent.number))
    assert [one.ticket_number for one in found.items] == [ours.number]


@pytest.mark.usefixtures("rolled_back")
async def test_mortal_danger_is_never_merged_away() -> None:
    scene = await make_scene()
    ours = await told(scene)
    sent = await order(account_no=scene.home.account_no, danger=True, description="电线落地")
    receipt = await take_order(sent, "port")
    assert receipt.outcome is OrderOutcome.TAKEN
    assert receipt.ticket_number != ours.number
    assert await fetch_value("SELECT count(*) FROM work_order WHERE priority = 'danger'") == 1


@pytest.mark.usefixtures("rolled_back")
async def test_without_an_account_phone_and_place_tell_but_two_neighbours_stay_two() -> None:
    scene = await make_scene()
    place = scene.grid.place
    first = await take_order(await order(phone="13800000001", place=place), "port")
    await execute("DELETE FROM partner_message")
    await execute("DELETE FROM partner_order")
    same_phone = await take_order(await order(phone="13800000001"), "port")
    assert (same_phone.outcome, same_phone.ticket_number) == (
        OrderOutcome.MERGED,
        first.ticket_number,
    )
    neighbour = await take_order(await order(phone="13800000002", place=place), "port")
    assert neighbour.outcome is OrderOutcome.TAKEN
    await advance(25 * 3600)
    later = await take_order(await order(phone="13800000001"), "port")
    assert later.outcome is OrderOutcome.TAKEN


@pytest.mark.usefixtures("rolled_back")
async def test_an_urge_goes_to_its_ticket_and_one_that_came_first_waits_for_it() -> None:
    scene = await make_scene()
    sent = await order(account_no=scene.home.account_no)
    early = await order(
        ProvinceKind.URGE, urged_number=sent.number, description="催一下", ago=timedelta(minutes=1)
    )
    waiting = await take_order(early, "port")
    assert (waiting.outcome, waiting.ticket_number) == (OrderOutcome.URGE_WAITING, None)
    receipt = await take_order(sent, "port")
    late = await order(ProvinceKind.URGE, urged_number=sent.number, description="再催")
    urged = await take_order(late, "port")
    assert (urged.outcome, urged.ticket_number) == (OrderOutcome.URGED, receipt.ticket_number)
    assert (await take_order(late, "port")).outcome is OrderOutcome.REPEATED
    ticket = await ticket_numbered(receipt.ticket_number)
    assert ticket["urges"] == 2
    words = [row["reason"] for row in await steps_of(ticket) if row["event"] == "urge"]
    assert [early.number in words[0], late.number in words[1]] == [True, True]


@pytest.mark.usefixtures("rolled_back")
async def test_P1_of_a_tip_off_the_author_stands_only_under_the_seal() -> None:
    sent = await order(
        ProvinceKind.TIP_OFF, phone="13812340000", reporter_name="向某某", description="有人窃电"
    )
    receipt = await take_order(sent, "port")
    row = await ticket_numbered(receipt.ticket_number)
    assert row["sealed"]
    tables = ("ticket", "ticket_transition", "partner_order", "partner_message", "outbox_event")
    for table in tables:
        rows = await fetch(f"SELECT t::text AS line FROM {table} t")
        assert rows or table == "outbox_event"
        assert not [one for one in rows if "13812340000" in one["line"] or "向某某" in one["line"]]
    assert await fetch_value("SELECT count(*) FROM sealed_author") == 1


@pytest.mark.usefixtures("committed")
async def test_doubled_and_shuffled_orders_and_urges_make_each_ticket_once() -> None:
    scene = await make_scene()
    sent = [await order(ProvinceKind.OPINION, phone=f"1390000000{n}") for n in range(4)]
    sent += [await order(account_no=scene.home.account_no)]
    sent += [await order(ProvinceKind.URGE, urged_number=one.number) for one in sent]
    line = [one for one in sent for _ in range(3)]
    random.Random(7).shuffle(line)
    await asyncio.gather(*(apart(take_order(one, "port")) for one in line))
    assert len(await tickets()) == 5
    assert [row["urges"] for row in await tickets()] == [1] * 5
    assert await fetch_value("SELECT count(*) FROM partner_order WHERE ticket IS NULL") == 0


@pytest.mark.usefixtures("rolled_back")
async def test_a_list_costs_two_statements_however_long() -> None:
    actor = await make_dispatcher()
    statements = set()
    for _ in range(3):
        await take_order(await order(ProvinceKind.OPINION, phone=f"139{number()[-8:]}"), "port")
        async with counted() as sent:
            await partner_orders(actor, PartnerOrderFilter())
        statements.add(len(sent))
    assert statements == {2}


async def test_an_order_knows_no_further_fields() -> None:
    body = msgspec.json.encode({"number": "HB20260001", "kind": "故障报修", "extra": 1})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=ProvinceOrder)


def test_only_a_fault_is_restored_and_a_reopening_begins_a_round() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    events = ["intake", "dispatch", "return", "dispatch", "handle", "reply", "reopen", "reply"]
    steps = [TicketStepTaken(TicketEvent(event), at) for event in events]
    fault = [(one.stage, one.round) for one in stages_reached(TicketKind.FAULT, steps)]
    assert fault == [
        (Stage.ACCEPTED, 0),
        (Stage.DISPATCHED, 0),
        (Stage.RESTORED, 0),
        (Stage.REPLIED, 0),
        (Stage.REPLIED, 1),
    ]
    opinion = [one.stage for one in stages_reached(TicketKind.OPINION, steps)]
    assert Stage.RESTORED not in opinion
