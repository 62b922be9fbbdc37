"""Who is inside an outage: accounts, children, and open faults that could become children.

All of it shows people's names and places, so every reading is audited and phones are masked by
role.
"""

from uuid import UUID

from asyncpg import Record

from grid.customers.types import CustomerTagWord
from grid.geography.types import Place
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import NotFound
from grid.outages.recording import check_sees
from grid.outages.types import AffectedAccount, AffectedCounts, ChildView, OfferView
from grid.outages.words import ChildState, JoinedBy
from grid.territory.authority import Action, visible
from grid.territory.types import Actor
from grid.work_orders.reading import mask_phone
from grid.work_orders.rules import BEFORE_SITE
from grid.work_orders.words import Channel, TicketState, WorkOrderState

#: Who is looked after first when supply is gone.
FIRST_TAGS = ("important", "medical", "special_group")

_SCOPE = "($2::bool OR a.station = ANY($3::uuid[]) OR a.grid = ANY($4::uuid[]))"
_PHONES = "($5::bool OR a.station = ANY($6::uuid[]) OR a.grid = ANY($7::uuid[]))"
_IN_FORCE = "c.from_day <= $8 AND (c.until_day IS NULL OR c.until_day > $8)"
_FOLLOWS = (
    "EXISTS (SELECT 1 FROM wechat_link l LEFT JOIN wechat_follower f ON f.openid = l.openid"
    " WHERE l.account = a.id AND l.unbound_at IS NULL AND f.unfollowed_at IS NULL)"
)
_INSIDE = (
    "SELECT a.id, a.account_no, a.name, a.phone, a.address, a.lat, a.lon, t.district_no,"  # noqa: S608
    f" g.code AS grid, {_PHONES} AS phone_shown, {_FOLLOWS} AS follows,"
    " ARRAY(SELECT DISTINCT c.tag FROM customer_tag c WHERE c.account = a.id"
    f" AND {_IN_FORCE} ORDER BY c.tag) AS tags"
    " FROM outage_district d JOIN service_account a ON a.district = d.district"
    " JOIN transformer_district t ON t.id = d.district JOIN service_grid g ON g.id = a.grid"
    f" WHERE d.outage = $1 AND d.removed_at IS NULL AND a.state = 'active' AND {_SCOPE}"
)
_FIRST = "(inside.tags && $9::varchar[])"
_MEMBERS = (
    "SELECT m.*, t.number, t.phone AS told_phone, t.channel, t.openid, t.state AS ticket_state,"
    " t.address AS told_address, t.grid, t.station, a.account_no, a.name, a.phone, a.address,"
    " w.id AS job_id, w.number AS job_number,"
    " ($2::bool OR t.station = ANY($3::uuid[]) OR t.grid = ANY($4::uuid[])) AS phone_shown"
    " FROM outage_membership m JOIN ticket t ON t.id = m.ticket"
    " LEFT JOIN service_account a ON a.id = t.account LEFT JOIN LATERAL (SELECT id, number"
    " FROM work_order w WHERE w.ticket = t.id AND w.state <> 'cancelled'"
    " ORDER BY w.id DESC LIMIT 1) w ON true WHERE m.outage = $1"
)
#: Open faults whose account hangs on a district of the outage; $5: those of no account, by grid.
_OFFERS = (
    "SELECT t.*, a.account_no, a.name, a.address AS account_address, w.id AS job_id,"
    " w.state AS job_state FROM ticket t LEFT JOIN service_account a ON a.id = t.account"
    " LEFT JOIN LATERAL (SELECT id, state FROM work_order w WHERE w.ticket = t.id"
    " ORDER BY w.id DESC LIMIT 1) w ON true"
    " WHERE t.kind = 'fault' AND t.closed_at IS NULL"
    " AND t.state IN ('accepted', 'dispatched', 'in_hand', 'on_site')"
    " AND ($2::bool OR t.station = ANY($3::uuid[]) OR t.grid = ANY($4::uuid[]))"
    " AND NOT EXISTS (SELECT 1 FROM outage_membership m WHERE m.ticket = t.id"
    " AND m.ended_at IS NULL) AND EXISTS (SELECT 1 FROM outage_district d"
    " JOIN transformer_district x ON x.id = d.district WHERE d.outage = $1"
    " AND d.removed_at IS NULL AND (a.district = d.district"
    " OR (t.account IS NULL AND x.grid = t.grid)))"
    " ORDER BY t.reported_at, t.id LIMIT $5"
)


async def _check(actor: Actor, outage_id: UUID) -> None:
    row = await fetch_one(
        "SELECT o.id, ARRAY(SELECT g.station FROM outage_district d"
        " JOIN transformer_district t ON t.id = d.district JOIN service_grid g ON g.id = t.grid"
        " WHERE d.outage = o.id AND d.removed_at IS NULL) AS stations,"
        " ARRAY(SELECT t.grid FROM outage_district d JOIN transformer_district t"
        " ON t.id = d.district WHERE d.outage = o.id AND d.removed_at IS NULL) AS grids"
        " FROM outage o WHERE o.id = $1",
        outage_id,
    )
    if row is None:
        raise NotFound("没有这个停电事件")
    check_sees(actor, row)


async def _scope(actor: Actor) -> tuple[object, ...]:
    return (
        *visible(actor, Action.READ_CUSTOMERS),
        *visible(actor, Action.READ_PHONES),
        business_day(await business_now()),
        list(FIRST_TAGS),
    )


