"""The transition table, the grades of an arrival and the clocks of a job, without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.clocks.types import ClockState, Target
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid
from grid.territory.authority import Action
from grid.work_orders.rules import (
    ASSIGNEE_ONLY,
    NEEDED,
    RIGHT,
    STEPS,
    TRANSITIONS,
    ArrivalLimits,
    Times,
    WorkOrderStepNotPossible,
    check_fields,
    check_times,
    clocks_of,
    judge_arrival,
    next_state,
)
from grid.work_orders.types import DoVerb
from grid.work_orders.words import ArrivalGrade, WorkOrderEvent, WorkOrderState

#: The table of the reference in words: event, states it may happen in, state after it.
TABLE = """
assign           triaged pending_dispatch scheduled                  assigned
schedule         triaged pending_dispatch                            scheduled
accept           assigned                                            accepted
decline          assigned                                            pending_dispatch
silence          assigned                                            pending_dispatch
depart           accepted                                            en_route
arrive           accepted en_route                                   on_site
start            on_site                                             in_progress
restore          in_progress                                         in_progress
hold             in_progress                                         on_hold
resume           on_hold                                             in_progress
complete         in_progress                                         completed
cannot-complete  on_site in_progress on_hold                         cannot_complete
cancel           draft triaged pending_dispatch scheduled assigned accepted en_route cancelled
reassign         assigned accepted en_route on_site                  assigned
close            completed cannot_complete                           closed
reopen           completed closed                                    pending_dispatch
"""
EVERY_STATE = """
draft triaged pending_dispatch scheduled assigned accepted en_route on_site in_progress on_hold
completed closed cannot_complete cancelled
"""
MILESTONES = ("assigned", "accepted", "on_site", "in_progress", "completed")

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_the_table_is_the_table_of_the_reference() -> None:
    written = {
        (event, state): to
        for event, *states, to in (line.split() for line in TABLE.strip().splitlines())
        for state in states
    }
    for flag in ("supervise", "comment"):
        written |= {(flag, state): state for state in EVERY_STATE.split()}
    assert {(e.value, s.value): to.value for (e, s), to in TRANSITIONS.items()} == written


def test_the_states_are_the_states_of_the_reference() -> None:
    assert sorted(state.value for state in WorkOrderState) == sorted(EVERY_STATE.split())


def test_every_event_has_somebody_who_may_cause_it() -> None:
    by_the_house = {"intake", "assign", "silence"}
    assert {event.value for event in RIGHT} | by_the_house == {e.value for e in WorkOrderEvent}
    assert set(RIGHT) - STEPS == {WorkOrderEvent.REASSIGN}
    assert {RIGHT[event] for event in ASSIGNEE_ONLY} == {Action.DO_WORK}


def test_every_event_that_needs_a_reason_says_so() -> None:
    assert {event.value for event, fields in NEEDED.items() if "reason" in fields} == {
        "decline", "hold", "cannot-complete", "cancel", "reassign", "reopen", "supervise", "comment"
    }  # fmt: skip
    for event, fields in NEEDED.items():
        with pytest.raises(Invalid) as refused:
            check_fields(event, DoVerb(version=0))
        assert refused.value.field == fields[0]


events = st.lists(st.sampled_from(WorkOrderEvent), max_size=40)
starts = st.sampled_from([WorkOrderState.TRIAGED, WorkOrderState.PENDING_DISPATCH])


def walked(start: WorkOrderState, tried: Sequence[WorkOrderEvent]) -> list[tuple[str, str, str]]:
    """(event, from, to) of every event that was possible."""
    state, steps = start, []
    for event in tried:
        try:
            after = next_state(event, state)
        except WorkOrderStepNotPossible:
            assert (event, state) not in TRANSITIONS
            continue
        steps.append((event.value, state.value, after.value))
        state = after
    return steps


@given(start=starts, tried=events)
def test_W1_no_step_is_skipped_on_any_way_to_the_end(
    start: WorkOrderState, tried: list[WorkOrderEvent]
) -> None:
    passed: list[str] = []
    for event, _, after in walked(start, tried):
        if event in ("reassign", "reopen", "decline", "silence"):
            passed = ["assigned"] if event == "reassign" else []
        elif after in MILESTONES and after not in passed:
            passed.append(after)
            assert tuple(passed) == MILESTONES[: len(passed)]


@given(start=starts, tried=events)
def test_W1_what_is_over_is_left_only_by_closing_or_reopening(
    start: WorkOrderState, tried: list[WorkOrderEvent]
) -> None:
    for event, before, after in walked(start, tried):
        if before in ("completed", "cannot_complete", "closed", "cancelled") and before != after:
            assert event in ("close", "reopen")
        if before == "cancelled":
            assert after == "cancelled"


metres = st.floats(0, 20_000)
limits_of = st.builds(
    lambda radius, strong, more: ArrivalLimits(radius, strong, strong + more),
    st.integers(20, 2000),
    st.integers(5, 500),
    st.integers(0, 4500),
)


@given(distance_m=metres, accuracy_m=metres, mock=st.booleans(), limits=limits_of)
def test_W2_an_arrival_is_proved_only_within_the_radius_that_the_accuracy_allows(
    distance_m: float, accuracy_m: float, mock: bool, limits: ArrivalLimits
) -> None:
    grade = judge_arrival(distance_m, accuracy_m, mock, limits)
    near = distance_m <= limits.radius_m + accuracy_m and accuracy_m <= limits.accuracy_weak_m
    if mock or not near:
        assert grade is ArrivalGrade.DISPUTED
    elif accuracy_m <= limits.accuracy_strong_m:
        assert grade is ArrivalGrade.STRONG
    else:
        assert grade is ArrivalGrade.WEAK


@given(distance_m=metres | st.none(), accuracy_m=metres | st.none(), limits=limits_of)
def test_W2_a_mocked_or_missing_position_proves_nothing(
    distance_m: float | None, accuracy_m: float | None, limits: ArrivalLimits
) -> None:
    assert judge_arrival(distance_m, accuracy_m, True, limits) is ArrivalGrade.DISPUTED
    assert judge_arrival(distance_m, None, False, limits) is ArrivalGrade.DISPUTED


@given(accuracy_m=metres, limits=limits_of)
def test_W2_where_nobody_knows_the_place_an_arrival_is_weak_at_best(
    accuracy_m: float, limits: ArrivalLimits
) -> None:
    assert judge_arrival(None, accuracy_m, False, limits) is not ArrivalGrade.STRONG


@given(near_m=metres, further_m=metres, accuracy_m=metres, limits=limits_of)
def test_W2_going_nearer_never_makes_the_grade_worse(
    near_m: float, further_m: float, accuracy_m: float, limits: ArrivalLimits
) -> None:
    order = [ArrivalGrade.DISPUTED, ArrivalGrade.WEAK, ArrivalGrade.STRONG]
    near, far = sorted((near_m, further_m))
    assert order.index(judge_arrival(near, accuracy_m, False, limits)) >= order.index(
        judge_arrival(far, accuracy_m, False, limits)
    )


LIMITS = ArrivalLimits(radius_m=200, accuracy_strong_m=100, accuracy_weak_m=1000)


@pytest.mark.parametrize(
    ("distance_m", "accuracy_m", "grade"),
    [
        (0, 5, "strong"),
        (205, 5, "strong"),
        (206, 5, "disputed"),
        (300, 100, "strong"),
        (301, 101, "weak"),
        (1200, 1000, "weak"),
        (1201, 1000, "disputed"),
        (0, 1001, "disputed"),
    ],
)
def test_W2_the_edges_of_the_grades(distance_m: float, accuracy_m: float, grade: str) -> None:
    assert judge_arrival(distance_m, accuracy_m, False, LIMITS) == grade


EMPTY = Times(
    clock_from=NOW,
    dispatched_at=None,
    accepted_at=None,
    arrived_at=None,
    arrival_grade=None,
    restored_at=None,
    ended_at=None,
    accept_limit_s=180,
    arrive_limit_s=5400,
    restore_limit_s=14400,
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def stand(times: Times, state: WorkOrderState, now: datetime) -> dict[Target, str]:
    return {view.target: view.state.value for view in clocks_of(times, state, now)}


def test_the_clocks_run_from_dispatch_intake_and_arrival() -> None:
    times = EMPTY._replace(dispatched_at=after(60), arrived_at=after(600), arrival_grade=None)
    views = clocks_of(times, WorkOrderState.ON_SITE, after(600))
    assert [(view.target, view.due_at) for view in views] == [
        (Target.ACCEPT, after(60 + 180)),
        (Target.ARRIVE, after(5400)),
        (Target.RESTORE, after(600 + 14400)),
    ]


def test_W3_each_clock_is_met_at_its_limit_and_breached_after_it() -> None:
    at_limit = EMPTY._replace(
        dispatched_at=NOW,
        accepted_at=after(180),
        arrived_at=after(5400),
        arrival_grade=ArrivalGrade.WEAK,
        restored_at=after(5400 + 14400),
    )
    assert set(stand(at_limit, WorkOrderState.IN_PROGRESS, after(20_000)).values()) == {"met"}
    late = at_limit._replace(
        accepted_at=after(181), arrived_at=after(5401), restored_at=after(5401 + 14401)
    )
    assert set(stand(late, WorkOrderState.IN_PROGRESS, after(20_000)).values()) == {"breached"}


def test_W2_a_disputed_arrival_does_not_stop_the_clock() -> None:
    times = EMPTY._replace(arrived_at=after(60), arrival_grade=ArrivalGrade.DISPUTED)
    assert stand(times, WorkOrderState.ON_SITE, after(5400))[Target.ARRIVE] == "running"
    assert stand(times, WorkOrderState.ON_SITE, after(5401))[Target.ARRIVE] == "breached"


@pytest.mark.parametrize("state", ["cancelled", "cannot_complete", "closed"])
def test_W3_the_clocks_of_a_job_given_up_stand_still_and_keep_their_breach(state: str) -> None:
    arrived = EMPTY._replace(dispatched_at=NOW, accepted_at=after(9), ended_at=after(5400))
    assert stand(arrived, WorkOrderState(state), after(99_999)) == {
        Target.ACCEPT: "met",
        Target.ARRIVE: "cancelled",
    }
    late = arrived._replace(ended_at=after(5401))
    assert stand(late, WorkOrderState(state), after(99_999))[Target.ARRIVE] == "breached"


moments = st.integers(0, 40_000).map(after)


@given(
    dispatched=st.none() | moments,
    accepted=st.none() | moments,
    arrived=st.none() | moments,
    grade=st.sampled_from(ArrivalGrade),
    state=st.sampled_from(WorkOrderState),
    now=moments,
)
def test_clocks_are_a_pure_function_of_the_moments(
    dispatched: datetime | None,
    accepted: datetime | None,
    arrived: datetime | None,
    grade: ArrivalGrade,
    state: WorkOrderState,
    now: datetime,
) -> None:
    times = EMPTY._replace(
        dispatched_at=dispatched,
        accepted_at=accepted,
        arrived_at=arrived,
        arrival_grade=grade if arrived else None,
    )
    views = clocks_of(times, state, now)
    assert views == clocks_of(times, state, now)
    targets = [view.target for view in views]
    assert (Target.ACCEPT in targets) == (dispatched is not None)
    assert (Target.RESTORE in targets) == (arrived is not None)
    for view in views:
        if view.state is ClockState.MET:
            assert view.stopped_at is not None
            assert view.stopped_at <= view.due_at


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
def test_P2_a_device_time_that_cannot_be_meant_is_named(year: int) -> None:
    command = DoVerb(version=0, occurred_at=datetime(year, 1, 1, tzinfo=UTC))
    with pytest.raises(Invalid) as refused:
        check_times(command, NOW)
    assert refused.value.field == "occurred_at"


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(days=-1), timedelta(days=61)])
def test_a_start_lies_ahead_and_not_in_another_season(offset: timedelta) -> None:
    with pytest.raises(Invalid) as refused:
        check_times(DoVerb(version=0, starts_at=NOW + offset), NOW)
    assert refused.value.field == "starts_at"
    check_times(DoVerb(version=0, starts_at=NOW + timedelta(days=1)), NOW)


@pytest.mark.parametrize(
    "body",
    [
        {"version": -1},
        {"version": "1"},
        {"version": 0, "occurred_at": "2026-11-22T08:00:00"},
        {"version": 0, "position": {"lat": 91, "lon": 0, "accuracy_m": 1}},
        {"version": 0, "position": {"lat": 0, "lon": 0}},
        {"version": 0, "reason": ""},
        {"version": 0, "reason": "a\x00b"},
        {"version": 0, "reason": "长" * 501},
        {"version": 0, "staff_id": "nobody"},
        {"version": 0, "hurry": True},
        {},
    ],
)
def test_a_step_that_is_not_well_formed_is_refused_at_the_door(body: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(body), type=DoVerb)


def test_a_whole_step_is_taken_as_it_is() -> None:
    body = {"version": 3, "staff_id": str(new_id()), "occurred_at": "2026-11-22T08:00:00+08:00"}
    command = msgspec.convert(body, type=DoVerb, strict=False)
    assert command.occurred_at == datetime(2026, 11, 22, tzinfo=UTC)
