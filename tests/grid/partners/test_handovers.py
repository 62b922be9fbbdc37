"""The government's grid: matters go over and come back, with a clock and a paper trail."""

from datetime import timedelta
from typing import Any

import pytest

from grid.clocks.schedule import find_breaches
from grid.clocks.types import ClockBreached, ClockState, DueTimesMoved, Subject, Target
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion
from grid.partners.handover_reading import handover, handovers
from grid.partners.handover_steps import take_handover_step
from grid.partners.handovers import hand_over
from grid.partners.reactions import ask_about_late_handover, copy_due_times
from grid.partners.rules import (
    AlreadyHandedOver,
    HandoverStepNotPossible,
    SealedStaysHere,
)
from grid.partners.types import (
    Direction,
    DoHandover,
    HandOver,
    HandoverEvent,
    HandoverFilter,
    HandoverState,
    HandoverView,
)
from grid.supervision.reactions import ask_about_breach
from grid.territory.types import StaffRole
from grid.work_orders.tables import TicketAccused
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.types import TakeTicket
from grid.work_orders.words import Channel, TicketKind
from tests.grid.work_orders.scene import Scene, make_scene
from tests.support.counting import counted
from tests.support.staff import actor_of, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

ACCEPT, REMIND, RETURN = HandoverEvent.ACCEPT, HandoverEvent.REMIND, HandoverEvent.RETURN
SAID = DoHandover(words="树障由镇里清理")


def outgoing(ticket_id: object, **more: Any) -> HandOver:
    fields = {
        "direction": Direction.OUT,
        "reason": "线路通道内的树属于村集体",
        "agency": "容美镇综治中心",
        "contact_person": "李主任",
        "contact_phone": "0718-5280000",
        "ticket_id": ticket_id,
        **more,
    }
    return HandOver(**fields)


def incoming(**more: Any) -> HandOver:
    fields = {
        "their_number": "ZZ20260001",
        "kind": TicketKind.OPINION,
        "description": "村民反映电杆倾斜",
        **more,
    }
    return outgoing(None, direction=Direction.IN, **fields)


async def opinion(scene: Scene) -> Any:
    """An open opinion about the home, as its row."""
    return await take_ticket(
        scene.dispatcher,
        TakeTicket(
            kind=TicketKind.OPINION,
            description="树枝碰线",
            channel=Channel.PHONE,
            account_no=scene.home.account_no,
        ),
    )


async def handed(scene: Scene) -> HandoverView:
    return await hand_over(scene.dispatcher, outgoing((await opinion(scene)).id))


async def ticket_events(ticket_id: object) -> list[str]:
    rows = await fetch(
        "SELECT event FROM ticket_transition WHERE ticket = $1 ORDER BY version", ticket_id
    )
    return [row["event"] for row in rows]


async def test_out_accepted_reminded_and_back_with_a_paper_trail() -> None:
    scene = await make_scene()
    made = await handed(scene)
    assert made.state is HandoverState.HANDED_OVER
    assert {clock.target for clock in made.clocks} == {Target.ACCEPT, Target.ANSWER}
    taken = await take_handover_step(
        scene.dispatcher, made.id, ACCEPT, DoHandover(words="已受理", their_number="ZZ2026777")
    )
    assert taken.their_number == "ZZ2026777"
    await take_handover_step(scene.dispatcher, made.id, REMIND, DoHandover(words="请尽快"))
    back = await take_handover_step(scene.dispatcher, made.id, RETURN, SAID)
    assert (back.state, back.reminders, back.outcome) == (HandoverState.RETURNED, 1, SAID.words)
    assert {clock.state for clock in back.clocks} == {ClockState.MET}
    trail = (await handover(scene.dispatcher, made.id)).trail
    assert [line.event.value for line in trail] == ["hand_over", "accept", "remind", "return"]
    assert trail[0].actor_name == scene.dispatcher.name


async def test_what_comes_back_after_we_thought_it_done_reopens_the_work() -> None:
    scene = await make_scene()
    made = await handed(scene)
    await execute(
        "UPDATE ticket SET state = 'replied', replied_at = reported_at WHERE id = $1",
        made.ticket_id,
    )
    await take_handover_step(scene.dispatcher, made.id, RETURN, SAID)
    assert "reopen" in await ticket_events(made.ticket_id)
    state = await fetch_value("SELECT state FROM ticket WHERE id = $1", made.ticket_id)
    assert state == "accepted"


async def test_the_tickets_clocks_stand_still_only_as_far_as_the_policy_lets_them() -> None:
    scene = await make_scene()
    made = await handed(scene)
    pause = await fetch_one("SELECT * FROM sla_pause WHERE subject_id = $1", made.ticket_id)
    assert pause is not None
    assert (pause["reason"], pause["state"]) == ("government", "requested")
    assert not made.paused
    await take_handover_step(scene.dispatcher, made.id, RETURN, SAID)
    ended = await fetch_value("SELECT ended_at FROM sla_pause WHERE id = $1", pause["id"])
    assert ended is not None


async def test_one_ticket_is_with_the_government_once_at_a_time() -> None:
    scene = await make_scene()
    made = await handed(scene)
    with pytest.raises(AlreadyHandedOver):
        await hand_over(scene.dispatcher, outgoing(made.ticket_id))
    await take_handover_step(scene.dispatcher, made.id, RETURN, SAID)
    again = await hand_over(scene.dispatcher, outgoing(made.ticket_id))
    assert again.id != made.id


