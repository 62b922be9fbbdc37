"""Policies are proposed by one person, released by another, and never change the past."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from asyncpg import CheckViolationError

from grid.clocks.policies import SEEDS, Facts, limits_at
from grid.clocks.policy_changes import (
    TARGETS_OF,
    PolicyDecided,
    policies,
    policy_history,
    propose_policy,
    release_policy,
    withdraw_policy,
)
from grid.clocks.policy_types import PolicyView, ProposePolicy
from grid.clocks.types import Target
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch_value
from grid.kit.dated_settings import SamePerson
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import StaffActor, StaffRole
from grid.work_orders.times.policy_preview import affected
from tests.grid.work_orders.scene import make_scene, offered, told, walked
from tests.support.county import make_grid
from tests.support.staff import actor_of, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

FAULT = Facts("fault_repair", "rural", "urgent")


async def of_the_county(role: StaffRole = StaffRole.OPERATOR) -> StaffActor:
    return await actor_of(await make_staff(skilled=False, roles=(role,), everywhere=True))


def wanted(**more: Any) -> ProposePolicy:
    fields = {
        "kind": "fault_repair",
        "target": "arrive",
        "limit_s": 3600,
        "hours": "always",
        "source": "县公司第 5 号文件",
        "place_class": "rural",
        **more,
    }
    return msgspec.convert(fields, type=ProposePolicy)


async def arrive_s(facts: Facts = FAULT) -> int:
    found = await limits_at(await business_now(), facts)
    return next(one.limit_s for one in found if one.target is Target.ARRIVE)


async def put_in_force(command: ProposePolicy) -> PolicyView:
    draft = await propose_policy(await of_the_county(), command)
    assert draft.id is not None
    return await release_policy(await of_the_county(), draft.id)


async def test_S1_a_policy_holds_only_after_a_second_person_released_it() -> None:
    proposer, second = await of_the_county(), await of_the_county()
    draft = await propose_policy(proposer, wanted())
    assert draft.id is not None
    assert await arrive_s() == 90 * 60
    with pytest.raises(SamePerson):
        await release_policy(proposer, draft.id)
    done = await release_policy(second, draft.id)
    assert (done.state, done.released_by) == ("released", second.subject)
    assert await arrive_s() == 3600
    for verb in (release_policy, withdraw_policy):
        with pytest.raises(PolicyDecided):
            await verb(second, draft.id)
    audited = await fetch_value("SELECT count(*) FROM audit_entry WHERE action LIKE 'policy.%'")
    assert audited == 2


async def test_a_matter_keeps_the_limit_of_its_intake() -> None:
    scene = await make_scene()
    before = await offered(scene)
    await put_in_force(wanted())
    after = await offered(scene, danger=True)
    limits = [
        next(one.limit_s for one in job.clocks if one.target is Target.ARRIVE)
        for job in (before, after)
    ]
    assert limits == [90 * 60, 3600]


async def test_a_release_never_reaches_into_the_past() -> None:
    soon = await business_now() + timedelta(minutes=5)
    draft = await propose_policy(await of_the_county(), wanted(effective_from=soon))
    await advance(3600)
    assert draft.id is not None
    done = await release_policy(await of_the_county(), draft.id)
    assert (await business_now() - done.effective_from).total_seconds() < 5
    yesterday = await business_now() - timedelta(days=1)
    with pytest.raises(Invalid) as refused:
        await propose_policy(await of_the_county(), wanted(effective_from=yesterday))
    assert refused.value.field == "effective_from"


async def test_what_is_released_for_later_waits_for_its_moment() -> None:
    later = await business_now() + timedelta(days=2)
    await put_in_force(wanted(effective_from=later))
    assert await arrive_s() == 90 * 60
    shown = await policies(await of_the_county())
    assert [one.limit_s for one in shown.proposed] == [3600]
    await advance(2 * 86_400 + 1)
    assert await arrive_s() == 3600
    assert (await policies(await of_the_county())).proposed == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "nothing"),
        ("target", "callback"),
        ("priority", "high"),
        ("tag", "rich"),
        ("station_code", "NOWHERE"),
    ],
)
async def test_what_no_matter_has_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        await propose_policy(await of_the_county(), wanted(**{field: value}))
    assert refused.value.field == field
    assert await fetch_value("SELECT count(*) FROM sla_policy") == 0


@pytest.mark.parametrize("limit_s", [0, 59, 31_622_401, -60])
def test_limits_have_bounds(limit_s: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        wanted(limit_s=limit_s)


async def test_a_post_of_a_station_acts_for_that_station_only() -> None:
    grid = await make_grid()
    code = await fetch_value("SELECT code FROM supply_station WHERE id = $1", grid.station_id)
    head = await actor_of(await make_staff(grid.station_id, roles=(StaffRole.STATION_HEAD,)))
    with pytest.raises(NotAllowed):
        await propose_policy(head, wanted())
    other = await make_grid()
    foreign = await fetch_value("SELECT code FROM supply_station WHERE id = $1", other.station_id)
    with pytest.raises(NotAllowed):
        await propose_policy(head, wanted(station_code=foreign))
    draft = await propose_policy(head, wanted(station_code=code))
    county = await propose_policy(await of_the_county(), wanted())
    assert draft.id is not None
    assert county.id is not None
    with pytest.raises(NotAllowed):
        await release_policy(head, county.id)
    await release_policy(await of_the_county(), draft.id)
    assert await arrive_s(FAULT._replace(station_code=code)) == 3600
    assert await arrive_s() == 90 * 60


async def test_who_has_no_such_right_does_nothing_and_sees_nothing() -> None:
    dispatcher, somebody = await make_dispatcher(), await of_the_county()
    for attempt in (
        policies(dispatcher),
        propose_policy(dispatcher, wanted()),
        policy_history(dispatcher, "fault_repair", Target.ARRIVE),
        affected(dispatcher, wanted()),
    ):
        with pytest.raises(NotAllowed):
            await attempt
    with pytest.raises(NotFound):
        await release_policy(somebody, new_id())
    with pytest.raises(NotFound):
        await policy_history(somebody, "nothing", Target.ARRIVE)


async def test_the_table_shows_what_holds_with_its_source_and_the_history_everything() -> None:
    somebody = await of_the_county()
    shown = await policies(somebody)
    assert len(shown.in_force) == len(SEEDS)
    await put_in_force(wanted())
    await put_in_force(wanted(limit_s=4000))
    shown = await policies(somebody)
    assert len(shown.in_force) == len(SEEDS), "the company's stands in place of the first value"
    held = [
        one
        for one in shown.in_force
        if (one.kind, one.target, one.place_class) == ("fault_repair", "arrive", "rural")
    ]
    assert [(one.limit_s, one.source) for one in held] == [(4000, "县公司第 5 号文件")]
    history = await policy_history(somebody, "fault_repair", Target.ARRIVE)
    assert [one.limit_s for one in history][:2] == [4000, 3600]
    assert len(history) == 5


async def test_the_database_too_refuses_a_policy_that_one_person_released() -> None:
    draft = await propose_policy(await of_the_county(), wanted())
    with pytest.raises(CheckViolationError):
        await execute("UPDATE sla_policy SET released_by = proposed_by WHERE id = $1", draft.id)


async def test_the_preview_counts_the_open_matters_that_would_have_another_limit() -> None:
    scene = await make_scene()
    somebody = await of_the_county()
    await offered(scene)
    await offered(scene, danger=True)
    await walked(scene, await offered(scene, danger=True), "complete")
    found = await affected(somebody, wanted())
    assert (found.open_matters, found.other_limit) == (2, 2), "who arrived is past it"
    assert (await affected(somebody, wanted(limit_s=90 * 60))).other_limit == 0
    assert (await affected(somebody, wanted(priority="danger"))).other_limit == 1
    assert (await affected(somebody, wanted(place_class="city"))).other_limit == 0
    assert (await affected(somebody, wanted(place_class=None))).other_limit == 0, (
        "what is narrower goes before it"
    )
    await told(scene)
    callback = wanted(kind="fault", target="callback", limit_s=7200, place_class=None)
    found = await affected(somebody, callback)
    assert found.open_matters == found.other_limit > 0
    assert await fetch_value("SELECT count(*) FROM sla_policy") == 0, "nothing is stored"


def test_each_kind_has_targets_of_jobs_or_of_tickets() -> None:
    assert Target.ARRIVE in TARGETS_OF["fault_repair"]
    assert Target.ANSWER not in TARGETS_OF["fault_repair"]
    assert Target.ANSWER in TARGETS_OF["complaint"]
    assert Target.ARRIVE not in TARGETS_OF["complaint"]
    assert all(
        {one.target for one in SEEDS if one.kind == kind} <= TARGETS_OF[kind] for kind in TARGETS_OF
    )
