"""Two people at the same moment: exactly one of them wins, and nothing is written twice."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from grid.dispatch.service import assign_by_hand, offer
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch_value, transaction
from grid.kit.idempotency import once
from grid.kit.refusals import Refusal, StaleVersion
from grid.work_orders.intake import open_work_order, report_fault
from grid.work_orders.on_site.safety import check_in, raise_sos
from grid.work_orders.reading import view_one
from grid.work_orders.recording import lock
from grid.work_orders.schedule import move_silent_offers_on, raise_missed_check_ins
from grid.work_orders.steps import take_step
from grid.work_orders.tickets.followed import rate_ticket, say_still_dark
from grid.work_orders.tickets.types import RateTicket
from grid.work_orders.types import AssignByHand, DoVerb, OnSite, OpenWorkOrder, WorkOrderView
from grid.work_orders.words import WorkOrderEvent
from tests.grid.work_orders.scene import (
    assignments_of,
    at,
    completed,
    fault,
    history_of,
    job_id,
    make_scene,
    offered,
    row_of,
    said,
    step,
    told,
    walked,
)
from tests.support.contexts import apart
from tests.support.homes import link, make_customer

pytestmark = pytest.mark.usefixtures("committed")


async def both(*verbs: Awaitable[Any]) -> tuple[list[Any], list[str]]:
    """Run verbs at once: what they gave, and the codes of those that were refused."""
    answers = await asyncio.gather(*verbs, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Refusal):
            raise answer
    given = [answer for answer in answers if not isinstance(answer, Refusal)]
    return given, sorted(answer.code for answer in answers if isinstance(answer, Refusal))


async def somebody_waits() -> bool:
    """Whether another connection comes to wait for a lock, within three seconds."""
    for _ in range(300):
        if await fetch_value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_W1_two_accepts_of_one_job_make_one() -> None:
    scene = await make_scene()
    job = await offered(scene)
    given, refused = await both(*(step(scene.manager, job, "accept") for _ in range(4)))
    assert (len(given), refused) == (1, ["stale_version"] * 3)
    assert [row["event"] for row in await history_of(job.id)] == ["intake", "assign", "accept"]
    assert (await said())["WorkOrderAccepted"] == 1


async def test_L5_one_key_at_the_same_moment_is_one_step_and_one_answer() -> None:
    scene = await make_scene()
    job = await offered(scene)
    command = DoVerb(version=job.version)

    async def accept() -> WorkOrderView:
        return await once(
            scene.manager.subject,
            "key-1",
            f"accept:{job.id}",
            command,
            lambda: take_step(scene.manager, job.id, WorkOrderEvent.ACCEPT, command),
            WorkOrderView,
        )

    given, refused = await both(*(accept() for _ in range(3)))
    assert refused == []
    assert given[0] == given[1] == given[2]
    assert (await row_of(job.id))["version"] == job.version + 1


async def test_two_dispatchers_assign_at_once_and_one_of_them_wins() -> None:
    scene = await make_scene()
    job = job_id(await told(scene))
    choices = (scene.grid.manager, scene.grid.assistant)
    given, refused = await both(
        *(
            assign_by_hand(
                scene.dispatcher, job, AssignByHand(staff_id=person, reason="就近", version=0)
            )
            for person in choices
        )
    )
    assert (len(given), refused) == (1, ["stale_version"])
    (assignment,) = await assignments_of(job)
    assert assignment["staff"] == given[0].assignee.id
    kept = await fetch_value("SELECT count(*) FROM dispatch_suggestion")
    assert kept == 1, "the choice that was refused is not kept"


async def test_many_offers_at_once_give_one_assignment() -> None:
    scene = await make_scene()
    job = job_id(await told(scene))
    given, refused = await both(*(offer(job) for _ in range(5)))
    assert (sorted(given), refused) == ([False] * 4 + [True], [])
    assert len(await assignments_of(job)) == 1
    assert await fetch_value("SELECT count(*) FROM dispatch_suggestion") == 1


async def test_a_dispatcher_and_dispatch_at_once_give_one_assignment() -> None:
    scene = await make_scene()
    job = job_id(await told(scene))
    by_hand = AssignByHand(staff_id=scene.grid.assistant, version=0)
    given, refused = await both(offer(job), assign_by_hand(scene.dispatcher, job, by_hand))
    assert len(await assignments_of(job)) == 1
    assert refused in ([], ["stale_version"])
    assert len(given) == 2 - len(refused)


async def test_R3_accepting_in_the_moment_of_silence_is_one_or_the_other() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await advance(181)
    _, refused = await both(
        step(scene.manager, job, "accept"), move_silent_offers_on(), move_silent_offers_on()
    )
    row, (assignment,) = await row_of(job.id), await assignments_of(job.id)
    if refused:
        assert (row["state"], assignment["state"]) == ("pending_dispatch", "released")
        assert refused in (["stale_version"], ["not_allowed"])
    else:
        assert (row["state"], assignment["state"]) == ("accepted", "accepted")
    assert row["version"] == job.version + 1
    assert len(await history_of(job.id)) == 3


async def test_R3_silence_that_waited_does_not_take_the_job_from_the_next_one() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await advance(181)
    async with transaction():
        await lock(job.id)
        silence = apart(move_silent_offers_on())
        assert await somebody_waits()
        await step(scene.manager, job, "decline", reason="在外地")
        assert await offer(job.id)
    await silence
    row = await row_of(job.id)
    assert (row["state"], row["assignee"]) == ("assigned", scene.grid.assistant)


async def test_two_messages_of_one_customer_at_the_same_moment_make_one_ticket() -> None:
    scene = await make_scene()
    given, refused = await both(*(told(scene) for _ in range(4)))
    assert refused == []
    assert len({ticket.id for ticket in given}) == 1
    assert await fetch_value("SELECT count(*) FROM work_order") == 1
    assert (await said())["WorkOrderOpened"] == 1


async def test_two_of_one_family_at_the_same_moment_make_one_ticket() -> None:
    scene = await make_scene()
    wife = make_customer()
    await link(wife, scene.home)
    given, _ = await both(told(scene), report_fault(wife, fault(scene.home)))
    assert len({ticket.id for ticket in given}) == 1
    assert await fetch_value("SELECT count(*) FROM ticket") == 1


async def test_the_budget_holds_against_many_messages_at_once() -> None:
    scene = await make_scene()
    somebody = make_customer()
    given, refused = await both(
        *(report_fault(somebody, fault(place=scene.grid.place)) for _ in range(14))
    )
    assert (len(given), refused) == (10, ["too_many"] * 4)


async def test_rating_twice_at_once_is_one_rating() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    given, refused = await both(
        *(
            rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=stars))
            for stars in (1, 5, 3)
        )
    )
    assert (len(given), refused) == (1, ["ticket_already_rated"] * 2)
    assert await fetch_value("SELECT stars FROM rating") == given[0].stars
    assert (await said())["TicketClosed"] == 1


async def test_rating_and_still_dark_at_once_leave_one_truth() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    await both(
        rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=1)),
        say_still_dark(scene.customer, job.ticket_id),
    )
    row = await row_of(job.id)
    assert row["state"] == "pending_dispatch", "dark stays dark, whichever came first"
    assert row["version"] + 1 == len(await history_of(job.id))


async def test_two_further_jobs_at_once_are_one() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    job = await step(scene.manager, job, "cannot-complete", reason="需要吊车")
    further = OpenWorkOrder(description="带吊车再去", ticket_id=job.ticket_id)
    given, refused = await both(*(open_work_order(scene.dispatcher, further) for _ in range(3)))
    assert (len(given), refused) == (1, ["invalid"] * 2)


async def test_work_and_a_second_call_at_once_keep_the_history_in_order() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await both(step(scene.manager, job, "accept"), *(told(scene) for _ in range(3)))
    history = await history_of(job.id)
    assert len(history) == 6
    for earlier, later in pairwise(history):
        assert later["from_state"] == earlier["to_state"]
    assert (await view_one(scene.manager, job.id)).state == "accepted"


async def test_a_second_call_that_waited_is_written_after_the_step_it_waited_for() -> None:
    scene = await make_scene()
    job = await offered(scene)
    async with transaction():
        await lock(job.id)
        telling = apart(told(scene, description="还是没电"))
        assert await somebody_waits()
        await step(scene.manager, job, "accept")
    await telling
    assert [(row["event"], row["to_state"]) for row in (await history_of(job.id))[-2:]] == [
        ("accept", "accepted"),
        ("comment", "accepted"),
    ]


async def test_a_person_disabled_in_the_moment_of_the_offer_leaves_the_job_waiting_or_theirs() -> (
    None
):
    scene = await make_scene()
    job = job_id(await told(scene))
    await both(
        offer(job),
        execute("UPDATE staff SET state = 'disabled' WHERE id = $1", scene.grid.manager),
    )
    row = await row_of(job)
    assert row["assignee"] in (scene.grid.manager, scene.grid.assistant, None)
    assert (row["assignee"] is None) == (row["state"] == "triaged")


async def test_W1_the_one_who_was_slower_hears_who_was_faster_and_what_they_did() -> None:
    scene = await make_scene()
    job = await offered(scene)
    seen = await view_one(scene.dispatcher, job.id)
    answers = await asyncio.gather(
        step(scene.manager, job, "accept"),
        step(scene.dispatcher, seen, "cancel", reason="误报"),
        return_exceptions=True,
    )
    (refused,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(refused, StaleVersion)
    last = (await history_of(job.id))[-1]
    winner = scene.manager if last["event"] == "accept" else scene.dispatcher
    assert refused.facts["by"] == winner.name
    assert refused.facts["event"] == last["event"]
    assert refused.facts["at"] == last["at"].isoformat()
    assert winner.name in refused.detail
    assert (await row_of(job.id))["version"] == job.version + 1


async def test_a_missed_check_in_and_a_check_in_at_once_leave_one_truth() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "arrive")
    await advance(31 * 60)
    given, refused = await both(
        check_in(scene.manager, job.id, OnSite()),
        *(raise_missed_check_ins() for _ in range(3)),
    )
    assert (len(given), refused) == (4, [])
    alarms = await fetch_value("SELECT count(*) FROM safety_alarm")
    assert alarms == (await said())["SosRaised"] <= 1
    assert (await row_of(job.id))["check_in_due_at"] is not None


async def test_two_calls_for_help_at_once_page_once() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "arrive")
    given, refused = await both(*(raise_sos(scene.manager, job.id, OnSite()) for _ in range(4)))
    assert (len({alarm.id for alarm in given}), refused) == (1, [])
    assert (await said())["SosRaised"] == 1


async def test_R6_the_same_step_sent_twice_after_a_lost_answer_is_one_step_with_both_times() -> (
    None
):
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    claimed = await business_now() - timedelta(hours=3)
    command = DoVerb(version=job.version, occurred_at=claimed, position=at(scene.home.place))

    async def replay() -> WorkOrderView:
        return await once(
            scene.manager.subject,
            "offline-7",
            f"arrive:{job.id}",
            command,
            lambda: take_step(scene.manager, job.id, WorkOrderEvent.ARRIVE, command),
            WorkOrderView,
        )

    given, refused = await both(*(replay() for _ in range(3)))
    assert refused == []
    assert given[0] == given[1] == given[2]
    arrivals = [line for line in await history_of(job.id) if line["event"] == "arrive"]
    assert [line["device_at"] for line in arrivals] == [claimed]
    assert given[0].arrived_at == arrivals[0]["at"] > claimed
