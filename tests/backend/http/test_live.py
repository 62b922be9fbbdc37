"""Live hints: to those who may know, never with more than ids, and after a Valkey restart too."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from backend.embedded import EmbeddedValkey
from backend.http import live
from backend.http.live import CHANNEL, STREAMS_PER_PERSON, Hub
from grid.kit.refusals import TooMany
from grid.territory.types import (
    Audience,
    GridRole,
    HeldGridRole,
    HeldRole,
    StaffActor,
    StaffRole,
)


def _actor(*grids: UUID, dispatcher: bool = False) -> StaffActor:
    return StaffActor(
        staff_id=uuid4(),
        employee_no="T1",
        name="某人",
        station_id=None,
        session_id=uuid4(),
        audience=Audience.PHONE,
        second_factor=False,
        roles=(HeldRole(role=StaffRole.DISPATCHER),) if dispatcher else (),
        grid_roles=tuple(
            HeldGridRole(role=GridRole.MANAGER, grid_id=grid, station_id=uuid4()) for grid in grids
        ),
    )


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    async with EmbeddedValkey(tmp_path / "home") as server:
        yield server


@pytest.fixture
async def hub(valkey: EmbeddedValkey, pool: None) -> AsyncIterator[Hub]:
    one = Hub()
    await one.start(valkey.url)
    await _subscribed(valkey)
    yield one
    await one.stop()


async def _subscribed(valkey: EmbeddedValkey) -> None:
    client: Redis = Redis.from_url(valkey.url)
    async with client, asyncio.timeout(10):
        for _ in range(500):
            if dict(await client.pubsub_numsub(CHANNEL)).get(CHANNEL.encode(), 0):
                return
            await asyncio.sleep(0.02)


async def _publish(valkey: EmbeddedValkey, name: str, /, **body: Any) -> None:
    client: Redis = Redis.from_url(valkey.url)
    async with client:
        await client.publish(CHANNEL, json.dumps({"kind": name, "body": body}))


async def _next(stream: AsyncIterator[bytes]) -> tuple[str, dict[str, Any]]:
    async with asyncio.timeout(10):
        lines = (await anext(stream)).decode().splitlines()
    return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))


async def _opened(hub: Hub, actor: StaffActor) -> AsyncIterator[bytes]:
    stream = await hub.stream(actor)
    assert (await _next(stream))[0] == "resync"
    return stream


async def test_a_hint_reaches_its_grid_and_the_county_and_nobody_else(
    hub: Hub, valkey: EmbeddedValkey
) -> None:
    mine, theirs = uuid4(), uuid4()
    manager = await _opened(hub, _actor(mine))
    dispatcher = await _opened(hub, _actor(dispatcher=True))
    facts = {"work_order_id": str(uuid4()), "version": 3, "phone": "19900001234"}
    await _publish(valkey, "work_orders.WorkOrderChanged", grid_id=str(theirs), **facts)
    await _publish(valkey, "work_orders.WorkOrderChanged", grid_id=str(mine), **facts)
    first = await _next(manager)
    assert first[0] == "hint"
    assert first[1] == {
        "kind": "WorkOrderChanged",
        "work_order_id": facts["work_order_id"],
        "version": 3,
    }
    assert [(await _next(dispatcher))[0] for _ in range(2)] == ["hint", "hint"]


async def test_W5_nobody_hears_live_of_a_complaint_or_a_tip_off(
    hub: Hub, valkey: EmbeddedValkey
) -> None:
    grid = uuid4()
    stream = await _opened(hub, _actor(grid, dispatcher=True))
    hidden = {"grid_id": str(grid), "ticket_id": str(uuid4())}
    await _publish(valkey, "work_orders.TicketOpened", kind="complaint", sealed=False, **hidden)
    await _publish(valkey, "work_orders.TicketChanged", kind="tip_off", sealed=True, **hidden)
    seen = str(uuid4())
    await _publish(
        valkey,
        "work_orders.TicketOpened",
        kind="opinion",
        sealed=False,
        grid_id=str(grid),
        ticket_id=seen,
    )
    assert (await _next(stream))[1]["ticket_id"] == seen


async def test_streams_survive_a_valkey_restart(hub: Hub, valkey: EmbeddedValkey) -> None:
    stream = await _opened(hub, _actor(dispatcher=True))
    await valkey.restart()
    await _subscribed(valkey)
    assert (await _next(stream))[0] == "resync"
    await _publish(valkey, "work_orders.WorkOrderChanged", grid_id=str(uuid4()), version=1)
    assert (await _next(stream))[0] == "hint"


async def test_a_disabled_person_and_an_ended_session_lose_their_streams(
    hub: Hub, valkey: EmbeddedValkey
) -> None:
    first, second = _actor(), _actor()
    streams = [await _opened(hub, first), await _opened(hub, second)]
    await _publish(valkey, "territory.StaffDisabled", staff_id=str(first.staff_id))
    session = str(second.session_id)
    body = {"staff_id": str(second.staff_id), "session_id": session}
    await _publish(valkey, "territory.SessionEnded", **body)
    for stream in streams:
        async with asyncio.timeout(10):
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
    assert hub.count() == 0


async def test_a_slow_reader_is_told_to_read_everything_again(
    hub: Hub, valkey: EmbeddedValkey
) -> None:
    grid = uuid4()
    stream = await _opened(hub, _actor(grid))
    body = {"kind": "work_orders.WorkOrderChanged", "body": {"grid_id": str(grid)}}
    for _ in range(live._QUEUE + 1):
        hub._hear(json.dumps(body).encode())
    assert (await _next(stream))[0] == "resync"


async def test_nobody_holds_more_streams_than_the_limit(hub: Hub) -> None:
    actor = _actor()
    streams = [await _opened(hub, actor) for _ in range(STREAMS_PER_PERSON)]
    with pytest.raises(TooMany):
        await hub.stream(actor)
    hub.end_all()
    for stream in streams:
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_streams_opened_in_one_moment_do_not_pass_the_limit(hub: Hub) -> None:
    actor = _actor()
    streams = await asyncio.gather(*(hub.stream(actor) for _ in range(2 * STREAMS_PER_PERSON)))
    firsts = [await anext(stream, None) for stream in streams]
    assert firsts.count(None) == STREAMS_PER_PERSON
    assert hub.count() == STREAMS_PER_PERSON


async def test_a_hint_that_cannot_be_read_is_passed_over(hub: Hub, valkey: EmbeddedValkey) -> None:
    stream = await _opened(hub, _actor(dispatcher=True))
    hub._hear(b"\xff not json")
    hub._hear(b'{"kind": 1}')
    await _publish(valkey, "work_orders.WorkOrderChanged", version=1)
    assert (await _next(stream))[0] == "hint"
