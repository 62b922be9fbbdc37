"""Special care (差别化服务): who somebody is, until when, who looks after them, and who may know.

Tags that say something about a person's life need the customer's consent; that somebody lives by a
medical device is shown only to those who act on it. Every step is kept with its reason.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Meta

from grid.customers.tables import CustomerTagStep
from grid.customers.types import CareEvent, CustomerTagWord
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, may
from grid.territory.types import Actor, EmployeeNo, Line, StaffActor

_T = CustomerTagWord

#: Tags about a person's life: kept only with consent (personal-information law, article 29).
NEEDS_CONSENT = frozenset({_T.SPECIAL_GROUP, _T.MEDICAL, _T.LOW_INCOME})
#: Tags that only those see who act on them.
SENSITIVE = frozenset({_T.MEDICAL})

AccountNo = Annotated[str, Meta(min_length=4, max_length=20, pattern=r"^[0-9]+$")]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class SetCareTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody gets a tag, with reason, who looks after them and what to mind at the door."""

    tag: CustomerTagWord
    reason: Reason
    until_day: date | None = None
    owner: EmployeeNo | None = None
    contact_name: Line | None = None
    contact_phone: Annotated[str, Meta(pattern=r"^[0-9+ -]{5,20}$", max_length=20)] | None = None
    mind: Reason | None = None
    consent: bool | None = None


class ExtendCareTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tag holds until a later day (exclusive), or without end where none is named."""

    reason: Reason
    until_day: date | None = None


class EndCareTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tag ends today."""

    reason: Reason


class CareTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag as it stands after a step; it holds from `from_day` until before `until_day`."""

    id: UUID
    account_no: str
    tag: CustomerTagWord
    from_day: date
    until_day: date | None


class TagHeldAlready(Refusal):
    """The account has this tag now; it is extended, not set again."""

    title = "这个客户已有这个标签,请改为延期"


class TagEnded(Refusal):
    """The tag holds no longer; a new one is set instead."""

    title = "这个标签已经结束"


async def set_tag(actor: StaffActor, account_no: str, command: SetCareTag) -> CareTag:
    """Tag an account from today on.

    Raises NotFound, NotAllowed, TagHeldAlready, Invalid naming `consent`, `until_day` or `owner`.
    """
    async with transaction():
        today = business_day(await business_now())
        account = await _account(actor, account_no)
        if command.tag in NEEDS_CONSENT and not command.consent:
            raise Invalid("consent", "请先征得客户或家属同意,再登记这个标签")
        _check_until(command.until_day, today)
        held = await fetch_one(
            "SELECT id FROM customer_tag WHERE account = $1 AND tag = $2 AND from_day <= $3"
            " AND (until_day IS NULL OR until_day > $3)",
            account["id"],
            command.tag.value,
            today,
        )
        if held is not None:
            raise TagHeldAlready()
        tag_id = await _write(account["id"], command, await _owner(command.owner), today)
        return await _step(
            actor, account_no, tag_id, CareEvent.SET, command.until_day, command.reason
        )


async def _write(account_id: UUID, command: SetCareTag, owner: UUID | None, today: date) -> UUID:
    """A new row, or that of a tag which was set and ended on this very day."""
    tag_id = new_id()
    row = await fetch_one(
        "INSERT INTO customer_tag (id, account, tag, from_day, until_day, source, owner, reason,"
        " contact_name, contact_phone, mind, consent)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " ON CONFLICT (account, tag, from_day) DO UPDATE SET until_day = EXCLUDED.until_day,"
        " owner = EXCLUDED.owner, reason = EXCLUDED.reason, mind = EXCLUDED.mind,"
        " contact_name = EXCLUDED.contact_name, contact_phone = EXCLUDED.contact_phone,"
        " consent = EXCLUDED.consent RETURNING id",
        tag_id,
        account_id,
        command.tag.value,
        today,
        command.until_day,
        "网格登记",
        owner,
        command.reason,
        command.contact_name,
        command.contact_phone,
        command.mind,
        command.consent,
    )
    return tag_id if row is None else row["id"]


async def extend_tag(
    actor: StaffActor, account_no: str, tag_id: UUID, command: ExtendCareTag
) -> CareTag:
    """Let a tag hold longer. Raises NotFound, NotAllowed, TagEnded, Invalid naming `until_day`."""
    async with transaction():
        row, today = await _held(actor, account_no, tag_id)
        _check_until(command.until_day, today)
        if row["until_day"] is None or (
            command.until_day is not None and command.until_day <= row["until_day"]
        ):
            raise Invalid("until_day", "延期应晚于现在的结束日期")
        await execute(
            "UPDATE customer_tag SET until_day = $2 WHERE id = $1", tag_id, command.until_day
        )
        return await _step(
            actor, account_no, tag_id, CareEvent.EXTEND, command.until_day, command.reason
        )


async def end_tag(actor: StaffActor, account_no: str, tag_id: UUID, command: EndCareTag) -> CareTag:
    """End a tag today; its history stays. Raises NotFound, NotAllowed, TagEnded."""
    async with transaction():
        _, today = await _held(actor, account_no, tag_id)
        await execute("UPDATE customer_tag SET until_day = $2 WHERE id = $1", tag_id, today)
        return await _step(actor, account_no, tag_id, CareEvent.END, today, command.reason)


async def _account(actor: StaffActor, account_no: str) -> Record:
    """The account, locked, for somebody who may tag it."""
    row = await fetch_one(
        "SELECT id, grid, station FROM service_account WHERE account_no = $1 FOR NO KEY UPDATE",
        account_no,
    )
    place = {} if row is None else {"grid_id": row["grid"], "station_id": row["station"]}
    if row is None or not may(actor, Action.READ_CUSTOMERS, **place):
        raise NotFound("没有找到这个户号")
    if not may(actor, Action.MARK_SPECIAL_CARE, **place):
        raise NotAllowed(action=Action.MARK_SPECIAL_CARE.value)
    return row


async def _held(actor: StaffActor, account_no: str, tag_id: UUID) -> tuple[Record, date]:
    account = await _account(actor, account_no)
    row = await fetch_one(
        "SELECT * FROM customer_tag WHERE id = $1 AND account = $2 FOR UPDATE",
        tag_id,
        account["id"],
    )
    today = business_day(await business_now())
    if row is None:
        raise NotFound("没有这个标签")
    if row["until_day"] is not None and row["until_day"] <= today:
        raise TagEnded()
    return row, today


def _check_until(until_day: date | None, today: date) -> None:
    if until_day is not None and not today < until_day <= today.replace(day=1).replace(
        year=today.year + 10
    ):
        raise Invalid("until_day", "结束日期应在明天以后、十年以内")


async def _owner(employee_no: str | None) -> UUID | None:
    if employee_no is None:
        return None
    row = await fetch_one(
        "SELECT id FROM staff WHERE employee_no = $1 AND state = 'active'", employee_no
    )
    if row is None:
        raise Invalid("owner", "没有这位在岗的同事")
    found: UUID = row["id"]
    return found


async def _step(
    actor: Actor,
    account_no: str,
    tag_id: UUID,
    event: CareEvent,
    until_day: date | None,
    reason: str,
) -> CareTag:
    """Keep the step and its audit; gives the tag as it stands."""
    await insert(
        CustomerTagStep,
        id=new_id(),
        customer_tag=tag_id,
        event=event.value,
        until_day=until_day,
        reason=reason,
        actor=actor.subject,
        at=await business_now(),
    )
    row = await fetch_one(
        "SELECT id, tag, from_day, until_day FROM customer_tag WHERE id = $1", tag_id
    )
    assert row is not None
    await audit.record(f"customers.tag_{event.value}", f"account:{account_no}", tag=row["tag"])
    return CareTag(
        id=tag_id,
        account_no=account_no,
        tag=CustomerTagWord(row["tag"]),
        from_day=row["from_day"],
        until_day=row["until_day"],
    )


def sees_sensitive(actor: Actor, grid_id: UUID, station_id: UUID) -> bool:
    """The grid's manager and the office: those who mark special care or give out work there."""
    return any(
        may(actor, action, grid_id=grid_id, station_id=station_id)
        for action in (Action.MARK_SPECIAL_CARE, Action.ASSIGN_WORK)
    )


def shown_tags(
    actor: Actor, tags: list[str], grid_id: UUID, station_id: UUID
) -> list[CustomerTagWord]:
    """The tags of an account that this reader may know of."""
    words = [CustomerTagWord(tag) for tag in tags]
    if SENSITIVE.isdisjoint(words) or sees_sensitive(actor, grid_id, station_id):
        return words
    return [word for word in words if word not in SENSITIVE]
