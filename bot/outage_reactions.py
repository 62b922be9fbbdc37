"""What customers are told of promised times and of outages: when, when else, and is it back?

Messages to many are queued by one statement; each promise, and each child, is told once.
"""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from bot import outage_words, words
from bot.conversation.moves import invite
from bot.inbound import load, lock_customer, save
from bot.outbound import Menu, Text, Wanted, queue, queue_many
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.outbox import reaction
from grid.notices import promises
from grid.notices.types import (
    PromiseChanged,
    PromiseMade,
    PromiseSource,
    PromiseSubject,
    PromiseToTell,
    PromiseWhat,
    PromiseWithdrawn,
)
from grid.outages.triage import known_by_id
from grid.outages.types import KnownOutage, OutageChildAsked, OutageChildJoined


@reaction(PromiseMade)
async def tell_promises(event: PromiseMade) -> None:
    """Times promised for the first time."""
    await _tell(event.promise_ids, changed=False)


@reaction(PromiseChanged)
async def tell_changed_promises(event: PromiseChanged) -> None:
    """Times that changed so much that it matters."""
    await _tell(event.promise_ids, changed=True)


@reaction(PromiseWithdrawn)
async def tell_called_off(event: PromiseWithdrawn) -> None:
    """A planned outage that does not take place, to those who heard of it."""
    found = [one for one in await promises.to_tell(event.promise_ids) if one.told_at is not None]
    outages = await _outages_of(found)
    wanted = []
    for one in found:
        outage = outages.get(one.subject_id)
        if outage is not None and one.openid is not None:
            text = outage_words.outage_called_off(outage.kind.value, outage.starts_at)
            wanted.append(Wanted(f"called-off:{one.id}", one.openid, Text(text)))
    await queue_many(wanted)


async def _tell(promise_ids: Sequence[UUID], *, changed: bool) -> None:
    """Queue what stands still, one message for each promise, and note that it was told."""
    found = [one for one in await promises.to_tell(promise_ids) if one.stands]
    outages = await _outages_of(found)
    numbers = await _numbers_of(found)
    wanted = []
    for one in found:
        number = None if one.ticket_id is None else numbers.get(one.ticket_id)
        text = _words_for(one, number, outages.get(one.subject_id), changed)
        if one.openid is not None and text is not None:
            wanted.append(Wanted(f"promise:{one.id}", one.openid, Text(text)))
    await queue_many(wanted)
    await promises.told([one.id for one in found])


def _words_for(
    one: PromiseToTell, number: str | None, outage: KnownOutage | None, changed: bool
) -> str | None:
    """The sentence for one promise; None where it is told together with something else."""
    if number is None:
        if outage is None:
            return None
        kind, starts_at = outage.kind.value, outage.starts_at
        if changed:
            return outage_words.outage_replanned(kind, starts_at, one.promised_at)
        return outage_words.outage_planned(
            kind, starts_at, one.promised_at, outage.cause, outage.public_words
        )
    if one.what is PromiseWhat.RESTORE:
        return outage_words.outage_etr(number, one.promised_at, changed=changed)
    if one.what is PromiseWhat.ANSWER:
        return words.answer_by(number, one.promised_at)
    if one.source is PromiseSource.CLOCK_LIMIT:
        # By when somebody comes is told with the name of who comes.
        return None
    return words.arrive_by(number, one.promised_at)


async def _outages_of(found: Sequence[PromiseToTell]) -> dict[UUID, KnownOutage]:
    """The outages that the promises are about; one event is about one outage."""
    wanted = {one.subject_id for one in found if one.subject is PromiseSubject.OUTAGE}
    return {outage_id: await known_by_id(outage_id) for outage_id in wanted}


async def _numbers_of(found: Sequence[PromiseToTell]) -> dict[UUID, str]:
    ids = [one.ticket_id for one in found if one.ticket_id is not None]
    rows = await fetch("SELECT id, number FROM ticket WHERE id = ANY($1::uuid[])", ids)
    return {row["id"]: row["number"] for row in rows}


@reaction(OutageChildJoined)
async def tell_that_it_is_an_outage(event: OutageChildJoined) -> None:
    """A report from before belongs to an outage: why, and until when."""
    row = await _child(event.membership_id)
    if row is not None and row["state"] == "joined":
        outage = await known_by_id(event.outage_id)
        text = outage_words.outage_covers(
            row["number"], outage.kind.value, outage.cause, outage.etr
        )
        await queue(f"outage-joined:{event.membership_id}", row["openid"], Text(text))


@reaction(OutageChildAsked)
async def ask_whether_supply_is_back(event: OutageChildAsked) -> None:
    """Restored, says the grid; each child is asked once, and answers by one tap."""
    row = await _child(event.membership_id)
    if row is None or row["state"] != "asked":
        return
    openid = row["openid"]
    await lock_customer(openid)
    now = await business_now()
    before = await load(openid)
    after = invite(before, "outage_back", now)
    if after != before:
        await save(openid, after, now)
    menu = Menu(
        outage_words.outage_over(row["number"]), outage_words.OUTAGE_CHOICES, words.MENU_TAIL
    )
    await queue(f"outage-back:{event.membership_id}", openid, menu)


async def _child(membership_id: UUID) -> Record | None:
    return await fetch_one(
        "SELECT m.state, t.number, t.openid FROM outage_membership m"
        " JOIN ticket t ON t.id = m.ticket WHERE m.id = $1 AND t.openid IS NOT NULL",
        membership_id,
    )
