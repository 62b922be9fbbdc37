"""W4 by chance: whatever happens to an outage, every child ends exactly once and none is lost."""

import random
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from grid.kit.clock import advance
from grid.kit.database import fetch, fetch_value
from grid.kit.refusals import Refusal
from grid.outages.children import settle_due
from grid.outages.joining import (
    answer_by_customer,
    answer_by_staff,
    join,
    split_children,
)
from grid.outages.rules import CHILD_ENDS, OutageStepNotPossible
from grid.outages.schedule import close_answered
from grid.outages.types import AnswerChild, JoinTickets, SplitTickets
from grid.outages.words import OutageEvent
from grid.territory.types import CustomerActor
from grid.work_orders.intake import report_fault
from grid.work_orders.tickets.rules import TICKET_TRANSITIONS
from grid.work_orders.words import TicketEvent, TicketKind, TicketState
from tests.grid.outages.scene import Village, dark, done, inside, make_village
from tests.grid.work_orders.scene import fault

pytestmark = pytest.mark.usefixtures("committed")

HOMES = 5
#: What may happen next; reports come more often than the rest.
ACTS = (
    *("report",) * 3,
    *("before", "join", "split", "yes", "no", "phone", "settle", "settle", "work", "restore"),
    *("comment", "close", "hours", "cancel"),
)


class Walk:
    """One outage of one village under a row of random acts."""

    def __init__(self, village: Village, outage_id: UUID, chance: random.Random) -> None:
        self.village, self.outage_id, self.chance = village, outage_id, chance

    async def take(self, act: str) -> None:
        """One act; what is refused changes nothing and is part of life."""
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            "report": self._report,
            "before": self._before,
            "join": self._join,
            "split": self._split,
            "yes": lambda: self._answer(True),
            "no": lambda: self._answer(False),
            "phone": self._phone,
            "settle": lambda: settle_due(100),
            "work": lambda: done(self.village, self.outage_id, OutageEvent.WORK),
            "restore": self._restore,
            "comment": lambda: done(
                self.village, self.outage_id, OutageEvent.COMMENT, reason="巡线"
            ),
            "close": lambda: done(self.village, self.outage_id, OutageEvent.CLOSE),
            "cancel": self._cancel,
            "hours": lambda: advance(self.chance.choice((600, 7 * 3600, 25 * 3600))),
        }
        try:
            await acts[act]()
        except Refusal:
            return

    async def _restore(self) -> None:
        if self.chance.random() < 0.4:
            await done(self.village, self.outage_id, OutageEvent.RESTORE)

    async def _cancel(self) -> None:
        if self.chance.random() < 0.3:
            await done(self.village, self.outage_id, OutageEvent.CANCEL, reason="弄错了")

    def _who(self) -> int:
        return self.chance.randrange(HOMES)

    async def _report(self) -> None:
        await inside(self.village, self._who())

    async def _before(self) -> None:
        who = self._who()
        await report_fault(self.village.customers[who], fault(self.village.homes[who]))

    async def _some(self) -> list[UUID]:
        rows = await fetch(
            "SELECT id FROM ticket WHERE grid = $1 ORDER BY id", self.village.grid.id
        )
        ids = [row["id"] for row in rows]
        return self.chance.sample(ids, min(len(ids), 2))

    async def _join(self) -> None:
        ids = await self._some()
        if ids:
            await join(self.village.dispatcher, self.outage_id, JoinTickets(ticket_ids=ids))

    async def _split(self) -> None:
        ids = await self._some()
        if ids:
            command = SplitTickets(ticket_ids=ids, reason="另有故障")
            await split_children(self.village.dispatcher, self.outage_id, command)

    async def _answer(self, is_back: bool) -> None:
        rows = await fetch("SELECT id, openid FROM ticket WHERE grid = $1", self.village.grid.id)
        if rows:
            row = self.chance.choice(sorted(rows, key=lambda one: one["id"]))
            customer = CustomerActor(openid=row["openid"])
            await answer_by_customer(customer, row["id"], is_back)

    async def _phone(self) -> None:
        for ticket_id in (await self._some())[:1]:
            command = AnswerChild(ticket_id=ticket_id, is_back=self.chance.random() < 0.5)
            await answer_by_staff(self.village.dispatcher, self.outage_id, command)


