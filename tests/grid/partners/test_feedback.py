"""What the province is told: each stage once, frozen, retried, chased, never with another meaning."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import claim_due, fan_out, react
from grid.kit.refusals import NotFound
from grid.partners import reactions
from grid.partners.feedback import (
    acknowledge,
    chase_unacknowledged,
    queue_reached,
    send_waiting,
)
from grid.partners.intake import take_order
from grid.partners.port import Receipt
from grid.partners.rules import wait_s
from grid.partners.types import Acknowledge, Feedback, ProvinceKind
from grid.work_orders.reading import view_one
from tests.grid.partners.scene import (
    AWAY,
    REFUSED,
    Answering,
    messages,
    order,
    ticket_numbered,
)
from tests.grid.work_orders.scene import Scene, make_scene, offered, step, walked
from tests.support.contexts import apart

#: Messages are sent side by side, each on a connection of its own: nothing here may share one.
pytestmark = pytest.mark.usefixtures("committed")


class Killed(Exception):
    """The worker ended between the province's answer and our mark."""


async def taken(scene: Scene) -> UUID:
    """A fault of the home that came from the province; gives the ticket's id."""
    receipt = await take_order(await order(account_no=scene.home.account_no), "port")
    ticket: UUID = (await ticket_numbered(receipt.ticket_number))["id"]
    return ticket


async def due_now() -> None:
    """As if every wait between two tries had passed."""
    await execute("UPDATE partner_message SET next_try_at = next_try_at - interval '1 day'")


async def heard() -> None:
    """The relay and the reactions, once round."""
    await fan_out()
    for name, events in await claim_due():
        if name.startswith(reactions.__name__.removesuffix(".reactions")):
            await react(name, events)


async def test_every_step_of_the_ticket_is_told_once_in_order() -> None:
    scene = await make_scene()
    job = await offered(scene)
    merged = await take_order(await order(account_no=scene.home.account_no), "port")
    ticket = (await ticket_numbered(merged.ticket_number))["id"]
    assert ticket == job.ticket_id
    job = await walked(scene, await view_one(scene.manager, job.id), "complete")
    await step(scene.dispatcher, job, "close")
    for _ in range(3):
        await queue_reached(ticket, await business_now())
    province = Answering()
    for _ in range(10):
        await send_waiting(province)
    assert province.stages() == [
        "accepted",
        "dispatched",
        "arrived",
        "restored",
        "replied",
        "archived",
    ]
    assert {row["state"] for row in await messages()} == {"acknowledged"}


async def test_a_reopened_matter_is_told_in_a_round_of_its_own() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await take_order(await order(account_no=scene.home.account_no), "port")
    job = await walked(scene, await view_one(scene.manager, job.id), "complete")
    job = await step(scene.dispatcher, job, "reopen", reason="客户说没有恢复")
    assert job.ticket_id is not None
    await queue_reached(job.ticket_id, await business_now())
    rounds = [(row["stage"], row["round"]) for row in await messages()]
    assert len(rounds) == len(set(rounds))
    assert ("restored", 0) in rounds


async def test_the_reaction_tells_what_a_step_reached() -> None:
    scene = await make_scene()
    ticket = await taken(scene)
    await heard()
    assert [row["stage"] for row in await messages()] == ["accepted"]
    async with transaction():
        await execute("UPDATE ticket SET answer = '已更换' WHERE id = $1", ticket)
    assert (await messages())[0]["body"]


async def test_sent_again_it_is_the_same_bytes_under_the_same_id() -> None:
    await taken(await make_scene())
    province = Answering(AWAY)
    for _ in range(3):
        await send_waiting(province)
        await due_now()
    province.answer = Receipt.ACKNOWLEDGED
    await send_waiting(province)
    assert len(set(province.bodies)) == 1
    assert len(province.bodies) == 4
    (row,) = await messages()
    assert (row["state"], row["attempts"]) == ("acknowledged", 4)
    told = msgspec.json.decode(province.bodies[0], type=Feedback)
    assert told.message_id == row["id"]
    await due_now()
    await send_waiting(province)
    assert len(province.bodies) == 4


