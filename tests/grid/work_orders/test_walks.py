"""Random lives of a job on the database: whatever people try, the record stays whole (W1, P2)."""

import random
from datetime import timedelta
from itertools import pairwise

import pytest

from grid.dispatch.service import offer, reassign
from grid.kit.clock import advance, business_now
from grid.kit.database import fetch_value
from grid.kit.refusals import Refusal
from grid.territory.types import StaffActor
from grid.work_orders.reading import view_one
from grid.work_orders.rules import OVER, TRANSITIONS
from grid.work_orders.schedule import close_unrated, move_silent_offers_on
from grid.work_orders.types import DoVerb, WorkOrderView
from grid.work_orders.words import WorkOrderEvent, WorkOrderState
from tests.grid.work_orders.scene import (
    Scene,
    assignments_of,
    at,
    history_of,
    job_id,
    make_scene,
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


@pytest.mark.parametrize("seed", range(6))
async def test_W1_whatever_is_tried_the_record_stays_whole(seed: int) -> None:
    dice = random.Random(seed)
    scene = await make_scene()
    people = [scene.manager, scene.dispatcher, await actor_of(scene.grid.assistant)]
    for person in people:
        now = await business_now()
        await give_shift(person.staff_id, now, now + timedelta(days=90))
    job = job_id(await told(scene))
    for _ in range(TRIES):
        before, left = await view_one(scene.dispatcher, job), await traces()
        try:
            await _try_something(dice, scene, people, before)
        except Refusal:
            assert await traces() == left, "a refused step leaves nothing"
        if (await row_of(job))["state"] == "cancelled":
            break
    await _record_is_whole(before)


async def _try_something(
    dice: random.Random, scene: Scene, people: list[StaffActor], job: WorkOrderView
) -> None:
    """One thing that somebody, dispatch or time does; more often one that is possible."""
    chance = dice.random()
    if chance < 0.15:
        await offer(job.id)
    elif chance < 0.18:
        await advance(dice.choice([200, 1900, 86_500]))
        await move_silent_offers_on()
        await close_unrated()
    elif chance < 0.2:
        to = dice.choice([scene.grid.manager, scene.grid.assistant, scene.grid.supervisor])
        command = DoVerb(version=job.version, reason="改派", staff_id=to)
        await reassign(scene.dispatcher, job.id, command)
    else:
        actor = dice.choice(people)
        if job.assignee is not None and job.state not in OVER and chance < 0.9:
            actor = next(one for one in people if one.staff_id == job.assignee.id)
        seen = await view_one(actor, job.id)
        onward = [event for event in seen.allowed if event not in DULL or dice.random() < 0.08]
        event = dice.choice(onward if onward and chance < 0.9 else list(WorkOrderEvent))
        fields: dict[str, object] = {"reason": "有原因", "resolution": "处理好了"}
        if event is WorkOrderEvent.ARRIVE:
            fields = {"position": at(scene.home.place, dice.choice([5.0, 3000.0]))}
        await step(actor, seen, event.value, **fields)


async def _record_is_whole(job: WorkOrderView) -> None:
    row, history = await row_of(job.id), await history_of(job.id)
    state = WorkOrderState(row["state"])
    assert [one["version"] for one in history] == list(range(row["version"] + 1))
    assert (history[0]["event"], history[0]["from_state"]) == ("intake", None)
    for earlier, later in pairwise(history):
        assert later["from_state"] == earlier["to_state"]
        step_taken = (WorkOrderEvent(later["event"]), WorkOrderState(later["from_state"]))
        assert TRANSITIONS[step_taken] == later["to_state"]
        assert later["at"] >= earlier["at"]
        assert later["actor"]
    assert history[-1]["to_state"] == state
    if state.value in STAMPED:
        assert row[STAMPED[state.value]] is not None
    await _assignments_fit(row["state"], row["assignee"], job)
    changes = await fetch_value(
        "SELECT count(*) FROM outbox_event WHERE kind = 'work_orders.WorkOrderChanged'"
    )
    assert changes == row["version"], "each step is said once"


async def _assignments_fit(state: str, assignee: object, job: WorkOrderView) -> None:
    open_ones = [one for one in await assignments_of(job.id) if one["ended_at"] is None]
    if state in ("triaged", "pending_dispatch", "scheduled"):
        assert (open_ones, assignee) == ([], None)
    elif state in ("assigned", "accepted", "en_route", "on_site", "in_progress", "on_hold"):
        (one,) = open_ones
        assert one["staff"] == assignee
    else:
        assert open_ones == []