async def check_whole(*, at_the_end: bool) -> None:
    """No ticket without an outage, a job or an end; each child one end; no step skipped."""
    lost = await fetch(
        "SELECT t.number, t.state FROM ticket t WHERE t.closed_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM outage_membership m WHERE m.ticket = t.id"
        " AND m.ended_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM work_order w WHERE w.ticket = t.id"
        " AND w.state NOT IN ('cancelled', 'closed', 'completed', 'cannot_complete'))"
    )
    assert lost == []
    twice = await fetch(
        "SELECT m.ticket FROM outage_membership m JOIN work_order w ON w.ticket = m.ticket"
        " WHERE m.ended_at IS NULL AND m.state <> 'leaving'"
        " AND w.state NOT IN ('cancelled', 'closed', 'completed', 'cannot_complete')"
    )
    assert twice == [], "a child with a job of its own"
    for row in await fetch("SELECT state, ended_at FROM outage_membership"):
        assert (row["ended_at"] is not None) is (row["state"] in CHILD_ENDS)
    await check_histories()
    if at_the_end:
        assert (
            await fetch_value("SELECT count(*) FROM outage_membership m WHERE ended_at IS NULL")
            == 0
        )
        closed = await fetch_value(
            "SELECT count(*) FROM outage_membership m JOIN ticket t ON t.id = m.ticket"
            " WHERE m.state IN ('back', 'no_answer') AND t.callback IS NULL"
        )
        assert closed == 0, "closed without evidence of its own"


async def check_histories() -> None:
    """Every ticket's history is a way through the table of faults."""
    rows = await fetch("SELECT * FROM ticket_transition ORDER BY ticket, version, at, id")
    table = TICKET_TRANSITIONS[TicketKind.FAULT]
    last: dict[UUID, str] = {}
    for row in rows:
        if row["event"] != TicketEvent.INTAKE:
            assert row["from_state"] == last[row["ticket"]]
            key = (TicketEvent(row["event"]), TicketState(row["from_state"]))
            assert table[key] == row["to_state"]
        last[row["ticket"]] = row["to_state"]


async def bring_to_an_end(walk: Walk) -> None:
    """Restore, ask, wait out the limit: afterwards nobody may be left."""
    await settle_due(100)
    try:
        await done(walk.village, walk.outage_id, OutageEvent.RESTORE)
    except OutageStepNotPossible:
        # It was restored or cancelled on the way already.
        assert await fetch_value("SELECT state FROM outage WHERE id = $1", walk.outage_id) not in (
            "confirmed",
            "restoring",
        )
    await settle_due(100)
    await advance(25 * 3600)
    await settle_due(100)
    await close_answered()


@pytest.mark.parametrize("seed", range(6))
async def test_W4_every_child_ends_exactly_once_and_none_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    village = await make_village(HOMES)
    outage = await dark(village)
    walk = Walk(village, outage.id, chance)
    await walk.take("report")
    for _ in range(45):
        await walk.take(chance.choice(ACTS))
        await check_whole(at_the_end=False)
    await bring_to_an_end(walk)
    await check_whole(at_the_end=True)
    state = await fetch_value("SELECT state FROM outage WHERE id = $1", outage.id)
    assert state in ("closed", "cancelled")
    assert await fetch_value("SELECT count(*) FROM outage_membership") > 0


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
@given(st.lists(st.sampled_from(ACTS), max_size=25), st.integers(0, 10_000))
async def test_W4_any_row_of_acts_leaves_everybody_with_one_end(acts: list[str], seed: int) -> None:
    village = await make_village(HOMES)
    outage = await dark(village)
    walk = Walk(village, outage.id, random.Random(seed))
    for act in acts:
        await walk.take(act)
    await check_whole(at_the_end=False)
    await bring_to_an_end(walk)
    await check_whole(at_the_end=True)
