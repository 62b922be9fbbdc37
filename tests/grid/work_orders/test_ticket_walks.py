"""Random walks over the tickets of every kind: whatever is tried, no step is skipped (W1)."""

import random
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest
from asyncpg import Record

from grid.kit.database import fetch_one
from grid.kit.refusals import Refusal
from grid.work_orders.tickets.rules import REACHED_BY, STEPS_OF, TICKET_RIGHT, TICKET_TRANSITIONS
from grid.work_orders.tickets.steps import take_ticket_step
from grid.work_orders.tickets.types import DoTicketVerb
from grid.work_orders.words import TicketEvent, TicketKind, TicketState
from tests.grid.work_orders.matters import Office, history, make_office, taken_in
from tests.grid.work_orders.scene import completed

pytestmark = pytest.mark.usefixtures("rolled_back")

STEPS = 25


def _tried(chance: random.Random, office: Office, version: int) -> DoTicketVerb:
    people = [one.staff_id for one in (office.head, office.clerk, office.auditor)]
    fields = {
        "version": version if chance.random() < 0.9 else chance.randint(0, 30),
        "reason": chance.choice([None, "因为"]),
        "words": chance.choice([None, "说明", "说明"]),
        "staff_id": chance.choice([None, *people]),
        "outcome": chance.choice([None, "satisfied", "unsatisfied", "not_solved", "no_answer"]),
        "stars": chance.choice([None, None, 1, 5]),
        "kind": chance.choice([None, *(kind.value for kind in TicketKind)]),
        "complaint_class": chance.choice([None, "service"]),
    }
    return msgspec.convert(fields, type=DoTicketVerb, from_attributes=True)


async def _start(office: Office, kind: TicketKind) -> UUID:
    if kind is TicketKind.FAULT:
        job = await completed(office.scene)
        assert job.ticket_id is not None
        return job.ticket_id
    return (await taken_in(office, kind.value)).id


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", TicketKind)
async def test_W1_no_walk_leaves_the_table_or_loses_history(kind: TicketKind, seed: int) -> None:
    office, chance = await make_office(), random.Random(f"{kind.value}{seed}")
    actors = [office.auditor] if kind is TicketKind.TIP_OFF else [*office[1:], office.scene.manager]
    ticket_id = await _start(office, kind)
    kept = [tuple(row.values()) for row in await history(ticket_id)]
    for _ in range(STEPS):
        row = await fetch_one("SELECT version FROM ticket WHERE id = $1", ticket_id)
        assert row is not None
        event = chance.choice(list(TICKET_RIGHT))
        try:
            command = _tried(chance, office, row["version"])
            await take_ticket_step(chance.choice(actors), ticket_id, event, command)
        except Refusal:
            after = await fetch_one("SELECT version FROM ticket WHERE id = $1", ticket_id)
            assert after == row, "what was refused changed nothing"
        rows = [tuple(one.values()) for one in await history(ticket_id)]
        assert rows[: len(kept)] == kept, "history is only added to"
        kept = rows
    await _check(ticket_id)


async def _check(ticket_id: UUID) -> None:
    """The history explains the state: every line follows the last by a row of its kind's table."""
    row = await fetch_one("SELECT * FROM ticket WHERE id = $1", ticket_id)
    assert row is not None
    lines = await history(ticket_id)
    assert [one["version"] for one in lines] == list(range(len(lines)))
    assert lines[-1]["to_state"] == row["state"]
    kinds = _kinds(lines, row["kind"])
    for before, line, kind in zip(lines, lines[1:], kinds, strict=False):
        assert line["from_state"] == before["to_state"]
        event, state = TicketEvent(line["event"]), TicketState(line["from_state"])
        assert TICKET_TRANSITIONS[kind][event, state] == line["to_state"]
        assert line["actor"]
        assert line["at"] >= before["at"]
    closed = row["state"] in (TicketState.CLOSED, TicketState.CANCELLED)
    assert (row["closed_at"] is not None) == closed
    if row["state"] == TicketState.CLOSED:
        _check_closed(lines, TicketKind(row["kind"]))


def _kinds(lines: Sequence[Record], last: str) -> list[TicketKind]:
    """The kind that each step was taken as: facts of a reclassification say what it was before."""
    found: list[TicketKind] = []
    kind = TicketKind(last)
    for line in reversed(lines[1:]):
        if line["event"] == TicketEvent.RECLASSIFY:
            kind = TicketKind(msgspec.json.decode(line["facts"])["from_kind"])
        found.append(kind)
    return found[::-1]


def _check_closed(lines: Sequence[Record], kind: TicketKind) -> None:
    """Since it was last opened, every step of its loop was taken, in the order of its table."""
    opened = max(
        n
        for n, line in enumerate(lines)
        if line["event"] in (TicketEvent.INTAKE, TicketEvent.REOPEN, TicketEvent.RECLASSIFY)
    )
    taken = {line["event"] for line in lines[opened:]}
    needed = {REACHED_BY[state].value for state in STEPS_OF[kind][1:]}
    assert needed <= taken