async def affected_counts(actor: Actor, outage_id: UUID) -> AffectedCounts:
    """How many accounts the actor reaches in there. Raises NotFound."""
    await _check(actor, outage_id)
    row = await fetch_one(
        f"SELECT count(*) AS accounts, count(*) FILTER (WHERE {_FIRST}) AS first,"  # noqa: S608
        " count(*) FILTER (WHERE inside.follows) AS followers, (SELECT count(*)"
        " FROM outage_membership m WHERE m.outage = $1) AS children"
        f" FROM ({_INSIDE}) AS inside",
        outage_id,
        *(await _scope(actor)),
    )
    assert row is not None, "a count is a row"
    return AffectedCounts(
        accounts=row["accounts"],
        first=row["first"],
        followers=row["followers"],
        children=row["children"],
    )


async def affected(
    actor: Actor, outage_id: UUID, cursor: str | None = None, limit: int = LIMIT_MAX
) -> Page[AffectedAccount]:
    """Accounts inside, important and medical ones first. Audited. Raises NotFound, Invalid."""
    await _check(actor, outage_id)
    after: tuple[bool, str] | None = None
    if cursor is not None:
        after = decode_cursor(cursor, tuple[bool, str])
    limit = min(limit, LIMIT_MAX)
    rows = await fetch(
        f"SELECT * FROM (SELECT inside.*, {_FIRST} AS first FROM ({_INSIDE}) AS inside) AS found"  # noqa: S608
        " WHERE ($10::bool IS NULL OR (NOT first, account_no) > (NOT $10, $11))"
        " ORDER BY (NOT first), account_no LIMIT $12",
        outage_id,
        *(await _scope(actor)),
        None if after is None else after[0],
        None if after is None else after[1].replace(chr(0), ""),
        limit + 1,
    )
    shown = rows[:limit]
    await audit.record("outage.affected", str(outage_id), shown=len(shown))
    last = shown[-1] if len(rows) > limit else None
    return Page(
        items=[_account(row) for row in shown],
        next=None if last is None else encode_cursor(last["first"], last["account_no"]),
    )


def _account(row: Record) -> AffectedAccount:
    return AffectedAccount(
        account_no=row["account_no"],
        name=row["name"],
        phone=row["phone"] if row["phone_shown"] else mask_phone(row["phone"]),
        address=row["address"],
        district_no=row["district_no"],
        grid=row["grid"],
        tags=[CustomerTagWord(tag) for tag in row["tags"]],
        first=row["first"],
        follows=row["follows"],
        place=Place(lat=row["lat"], lon=row["lon"]),
    )


async def children(
    actor: Actor, outage_id: UUID, cursor: str | None = None, limit: int = LIMIT_MAX
) -> Page[ChildView]:
    """The children, those that wait first. Audited. Raises NotFound, Invalid naming `cursor`."""
    await _check(actor, outage_id)
    after: tuple[bool, UUID] | None = None
    if cursor is not None:
        after = decode_cursor(cursor, tuple[bool, UUID])
    limit = min(limit, LIMIT_MAX)
    rows = await fetch(
        f"{_MEMBERS} AND ($5::bool IS NULL OR (m.ended_at IS NOT NULL, m.id) > ($5, $6::uuid))"
        " ORDER BY (m.ended_at IS NOT NULL), m.id LIMIT $7",
        outage_id,
        *visible(actor, Action.READ_PHONES),
        None if after is None else after[0],
        None if after is None else after[1],
        limit + 1,
    )
    shown = rows[:limit]
    await audit.record("outage.children", str(outage_id), shown=len(shown))
    last = shown[-1] if len(rows) > limit else None
    ended = last is not None and last["ended_at"] is not None
    return Page(
        items=[_child(row) for row in shown],
        next=None if last is None else encode_cursor(ended, str(last["id"])),
    )


def _child(row: Record) -> ChildView:
    phone = row["told_phone"] or row["phone"]
    return ChildView(
        ticket_id=row["ticket"],
        number=row["number"],
        account_no=row["account_no"],
        customer_name=row["name"],
        phone=phone if row["phone_shown"] else mask_phone(phone),
        address=row["address"] or row["told_address"],
        channel=Channel(row["channel"]),
        in_wechat=row["openid"] is not None,
        ticket_state=TicketState(row["ticket_state"]),
        state=ChildState(row["state"]),
        joined_how=JoinedBy(row["joined_how"]),
        joined_at=row["joined_at"],
        asked_at=row["asked_at"],
        answer_due_at=row["answer_due_at"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        work_order_id=row["job_id"],
        work_order_number=row["job_number"],
    )


async def offers(actor: Actor, outage_id: UUID, limit: int = LIMIT_MAX) -> Page[OfferView]:
    """Open faults from inside that are no children yet, the oldest first. Audited."""
    await _check(actor, outage_id)
    rows = await fetch(
        _OFFERS, outage_id, *visible(actor, Action.READ_WORK_ORDERS), min(limit, LIMIT_MAX)
    )
    await audit.record("outage.offers", str(outage_id), shown=len(rows))
    return Page(items=[_offer(row) for row in rows], next=None)


def _offer(row: Record) -> OfferView:
    state = None if row["job_state"] is None else WorkOrderState(row["job_state"])
    return OfferView(
        ticket_id=row["id"],
        number=row["number"],
        account_no=row["account_no"],
        customer_name=row["name"],
        address=row["account_address"] or row["address"],
        description=row["description"],
        reported_at=row["reported_at"],
        danger=row["danger"],
        work_order_id=row["job_id"],
        work_order_state=state,
        on_site=state is not None and state not in BEFORE_SITE,
    )
