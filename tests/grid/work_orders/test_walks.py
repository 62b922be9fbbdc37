"""Random lives of jobs on the database: whatever people try, the record stays whole (W1, P2)."""

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from asyncpg import Record

from grid.dispatch.service import assign_by_hand, offer, reassign
from grid.evidence.types import EvidencePurpose
from grid.kit.clock import advance, business_now
from grid.kit.database import fetch_value
from grid.kit.refusals import Refusal
from grid.territory.types import StaffActor
from grid.work_orders.kinds import KINDS
from grid.work_orders.on_site.arrival import prove_arrival
from grid.work_orders.on_site.safety import check_in, raise_sos
from grid.work_orders.reading import view_one
from grid.work_orders.releasing import release_jobs_of
from grid.work_orders.rules import ASSIGNMENT_TRANSITIONS, OPEN_ASSIGNMENT, OVER, TRANSITIONS
from grid.work_orders.schedule import (
    close_unrated,
    move_silent_offers_on,
    raise_missed_check_ins,
)
from grid.work_orders.types import AssignByHand, DoVerb, OnSite, ProveArrival, WorkOrderView
from grid.work_orders.words import (
    AssignmentState,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)
from tests.grid.work_orders.jobs import OPEN_KINDS, attach, make_skilled_scene, opened, prove_all
from tests.grid.work_orders.scene import (
    Scene,
    assignments_of,
    at,
    history_of,
    job_id,
    row_of,
    step,
    told,
    traces,
)
from tests.support.staff import actor_of, give_shift

pytestmark = pytest.mark.usefixtures("committed")

TRIES = 60
#: Events that change nothing or end the walk early: tried one time in twelve.
DULL = ("comment", "supervise", "cancel", "cannot-complete", "decline")
#: The moment on the job that each state behind it must have.
STAMPED = {
    "accepted": "accepted_at",
    "on_site": "arrived_at",
    "in_progress": "started_at",
    "completed": "completed_at",
    "cannot_complete": "completed_at",
    "cancelled": "closed_at",
    "closed": "closed_at",
}
GIVING = (WorkOrderEvent.ASSIGN, WorkOrderEvent.REASSIGN)


@pytest.mark.parametrize("seed", range(4))
async def test_W1_whatever_is_tried_with_a_fault_the_record_stays_whole(seed: int) -> None:
    scene = await make_skilled_scene()
    job = await view_one(scene.dispatcher, job_id(await told(scene)))
    await _live(random.Random(seed), scene, job)


@pytest.mark.parametrize("kind", [kind for kind in OPEN_KINDS if kind != "fault_repair"])
async def test_W1_whatever_is_tried_with_any_kind_the_record_stays_whole(
    kind: WorkOrderKind,
) -> None:
    scene = await make_skilled_scene()
    await _live(random.Random(kind.value), scene, await opened(scene, kind))


async def _live(dice: random.Random, scene: Scene, job: WorkOrderView) -> None:
    people = [scene.manager, scene.dispatcher, await actor_of(scene.grid.assistant)]
    for person in people:
        now = await business_now()
        await give_shift(person.staff_id, now, now + timedelta(days=90))
    for _ in range(TRIES):
        before, left = await view_one(scene.dispatcher, job.id), await traces()
        try:
            await _try_something(dice, scene, people, before)
        except Refusal:
            assert await traces() == left, "a refused step leaves nothing"
        if (await row_of(job.id))["state"] == "cancelled":
            break
    await _record_is_whole(before)


async def _try_something(
    dice: random.Random, scene: Scene, people: list[StaffActor], job: WorkOrderView
) -> None:
    """One thing that somebody, dispatch or time does; more often one that is possible."""
    chance = dice.random()
    if chance < 0.15:
        choice = AssignByHand(staff_id=dice.choice([scene.grid.manager, scene.grid.assistant]))
        if job.assignee is None and KINDS[job.kind].offered:
            await offer(job.id)
        elif job.assignee is None:
            await assign_by_hand(scene.dispatcher, job.id, choice)
    elif chance < 0.18:
        await advance(dice.choice([200, 1900, 86_500]))
        await move_silent_offers_on()
        await close_unrated()
        await raise_missed_check_ins()
    elif chance < 0.2:
        to = dice.choice([scene.grid.manager, scene.grid.assistant, scene.grid.supervisor])
        command = DoVerb(version=job.version, reason="改派", staff_id=to)
        await reassign(scene.dispatcher, job.id, command)
    elif chance < 0.32 and job.assignee is not None:
        actor = next((one for one in people if one.staff_id == job.assignee.id), people[0])
        await _beside_the_steps(dice, actor, job)
    else:
        await _step(dice, scene, people, job)


