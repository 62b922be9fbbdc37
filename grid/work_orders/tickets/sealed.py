"""Tip-offs (举报): who wrote one is sealed, and only the county's auditor may ever open the seal.

The author stands in `sealed_author` and nowhere else: not in the ticket, its history, its events,
the audit trail or a log. Who looks the author up later is found by comparing the audit trail with
the sealed accounts; that comparison says who looked, not at whom.
"""

from datetime import datetime, timedelta
from uuid import UUID

from grid.kit import audit, context
from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, insert, transaction
from grid.kit.ids import new_id
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor, page_of
from grid.kit.refusals import NotAllowed, NotFound
from grid.territory.authority import Action, require, visible
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders.locating import Located, account_told
from grid.work_orders.opening import NewTicket, write_ticket
from grid.work_orders.tables import SealedAuthor
from grid.work_orders.tickets.accused import mark_accused
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.tickets.types import (
    ReadAuthor,
    SealedAuthorView,
    SealedLookupView,
    TakeTicket,
)
from grid.work_orders.words import TicketEvent

#: Who did it, where the doer's name would name the author.
SEALED = "sealed"
#: Where limits are looked up: a tip-off has no place of its own.
_NO_PLACE = Located(None, None, None, "rural")
#: Look-ups are searched this far back at each run; entries that were committed late are found too.
LOOK_BACK = timedelta(days=2)

#: Accounts by which an author is found: the one named, those bound in WeChat, those of the phone.
_AUTHORS = """
SELECT a.ticket, a.sealed_at, a.account FROM sealed_author a WHERE a.account IS NOT NULL
UNION SELECT a.ticket, a.sealed_at, l.account FROM sealed_author a
    JOIN wechat_link l ON l.openid = a.openid
UNION SELECT a.ticket, a.sealed_at, s.id FROM sealed_author a
    JOIN service_account s ON s.phone = a.phone
"""
_FIND = f"""
INSERT INTO sealed_lookup (id, ticket, entry, actor, action, looked_at, found_at)
SELECT gen_random_uuid(), author.ticket, e.id, e.actor, e.action, e.at, $2
FROM audit_entry e
JOIN service_account s ON e.subject = 'account:' || s.account_no
    OR e.facts->>'account_no' = s.account_no
JOIN ({_AUTHORS}) author ON author.account = s.id AND author.sealed_at < e.at
WHERE e.at >= $1 AND e.actor LIKE 'staff:%'
    AND NOT EXISTS (SELECT 1 FROM staff p JOIN staff_role_grant g ON g.staff = p.id
        WHERE 'staff:' || p.employee_no = e.actor AND g.role = 'auditor' AND g.station IS NULL
        AND g.from_day <= $3 AND (g.until_day IS NULL OR g.until_day > $3))
ON CONFLICT (ticket, entry) DO NOTHING
"""  # noqa: S608 - put together from constants above


async def seal_author(actor: Actor, command: TakeTicket, accused: set[UUID], now: datetime) -> UUID:
    """Write a tip-off and seal its author apart; runs in the transaction of the intake.

    Everything that is written here says `sealed` instead of who wrote it. Anonymous: nothing is
    kept. Raises NotFound (account not yours), NotAllowed.
    """
    if isinstance(actor, StaffActor):
        require(actor, Action.OPEN_TICKET)
    account_id = None
    if command.account_no is not None and not command.anonymous:
        account_id = (await account_told(actor, command.account_no))["id"]
    with context.acting(SEALED):
        new = NewTicket(
            kind=command.kind,
            channel=command.channel,
            description=command.description,
            located=_NO_PLACE._replace(place=command.place),
            danger=command.danger,
            address=command.address,
            raw_place=command.raw_place,
            called_at=command.called_at,
            about_ticket=command.about_ticket_id,
            sealed=True,
            form=command.form,
        )
        ticket_id = await write_ticket(actor, new, now)
        await mark_accused(ticket_id, accused, business_day(now))
        if not command.anonymous:
            await insert(
                SealedAuthor,
                id=new_id(),
                ticket=ticket_id,
                openid=actor.openid if isinstance(actor, CustomerActor) else None,
                phone=command.phone,
                name=command.reporter_name,
                account=account_id,
                sealed_at=machine_now(),
            )
    return ticket_id