async def test_a_queued_message_cannot_be_given_another_meaning() -> None:
    await taken(await make_scene())
    with pytest.raises(Exception, match=r"append|refus|change"):
        await execute("UPDATE partner_message SET body = '{}'")


async def test_waits_grow_and_an_order_waits_for_its_earlier_message() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await take_order(await order(account_no=scene.home.account_no), "port")
    assert job.ticket_id is not None
    assert len(await messages()) == 2
    province = Answering(AWAY)
    await send_waiting(province)
    assert province.stages() == ["accepted"]
    await send_waiting(province)
    assert province.stages() == ["accepted"]
    assert [wait_s(n) for n in (1, 2, 5, 12, 99)] == [2, 4, 32, 600, 600]


async def test_a_refused_message_is_not_tried_again_and_shows_its_reason() -> None:
    await taken(await make_scene())
    province = Answering(REFUSED)
    for _ in range(2):
        await send_waiting(province)
        await due_now()
    (row,) = await messages()
    assert (len(province.bodies), row["state"]) == (1, "refused")
    assert row["last_error"] == str(REFUSED)


async def test_received_is_not_acknowledged_and_the_first_word_stands() -> None:
    await taken(await make_scene())
    province = Answering(Receipt.RECEIVED)
    await send_waiting(province)
    await due_now()
    await send_waiting(province)
    (row,) = await messages()
    assert (row["state"], len(province.bodies)) == ("sent", 1)
    for accepted in (True, False):
        await acknowledge(Acknowledge(message_id=row["id"], accepted=accepted, reason="?"))
    assert (await messages())[0]["state"] == "acknowledged"
    with pytest.raises(NotFound):
        await acknowledge(Acknowledge(message_id=new_id()))


async def test_what_is_not_acknowledged_is_chased_with_one_supervision_order() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await take_order(await order(account_no=scene.home.account_no), "port")
    assert job.ticket_id is not None
    await send_waiting(Answering(Receipt.RECEIVED))
    await advance(29 * 60)
    assert await chase_unacknowledged() == 0
    await advance(2 * 60)
    assert await chase_unacknowledged() == 2
    assert await chase_unacknowledged() == 0
    causes = await fetch("SELECT cause, ticket FROM supervision_order")
    assert [(row["cause"], row["ticket"]) for row in causes] == [("unacknowledged", job.ticket_id)]
    province = Answering(Receipt.RECEIVED)
    for _ in range(2):
        await due_now()
        await send_waiting(province)
    assert len(province.bodies) == 4
    assert len(set(province.bodies)) == 2
    for row in await messages():
        await acknowledge(Acknowledge(message_id=row["id"]))
    assert {row["state"] for row in await messages()} == {"acknowledged"}


async def test_two_workers_send_each_message_once() -> None:
    scene = await make_scene()
    await taken(scene)
    for n in range(12):
        await take_order(await order(ProvinceKind.OPINION, phone=f"1390000{n:04d}"), "port")
    province = Answering()
    await asyncio.gather(*(apart(send_waiting(province)) for _ in range(4)))
    assert len(province.bodies) == 13
    assert len(set(province.bodies)) == 13


async def test_killed_between_answer_and_mark_it_is_sent_again_and_means_the_same() -> None:
    await taken(await make_scene())

    first = Answering(Killed())
    with pytest.raises(Killed):
        await send_waiting(first)
    second = Answering()
    await send_waiting(second)
    assert second.bodies == []
    await execute(
        "UPDATE partner_message SET next_try_at = next_try_at - $1::interval",
        timedelta(seconds=31),
    )
    await send_waiting(second)
    assert second.bodies == first.bodies
    assert await fetch_value("SELECT state FROM partner_message") == "acknowledged"
