"""Outage rules: the table, notice times, what sounds like no power, the moves of a child."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from grid.kit.refusals import Invalid
from grid.outages.rules import (
    CHILD_ENDS,
    OPEN_CHILD,
    TRANSITIONS,
    Child,
    ChildMove,
    NoticeLimits,
    OutageStepNotPossible,
    check_span,
    child_move,
    is_no_power,
    is_short_notice,
    next_state,
)
from grid.outages.words import ChildState, OutageEvent, OutageKind, OutageState
from grid.work_orders.words import CallbackOutcome, TicketState

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LIMITS = NoticeLimits(planned=timedelta(days=7), temporary=timedelta(hours=24))


def test_what_the_table_does_not_hold_is_refused_and_ends_are_ends() -> None:
    for event, state in product(OutageEvent, OutageState):
        if (event, state) not in TRANSITIONS:
            with pytest.raises(OutageStepNotPossible):
                next_state(event, state)
    leads_on = {state for (_, state), to in TRANSITIONS.items() if to is not state}
    assert leads_on == set(OutageState) - {OutageState.CLOSED, OutageState.CANCELLED}


@pytest.mark.parametrize(
    ("kind", "ahead", "short"),
    [
        (OutageKind.PLANNED, timedelta(days=7), False),
        (OutageKind.PLANNED, timedelta(days=7) - timedelta(seconds=1), True),
        (OutageKind.TEMPORARY, timedelta(hours=24), False),
        (OutageKind.TEMPORARY, timedelta(hours=23), True),
        (OutageKind.FAULT, -timedelta(hours=1), False),
    ],
)
def test_people_are_told_seven_days_or_a_day_ahead(
    kind: OutageKind, ahead: timedelta, short: bool
) -> None:
    assert is_short_notice(kind, NOW + ahead, NOW, LIMITS) is short


@pytest.mark.parametrize(
    ("kind", "start_h", "end_h", "field"),
    [
        (OutageKind.PLANNED, -1, 4, "starts_at"),
        (OutageKind.PLANNED, 91 * 24, 92 * 24, "starts_at"),
        (OutageKind.FAULT, 1, 4, "starts_at"),
        (OutageKind.FAULT, -8 * 24, 4, "starts_at"),
        (OutageKind.PLANNED, 1, None, "expected_end_at"),
        (OutageKind.PLANNED, 4, 4, "expected_end_at"),
        (OutageKind.FAULT, -2, -1, "expected_end_at"),
        (OutageKind.PLANNED, 1, 24 * 7 + 2, "expected_end_at"),
    ],
)
def test_times_that_cannot_be_meant_are_refused_by_name(
    kind: OutageKind, start_h: int, end_h: int | None, field: str
) -> None:
    end = None if end_h is None else NOW + timedelta(hours=end_h)
    with pytest.raises(Invalid) as refused:
        check_span(kind, NOW + timedelta(hours=start_h), end, NOW)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("told", "joins"),
    [
        ("家里没电", True),
        ("附近一片没电", True),
        ("没电了", True),
        ("停电了,什么时候来", True),
        ("又停了", True),
        ("一直不来电", True),
        ("整个村都黑了", True),
        ("电压不稳", False),
        ("跳闸合不上", False),
        ("灯一闪一闪的", False),
        ("没电了,电线断在路上", False),
        ("没电,表箱冒烟", False),
        ("就我家没电,邻居都有电", False),
        ("交了费还是没电", False),
        ("变压器响得厉害", False),
        ("漏保一推就跳", False),
        ("电杆斜了", False),
        ("请来看一下", False),
    ],
)
def test_only_plain_no_power_is_taken_for_the_outage(told: str, joins: bool) -> None:
    assert is_no_power(told) is joins


def child(state: ChildState, ticket: TicketState, **more: object) -> Child:
    return Child(state, None, ticket, None, False)._replace(**more)


@pytest.mark.parametrize(
    ("one", "outage", "move"),
    [
        (child(ChildState.JOINED, TicketState.IN_HAND), OutageState.CONFIRMED, ChildMove.STAY),
        (child(ChildState.JOINED, TicketState.IN_HAND), OutageState.RESTORING, ChildMove.ARRIVE),
        (child(ChildState.JOINED, TicketState.ON_SITE), OutageState.RESTORING, ChildMove.STAY),
        (child(ChildState.JOINED, TicketState.IN_HAND), OutageState.RESTORED, ChildMove.ASK),
        (child(ChildState.ASKED, TicketState.REPLIED), OutageState.RESTORED, ChildMove.STAY),
        (
            child(ChildState.ASKED, TicketState.REPLIED, answer_due_at=NOW),
            OutageState.RESTORED,
            ChildMove.END_NO_ANSWER,
        ),
        (child(ChildState.LEAVING, TicketState.IN_HAND), OutageState.CANCELLED, ChildMove.SPLIT),
        (child(ChildState.ASKED, TicketState.ACCEPTED), OutageState.RESTORED, ChildMove.SPLIT),
        (
            child(ChildState.ASKED, TicketState.ACCEPTED, has_job=True),
            OutageState.RESTORED,
            ChildMove.END_SPLIT,
        ),
        (
            child(ChildState.JOINED, TicketState.CANCELLED),
            OutageState.CONFIRMED,
            ChildMove.END_WITHDRAWN,
        ),
        (
            child(ChildState.ASKED, TicketState.CLOSED, callback=CallbackOutcome.SATISFIED),
            OutageState.RESTORED,
            ChildMove.END_BACK,
        ),
        (
            child(ChildState.ASKED, TicketState.CALLED_BACK, callback=CallbackOutcome.NOT_SOLVED),
            OutageState.RESTORED,
            ChildMove.SPLIT,
        ),
        (
            child(ChildState.ASKED, TicketState.CLOSED, callback=CallbackOutcome.NO_ANSWER),
            OutageState.RESTORED,
            ChildMove.END_NO_ANSWER,
        ),
    ],
)
def test_W4_each_child_moves_by_its_own_evidence(
    one: Child, outage: OutageState, move: ChildMove
) -> None:
    assert child_move(one, outage, NOW) is move


def test_W4_a_child_is_open_or_at_exactly_one_end() -> None:
    assert set(OPEN_CHILD) | set(CHILD_ENDS) == set(ChildState)
    assert not set(OPEN_CHILD) & set(CHILD_ENDS)
