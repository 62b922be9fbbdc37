"""Events exist when their cause was committed, and every reaction has its effect once."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
import time_machine

from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, transaction
from grid.kit.outbox import (
    BATCH,
    LEASE,
    MAX_ATTEMPTS,
    Event,
    claim_due,
    dead_letters,
    event_kind,
    fan_out,
    give_back,
    outbox_gauges,
    react,
    reaction,
    replay,
    say,
    waiting,
)
from grid.kit.refusals import NotFound
from tests.support.contexts import apart
from tests.support.statements import recorded


class WordSpoken(Event):
    word: str


class NobodyCares(Event):
    word: str


REACTION = f"{__name__}.write_word"
broken: set[str] = set()


@reaction(WordSpoken)
async def write_word(event: WordSpoken) -> None:
    await execute("INSERT INTO probe VALUES ($1)", event.word)
    if event.word in broken:
        raise ValueError(f"cannot hear {event.word}\nDETAIL: somebody's phone number")


@pytest.fixture(autouse=True)
def nothing_broken() -> Iterator[None]:
    broken.clear()
    yield
    broken.clear()


async def speak(*words: str) -> None:
    async with transaction():
        for word in words:
            await say(WordSpoken(word=word))


async def deliver() -> int:
    """What relay and queue do, in this process: fan out, claim, react; returns what was handled."""
    await fan_out()
    return sum([await react(name, events) for name, events in await claim_due()])


async def words() -> list[str]:
    return [row["word"] for row in await fetch("SELECT word FROM probe ORDER BY word")]


async def make_due() -> None:
    await execute(
        "UPDATE event_delivery SET due_at = $1 WHERE state = 'pending'",
        machine_now() - timedelta(seconds=1),
    )


async def test_an_event_is_said_inside_a_transaction_only(probe: None) -> None:
    with pytest.raises(RuntimeError, match="WordSpoken was said outside a transaction"):
        await say(WordSpoken(word="alone"))
    assert await fetch_value("SELECT count(*) FROM outbox_event") == 0


async def test_what_is_rolled_back_was_never_said(probe: None) -> None:
    async with transaction() as running:
        await say(WordSpoken(word="never"))
        await running.rollback()
    assert await deliver() == 0
    assert await words() == []


async def test_what_is_committed_reaches_its_reaction_once(probe: None) -> None:
    await speak("one", "two")
    assert await deliver() == 2
    assert await deliver() == 0
    assert await words() == ["one", "two"]


async def test_an_event_without_reaction_is_only_a_hint(probe: None) -> None:
    async with transaction():
        await say(NobodyCares(word="x"))
    (said,) = await fan_out()
    assert said.kind == event_kind(NobodyCares) == "kit.NobodyCares"
    assert msgspec.json.decode(said.body) == {"word": "x"}
    assert await claim_due() == []
    assert await waiting() == (False, False)


async def test_Y31_the_relay_never_skips_a_row_that_commits_late(probe: None) -> None:
    """An event with an older id that is committed after a newer one was relayed."""
    async with transaction():
        await say(WordSpoken(word="slow"))
        await apart(speak("quick"))
        assert await apart(deliver()) == 1
    assert await deliver() == 1
    assert await words() == ["quick", "slow"]


async def test_waiting_says_what_waits(probe: None) -> None:
    assert await waiting() == (False, False)
    await speak("one")
    assert await waiting() == (True, False)
    await fan_out()
    assert await waiting() == (False, True)
    await claim_due()
    assert await waiting() == (False, False)


async def test_a_delivery_id_begins_with_the_time_of_its_event(probe: None) -> None:
    await speak("one")
    await fan_out()
    row = await fetch_one("SELECT id, event FROM event_delivery")
    assert row is not None
    assert row["id"].version == 7
    assert row["id"].int >> 80 == row["event"].int >> 80
    assert row["id"] != row["event"]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(1, [1]), (10, [10]), (25, [10, 10, 5]), (120, [20] * 6), (2 * 6 * BATCH, [BATCH] * 12)],
)
async def test_a_burst_is_shared_among_jobs_of_at_most_a_batch(
    probe: None, count: int, sizes: list[int]
) -> None:
    await speak(*(f"{n}" for n in range(count)))
    while await fan_out():
        pass
    jobs = await claim_due(limit=count)
    assert [len(events) for _, events in jobs] == sizes
    assert len({event for _, events in jobs for event in events}) == count


async def test_a_lease_runs_out(probe: None) -> None:
    await speak("one")
    await fan_out()
    assert len(await claim_due()) == 1
    assert await claim_due() == []
    with time_machine.travel(machine_now() + LEASE + timedelta(seconds=1), tick=True):
        assert len(await claim_due()) == 1


async def test_what_the_queue_did_not_take_is_due_at_once(probe: None) -> None:
    await speak("one", "two")
    await fan_out()
    jobs = await claim_due()
    assert await give_back(jobs) == 2
    assert await claim_due() == jobs


async def test_a_job_run_twice_has_one_effect(probe: None) -> None:
    await speak("one", "two", "three")
    await fan_out()
    ((name, events),) = await claim_due()
    assert await react(name, events) == 3
    assert await react(name, events) == 0
    assert len(await words()) == 3


async def test_a_failure_is_undone_recorded_and_tried_again_later(probe: None) -> None:
    broken.add("bad")
    await speak("bad")
    assert await deliver() == 0
    assert await words() == []
    row = await fetch_one("SELECT * FROM event_delivery")
    assert row is not None
    assert (row["state"], row["attempts"]) == ("pending", 1)
    assert row["last_error"] == "ValueError: cannot hear bad"
    assert row["due_at"] > machine_now()
    broken.clear()
    await make_due()
    assert await deliver() == 1
    assert await words() == ["bad"]
    assert await fetch_value("SELECT last_error FROM event_delivery") is None


async def test_the_wait_between_tries_grows(probe: None) -> None:
    broken.add("bad")
    await speak("bad")
    waits = []
    for _ in range(MAX_ATTEMPTS - 1):
        before = machine_now()
        await deliver()
        due = await fetch_value("SELECT due_at FROM event_delivery")
        waits.append(round((due - before).total_seconds()))
        await make_due()
    assert waits == [1, 2, 4, 8, 16, 32, 64]


async def test_a_dead_letter_is_seen_and_replayed(probe: None) -> None:
    broken.add("bad")
    await speak("bad")
    for _ in range(MAX_ATTEMPTS):
        await deliver()
        await make_due()
    assert await deliver() == 0
    (letter,) = await dead_letters()
    assert (letter.kind, letter.reaction) == ("kit.WordSpoken", REACTION)
    assert letter.attempts == MAX_ATTEMPTS
    assert letter.last_error == "ValueError: cannot hear bad"
    assert (await outbox_gauges())["outbox_deliveries_dead"] == 1
    broken.clear()
    await replay(letter.id)
    assert await deliver() == 1
    assert await words() == ["bad"]
    assert await dead_letters() == []
    with pytest.raises(NotFound):
        await replay(letter.id)


async def test_one_bad_event_does_not_block_the_others(probe: None) -> None:
    broken.add("bad")
    await speak("a", "bad", "b", "c")
    assert await deliver() == 3
    assert await words() == ["a", "b", "c"]


async def test_a_body_nobody_can_read_becomes_a_failure(probe: None) -> None:
    await speak("one", "two")
    await execute("""UPDATE outbox_event SET body = '{"word": 5}' WHERE id =
                  (SELECT min(id::text)::uuid FROM outbox_event)""")
    assert await deliver() == 1
    assert "ValidationError" in await fetch_value(
        "SELECT last_error FROM event_delivery WHERE state = 'pending'"
    )


async def test_a_reaction_nobody_knows_is_a_failure_too(probe: None) -> None:
    await speak("one")
    await fan_out()
    await execute("UPDATE event_delivery SET reaction = 'gone.away'")
    assert await deliver() == 0
    assert await fetch_value("SELECT attempts FROM event_delivery") == 1


async def test_a_reaction_that_hangs_is_cut_off(probe: None) -> None:
    await speak("slow")
    await fan_out()
    ((name, events),) = await claim_due()
    async with transaction():
        await execute("LOCK TABLE probe IN ACCESS EXCLUSIVE MODE")
        assert await apart(react(name, events, handle_limit_s=0.05)) == 0
    row = await fetch_one("SELECT attempts, last_error FROM event_delivery")
    assert row is not None
    assert row["attempts"] == 1
    assert row["last_error"].startswith("TimeoutError")


async def test_a_job_over_its_budget_leaves_the_rest_to_the_lease(probe: None) -> None:
    await speak("one", "two")
    await fan_out()
    ((name, events),) = await claim_due()
    assert await react(name, events, budget_s=-1.0) == 0
    await make_due()
    assert await deliver() == 2


async def test_one_event_costs_three_round_trips_beside_its_work(probe: None) -> None:
    await speak("one")
    await fan_out()
    ((name, events),) = await claim_due()
    async with recorded() as statements:
        await react(name, events)
    assert [statement.sql.split()[0] for statement in statements] == [
        "BEGIN;",
        "WITH",
        "INSERT",
        "COMMIT;",
    ]


async def test_saying_and_fanning_out_cost_one_statement_each(probe: None) -> None:
    async with recorded() as statements:
        await speak("one")
    assert len(statements) == 3
    async with recorded() as statements:
        assert len(await fan_out()) == 1
    assert len(statements) == 1
    async with recorded() as statements:
        await waiting()
    assert len(statements) == 1