async def _beside_the_steps(dice: random.Random, actor: StaffActor, job: WorkOrderView) -> None:
    """What leaves a line in the history without moving the job."""
    what = dice.randrange(6)
    if what == 0:
        await check_in(actor, job.id, OnSite())
    elif what == 1:
        await raise_sos(actor, job.id, OnSite(words="来人"))
    elif what == 2:
        await prove_arrival(actor, job.id, ProveArrival(version=job.version, seal_code="0000"))
    elif what == 3 and dice.random() < 0.2:
        await release_jobs_of(actor.staff_id)
    elif what == 4:
        await attach(actor, job.id, EvidencePurpose.VOLTAGE_ABSENT_PHOTO)
    else:
        await prove_all(actor, job)


async def _step(
    dice: random.Random, scene: Scene, people: list[StaffActor], job: WorkOrderView
) -> None:
    actor = dice.choice(people)
    usual = dice.random() < 0.9
    if job.assignee is not None and job.state not in OVER and usual:
        actor = next(one for one in people if one.staff_id == job.assignee.id)
    seen = await view_one(actor, job.id)
    onward = [event for event in seen.allowed if event not in DULL or dice.random() < 0.08]
    event = dice.choice(onward if onward and usual else list(WorkOrderEvent))
    fields: dict[str, object] = {"reason": "有原因", "resolution": "处理好了"}
    if event is WorkOrderEvent.ARRIVE:
        fields = {"position": at(scene.home.place, dice.choice([5.0, 3000.0]))}
    elif event is WorkOrderEvent.START and dice.random() < 0.7:
        second = {scene.grid.manager, scene.grid.assistant} - {actor.staff_id}
        fields |= {"permit_no": "P-1", "second_person_id": second.pop(), "live_work": True}
    await step(actor, seen, event.value, **fields)


async def _record_is_whole(job: WorkOrderView) -> None:
    row, history = await row_of(job.id), await history_of(job.id)
    state = WorkOrderState(row["state"])
    assert (history[0]["event"], history[0]["from_state"]) == ("intake", None)
    assert {line["version"] for line in history} == set(range(row["version"] + 1))
    for earlier, later in pairwise(history):
        assert later["from_state"] == earlier["to_state"]
        assert later["at"] >= earlier["at"]
        assert later["actor"]
        if later["version"] == earlier["version"]:
            assert later["event"] == "comment", "a line beside the steps moves nothing"
    assert replayed(history) == state, "the history alone gives the state"
    if state.value in STAMPED:
        assert row[STAMPED[state.value]] is not None
    await _assignments_fit(history, state, row["assignee"], job)
    said = await fetch_value(
        "SELECT count(DISTINCT body->>'version') FROM outbox_event"
        " WHERE kind = 'work_orders.WorkOrderChanged' AND (body->>'version')::int > 0"
    )
    assert said == row["version"], "each step is said"


def replayed(history: Sequence[Record]) -> WorkOrderState:
    """The state that the events of a history lead to by the table; every one must be possible."""
    state = WorkOrderState(history[0]["to_state"])
    for line in history[1:]:
        state = TRANSITIONS[WorkOrderEvent(line["event"]), state]
        assert state == line["to_state"]
    return state


async def _assignments_fit(
    history: Sequence[Record], state: WorkOrderState, assignee: object, job: WorkOrderView
) -> None:
    """The assignments are what the events make of them by their own table, one open at a time."""
    lived: list[AssignmentState] = []
    for line in history:
        event = WorkOrderEvent(line["event"])
        if lived and (event, lived[-1]) in ASSIGNMENT_TRANSITIONS:
            lived[-1] = ASSIGNMENT_TRANSITIONS[event, lived[-1]]
        if event in GIVING:
            assert not lived or lived[-1] not in OPEN_ASSIGNMENT, "one at a time"
            lived.append(AssignmentState.OFFERED)
    found = await assignments_of(job.id)
    assert [one["state"] for one in found] == lived
    open_ones = [one for one in found if one["ended_at"] is None]
    assert [one["state"] in OPEN_ASSIGNMENT for one in open_ones] == [True] * len(open_ones)
    if state in (WorkOrderState.TRIAGED, WorkOrderState.PENDING_DISPATCH, WorkOrderState.SCHEDULED):
        assert (open_ones, assignee) == ([], None)
    elif state in OVER:
        assert open_ones == []
    else:
        (one,) = open_ones
        assert one["staff"] == assignee