def require_auditor(actor: Actor) -> None:
    """Raises NotAllowed for everybody but the county's auditors with a second factor."""
    require(actor, Action.READ_SEALED)
    if not visible(actor, Action.READ_SEALED).everything:
        raise NotAllowed(action=Action.READ_SEALED.value)


async def read_author(actor: StaffActor, ticket_id: UUID, command: ReadAuthor) -> SealedAuthorView:
    """Open the seal: the auditor's reason goes into the history and the audit trail.

    Raises NotAllowed, NotFound when it is no sealed ticket.
    """
    require_auditor(actor)
    async with transaction():
        row = await lock_ticket(ticket_id)
        if not row["sealed"]:
            raise NotFound("没有这件举报")
        step = TicketStep(
            TicketEvent.COMMENT,
            await business_now(),
            reason=f"查看举报人:{command.reason}"[:500],
            facts={"author_read": True},
        )
        await write_ticket_step(actor, row, step)
        await audit.record("sealed.author_read", f"ticket:{ticket_id}", why=command.reason[:100])
        author = await fetch_one(
            "SELECT a.*, s.account_no FROM sealed_author a"
            " LEFT JOIN service_account s ON s.id = a.account WHERE a.ticket = $1",
            ticket_id,
        )
    if author is None:
        return SealedAuthorView(
            ticket_id=ticket_id, name=None, phone=None, account_no=None, in_wechat=False
        )
    return SealedAuthorView(
        ticket_id=ticket_id,
        name=author["name"],
        phone=author["phone"],
        account_no=author["account_no"],
        in_wechat=author["openid"] is not None,
    )


async def find_lookups() -> int:
    """Note every look-up of a sealed author by staff since the sealing, each once; one statement.

    Times are the machine's, as in the audit trail.
    """
    now = machine_now()
    return await execute(_FIND, now - LOOK_BACK, now, business_day(await business_now()))


async def sealed_lookups(
    actor: StaffActor, cursor: str | None = None, limit: int = 50
) -> Page[SealedLookupView]:
    """Who looked up authors of tip-offs, newest first. Audited. Raises NotAllowed, Invalid."""
    require_auditor(actor)
    limit = min(limit, LIMIT_MAX)
    before = None if cursor is None else decode_cursor(cursor, tuple[datetime, UUID])
    rows = await fetch(
        "SELECT l.*, t.number, s.name FROM sealed_lookup l JOIN ticket t ON t.id = l.ticket"
        " LEFT JOIN staff s ON 'staff:' || s.employee_no = l.actor"
        " WHERE NOT EXISTS (SELECT 1 FROM ticket_accused x WHERE x.ticket = t.id AND x.staff = $1)"
        " AND ($2::timestamptz IS NULL OR (l.looked_at, l.id) < ($2, $3::uuid))"
        " ORDER BY l.looked_at DESC, l.id DESC LIMIT $4",
        actor.staff_id,
        *(before or (None, None)),
        limit + 1,
    )
    await audit.record("sealed.lookups_read", "sealed_lookups", shown=min(len(rows), limit))
    views = [
        SealedLookupView(
            id=row["id"],
            ticket_id=row["ticket"],
            ticket_number=row["number"],
            actor=row["actor"],
            actor_name=row["name"],
            action=row["action"],
            looked_at=row["looked_at"],
        )
        for row in rows
    ]
    last = views[min(len(views), limit) - 1] if views else None
    following = None if last is None else encode_cursor(last.looked_at.isoformat(), str(last.id))
    return page_of(views, limit, following)