async def test_the_government_hands_a_matter_to_us_under_its_number_once() -> None:
    scene = await make_scene()
    command = incoming(account_no=scene.home.account_no)
    made = await hand_over(scene.dispatcher, command)
    assert (await hand_over(scene.dispatcher, command)).id == made.id
    row = await fetch_one("SELECT * FROM ticket WHERE id = $1", made.ticket_id)
    assert row is not None
    assert (row["channel"], row["kind"]) == ("government", "opinion")
    assert await fetch_value("SELECT count(*) FROM ticket") == 1
    with pytest.raises(HandoverStepNotPossible):
        await take_handover_step(scene.dispatcher, made.id, REMIND, SAID)
    back = await take_handover_step(scene.dispatcher, made.id, RETURN, SAID)
    assert back.state is HandoverState.RETURNED
    assert "reopen" not in await ticket_events(made.ticket_id)


async def test_a_ticket_may_be_named_by_its_number() -> None:
    scene = await make_scene()
    ticket = await opinion(scene)
    made = await hand_over(scene.dispatcher, outgoing(None, ticket_number=ticket.number))
    assert made.ticket_id == ticket.id
    with pytest.raises(NotFound):
        await hand_over(scene.dispatcher, outgoing(None, ticket_number="YJ20260000"))


@pytest.mark.parametrize(
    ("field", "command"),
    [
        ("ticket_id", outgoing(None)),
        ("their_number", incoming(their_number=None)),
        ("description", incoming(description=None)),
    ],
)
async def test_what_is_missing_is_named(field: str, command: HandOver) -> None:
    scene = await make_scene()
    with pytest.raises(Invalid) as refused:
        await hand_over(scene.dispatcher, command)
    assert refused.value.field == field


async def test_rights_reach_and_secrets() -> None:
    scene, elsewhere = await make_scene(), await make_scene()
    ticket = await opinion(scene)
    with pytest.raises(NotFound):
        await hand_over(elsewhere.dispatcher, outgoing(ticket.id))
    with pytest.raises(NotAllowed):
        await hand_over(await actor_of(scene.grid.supervisor), outgoing(ticket.id))
    auditor = await make_staff(
        roles=(StaffRole.AUDITOR, StaffRole.DISPATCHER), everywhere=True, skilled=False
    )
    sealed = await take_ticket(
        scene.dispatcher,
        TakeTicket(
            kind=TicketKind.TIP_OFF,
            description="窃电",
            channel=Channel.PHONE,
            form={"subject": "theft"},
        ),
    )
    with pytest.raises(SealedStaysHere):
        await hand_over(await actor_of(auditor), outgoing(sealed.id))
    with pytest.raises(NotFound):
        await hand_over(scene.dispatcher, outgoing(sealed.id))
    made = await handed(scene)
    with pytest.raises(NotFound):
        await handover(elsewhere.dispatcher, made.id)
    with pytest.raises(StaleVersion):
        await take_handover_step(
            scene.dispatcher, made.id, ACCEPT, DoHandover(words="好", version=9)
        )


async def test_W5_the_accused_do_not_see_the_handover_of_their_complaint() -> None:
    scene = await make_scene()
    made = await handed(scene)
    await insert(TicketAccused, id=new_id(), ticket=made.ticket_id, staff=scene.dispatcher.staff_id)
    assert (await handovers(scene.dispatcher, HandoverFilter())).items == []
    with pytest.raises(NotFound):
        await take_handover_step(scene.dispatcher, made.id, ACCEPT, SAID)


async def test_W3_a_late_government_makes_one_supervision_order_about_the_ticket() -> None:
    scene = await make_scene()
    made = await handed(scene)
    await advance(20 * 86400)
    await find_breaches()
    rows = await fetch(
        "SELECT id, target, due_at FROM sla_clock WHERE subject = 'handover'"
        " AND breached_at IS NOT NULL ORDER BY target"
    )
    assert [row["target"] for row in rows] == ["accept", "answer"]
    for row in rows * 2:
        event = ClockBreached(
            clock_id=row["id"],
            subject=Subject.HANDOVER,
            subject_id=made.id,
            target=Target(row["target"]),
            due_at=row["due_at"],
        )
        await ask_about_breach(event)
        await ask_about_late_handover(event)
    found = await fetch("SELECT ticket, words FROM supervision_order")
    assert [row["ticket"] for row in found] == [made.ticket_id] * 2
    assert (await business_now()) - made.handed_at > timedelta(days=19)


async def test_the_copy_of_the_next_limit_follows_its_clocks() -> None:
    scene = await make_scene()
    made = await handed(scene)
    await execute(
        "UPDATE sla_clock SET due_at = due_at + interval '3 days' WHERE subject_id = $1", made.id
    )
    for _ in range(2):
        await copy_due_times(DueTimesMoved(subject=Subject.HANDOVER, subject_ids=[made.id]))
    moved = await fetch_value("SELECT due_at FROM handover WHERE id = $1", made.id)
    assert made.due_at is not None
    assert moved - made.due_at == timedelta(days=3)


async def test_a_list_costs_two_statements_however_long() -> None:
    scene = await make_scene()
    statements = set()
    for number in range(3):
        await hand_over(
            scene.dispatcher,
            incoming(
                their_number=f"ZZ{number:06d}",
                description=f"第 {number} 件",
                account_no=scene.home.account_no,
            ),
        )
        async with counted() as sent:
            page = await handovers(scene.dispatcher, HandoverFilter())
        statements.add(len(sent))
    assert len(page.items) == 3
    assert statements == {2}
