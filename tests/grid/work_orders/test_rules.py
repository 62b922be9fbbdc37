"""The transition table, the grades of an arrival and the clocks of a job, without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.clocks import ledger
from grid.clocks.ledger import Effects, opened
from grid.clocks.rules import OfficeHours, Standing, Ticking, view
from grid.clocks.types import Hours, Limit, Target
from grid.kit.calendar import Calendar
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid
from grid.territory.authority import Action
from grid.work_orders.rules import (
    ASSIGNEE_ONLY,
    FROM_INTAKE,
    NEEDED,
    RIGHT,
    STEPS,
    TRANSITIONS,
    WorkOrderStepNotPossible,
    check_fields,
    check_position,
    check_times,
    effects_of,
    next_state,
)
from grid.work_orders.types import DevicePosition, DoVerb
from grid.work_orders.words import ArrivalGrade, WorkOrderEvent, WorkOrderState

#: The table of the reference in words: event, states it may happen in, state after it.
TABLE = """
assign           triaged pending_dispatch scheduled                  assigned
schedule         triaged pending_dispatch                            scheduled
accept           assigned                                            accepted
decline          assigned                                            pending_dispatch
silence          assigned                                            pending_dispatch
release          assigned accepted en_route                          pending_dispatch
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
    by_the_house = {"intake", "assign", "silence", "release"}
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
        if event in ("reassign", "reopen", "decline", "silence", "release"):
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


LIMITS_OF_A_FAULT = [
    Limit(target=target, limit_s=limit_s, hours=Hours.ALWAYS, warn_percent=None, source="test")
    for target, limit_s in ((Target.ACCEPT, 180), (Target.ARRIVE, 5400), (Target.RESTORE, 14400))
]
TICKING = Ticking(Calendar(), OfficeHours(()))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Lived:
    """The clocks of a fault, moved by what happens to its job; seconds from intake."""

    def __init__(self) -> None:
        fresh = {row.target: row for row in map(opened, LIMITS_OF_A_FAULT)}
        self.rows = {row.id: row for row in fresh.values()}
        self._take(Effects(start=FROM_INTAKE), 0)

    def happens(
        self, event: WorkOrderEvent, seconds: float, grade: ArrivalGrade | None = None
    ) -> "Lived":
        effects = effects_of(event, grade)
        if effects is not None:
            self._take(effects, seconds)
        return self

    def _take(self, effects: Effects, seconds: float) -> None:
        changed = ledger.after(list(self.rows.values()), effects, after(seconds), (), TICKING)
        self.rows |= {row.id: row for row in changed}

    def stand(self, seconds: float) -> dict[Target, str]:
        """Target -> state of the newest round of each clock that has begun."""
        found = {}
        for target, row in ledger.latest(list(self.rows.values())).items():
            if row.started_at is None or row.due_at is None:
                continue
            standing = Standing(
                target=target,
                due_at=row.due_at,
                warn_at=row.warn_at,
                stopped_at=row.stopped_at,
                given_up_at=row.given_up_at,
                paused_until=None,
                limit_s=row.limit_s,
                hours=row.hours,
                source=row.source,
            )
            found[target] = view(standing, after(seconds)).state.value
        return found


_EV = WorkOrderEvent


def test_the_clocks_run_from_dispatch_intake_and_arrival() -> None:
    lived = Lived().happens(_EV.ASSIGN, 60).happens(_EV.ACCEPT, 70)
    lived.happens(_EV.ARRIVE, 600, ArrivalGrade.WEAK)
    due = {row.target: row.due_at for row in lived.rows.values()}
    assert due == {
        Target.ACCEPT: after(60 + 180),
        Target.ARRIVE: after(5400),
        Target.RESTORE: after(600 + 14400),
    }


def test_W3_each_clock_is_met_at_its_limit_and_breached_after_it() -> None:
    for late_s, state in ((0, "met"), (1, "breached")):
        lived = Lived().happens(_EV.ASSIGN, 0).happens(_EV.ACCEPT, 180 + late_s)
        lived.happens(_EV.ARRIVE, 5400 + late_s, ArrivalGrade.WEAK)
        lived.happens(_EV.RESTORE, 5400 + late_s + 14400 + late_s)
        assert set(lived.stand(30_000).values()) == {state}


def test_W2_a_disputed_arrival_does_not_stop_the_clock() -> None:
    lived = Lived().happens(_EV.ARRIVE, 60, ArrivalGrade.DISPUTED)
    assert lived.stand(5400)[Target.ARRIVE] == "running"
    assert lived.stand(5401)[Target.ARRIVE] == "breached"
    assert lived.stand(5400)[Target.RESTORE] == "running", "who says to be there has begun"


@pytest.mark.parametrize("event", [_EV.CANCEL, _EV.CANNOT_COMPLETE])
def test_W3_the_clocks_of_a_job_given_up_stand_still_and_keep_their_breach(
    event: WorkOrderEvent,
) -> None:
    for ended_s, arrive in ((5400, "cancelled"), (5401, "breached")):
        lived = Lived().happens(_EV.ASSIGN, 0).happens(_EV.ACCEPT, 9).happens(event, ended_s)
        assert lived.stand(99_999) == {Target.ACCEPT: "met", Target.ARRIVE: arrive}


@given(
    tried=st.lists(st.tuples(st.sampled_from(WorkOrderEvent), st.integers(0, 9000)), max_size=20)
)
def test_W3_no_event_makes_a_breach_forgotten(tried: list[tuple[WorkOrderEvent, int]]) -> None:
    lived, now, breached = Lived(), 0, set[UUID]()
    for event, wait_s in tried:
        now += wait_s
        lived.happens(event, now, ArrivalGrade.WEAK if event is _EV.ARRIVE else None)
        kept = {row.id for row in lived.rows.values() if row.breached_at is not None}
        assert breached <= kept
        breached = kept
        open_ones = [row.target for row in lived.rows.values() if row.is_running]
        assert len(open_ones) == len(set(open_ones)), "one running clock of a target"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, tzinfo=UTC),
        NOW + timedelta(days=1, seconds=1),
        datetime(9999, 1, 1, tzinfo=UTC),
    ],
)
def test_R6_a_device_time_that_cannot_be_meant_is_named(moment: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        check_times(NOW, occurred_at=moment)
    assert refused.value.field == "occurred_at"


@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), NOW, NOW + timedelta(days=1)])
def test_R6_a_wrong_clock_of_a_phone_keeps_nobody_from_working(moment: datetime) -> None:
    check_times(NOW, occurred_at=moment)


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(days=-1), timedelta(days=61)])
def test_a_start_lies_ahead_and_not_in_another_season(offset: timedelta) -> None:
    with pytest.raises(Invalid) as refused:
        check_times(NOW, starts_at=NOW + offset)
    assert refused.value.field == "starts_at"
    check_times(NOW, starts_at=NOW + timedelta(days=1))


@pytest.mark.parametrize(("lat", "lon"), [(0, 0), (-90, 180), (29.9, -110.0), (90, 110), (29.9, 2)])
def test_a_position_outside_of_china_is_named(lat: float, lon: float) -> None:
    with pytest.raises(Invalid) as refused:
        check_position(DevicePosition(lat=lat, lon=lon, accuracy_m=5))
    assert refused.value.field == "position"
    check_position(DevicePosition(lat=29.9, lon=110.0, accuracy_m=5))
    check_position(None)


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
