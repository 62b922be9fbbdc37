"""The card that is shown before the door opens, and the one-to-one list of those in special care.

No amounts of money stand in either. That somebody lives by a medical device is shown to the grid's
manager, the office, whoever looks after them, and whoever has an open job at that door.
"""

from datetime import date, datetime
from uuid import UUID

from asyncpg import Record

from grid.customers.care import SENSITIVE, sees_sensitive
from grid.customers.types import CustomerTagWord
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import NotFound
from grid.territory.authority import Action, may, require, visible
from grid.territory.types import Actor, StaffActor
from grid.visits import policies
from grid.visits.care_types import CareCard, CareFilter, CareLine, CareTagView
from grid.visits.due import TAGS_HELD, VISITS_MADE
from grid.visits.reading import phone_for
from grid.visits.rules import CARE_TAGS, Cycles, add_months, form_of, months_of
from grid.visits.words import Satisfaction
from grid.work_orders.reading import mask_phone
from grid.work_orders.tickets.accused import HIDDEN_FROM
from grid.work_orders.types import PersonView

_T = CustomerTagWord

#: Whoever is on the one-to-one list; small business has a cycle but nobody of its own.
LISTED = (*sorted(CARE_TAGS), _T.IMPORTANT, _T.GOVERNMENT)

#: What to mind at every door of a kind, beside what was written for this one.
MINDS: dict[CustomerTagWord, tuple[str, ...]] = {
    _T.SPECIAL_GROUP: (
        "先敲门,大声报姓名和单位,出示工作证",
        "说话慢一点,重要的事写在纸上",
        "看看取暖和灶台,冬天提醒开窗通风",
    ),
    _T.MEDICAL: (
        "进门前确认设备在用,不能断电",
        "任何停电作业先联系家属,备好电池或氧气瓶",
        "核对应急电话和送医路线",
    ),
    _T.LOW_INCOME: ("不当着外人谈电费和困难", "说明优惠和救助怎么申请"),
    _T.IMPORTANT: ("先联系值班负责人", "看第二电源、油料和配电室", "停电计划要提前告知"),
    _T.GOVERNMENT: ("先联系对接人", "问近期会议和保电安排", "带上政府网格转来的事项"),
    _T.SMALL_BUSINESS: ("避开营业高峰", "讲清电价和办电流程"),
}

_ACCOUNT = f"""
SELECT a.*, (SELECT count(*) FROM ticket t WHERE t.account = a.id AND t.closed_at IS NULL
        AND NOT t.sealed AND NOT {HIDDEN_FROM.format(ticket="t.id", staff="$2")})
    + (SELECT count(*) FROM work_order w WHERE w.account = a.id
        AND w.ticket IS NULL AND w.state NOT IN
        ('completed', 'cannot_complete', 'cancelled', 'closed')) AS open_matters,
    EXISTS (SELECT FROM work_order w WHERE w.account = a.id AND w.assignee = $2 AND w.state
        NOT IN ('completed', 'cannot_complete', 'cancelled', 'closed')) AS is_mine,
    l.visited_on, l.satisfaction, l.author_name
FROM service_account a LEFT JOIN LATERAL (
    SELECT v.visited_on, v.satisfaction, s.name AS author_name FROM customer_visit v
    JOIN work_order w ON w.id = v.work_order AND w.state IN ('completed', 'closed')
    JOIN staff s ON s.id = v.author WHERE v.account = a.id
    ORDER BY v.visited_on DESC, v.received_at DESC LIMIT 1) l ON true
WHERE a.account_no = $1
"""  # noqa: S608 - put together from constants
_TAGS = """
SELECT t.*, s.employee_no, s.name AS owner_name, s.phone AS owner_phone FROM customer_tag t
LEFT JOIN staff s ON s.id = t.owner
WHERE t.account = $1 AND t.from_day <= $2 AND (t.until_day IS NULL OR t.until_day > $2)
ORDER BY t.tag LIMIT 20
"""


async def care_card(actor: Actor, account_no: str) -> CareCard:
    """What to mind at somebody's door. Four statements and the audit.

    Whoever has an open job there sees it wherever their post is. Raises NotFound.
    """
    own = actor.staff_id if isinstance(actor, StaffActor) else None
    row = await fetch_one(_ACCOUNT, account_no, own)
    if row is None or not (row["is_mine"] or _reads(actor, row)):
        raise NotFound("没有找到这个户号")
    now = await business_now()
    today = business_day(now)
    tags = await fetch(_TAGS, row["id"], today)
    await audit.record("customers.care_card", f"account:{account_no}")
    words = [_T(tag["tag"]) for tag in tags]
    due_on = _due_on(row["visited_on"], words, await policies.cycles(now))
    shown = [tag for tag in tags if _shows(actor, row, tag["owner"], _T(tag["tag"]))]
    return _card(actor, row, shown, due_on, now)


def _reads(actor: Actor, row: Record) -> bool:
    return may(actor, Action.READ_CUSTOMERS, grid_id=row["grid"], station_id=row["station"])


def _shows(actor: Actor, row: Record, owner: UUID | None, tag: CustomerTagWord) -> bool:
    if tag not in SENSITIVE or row["is_mine"]:
        return True
    if isinstance(actor, StaffActor) and owner == actor.staff_id:
        return True
    return sees_sensitive(actor, row["grid"], row["station"])


def _due_on(last_on: date | None, tags: list[CustomerTagWord], cycles: Cycles) -> date | None:
    return None if last_on is None else add_months(last_on, months_of(tags, cycles))


def _card(
    actor: Actor, row: Record, tags: list[Record], due_on: date | None, now: datetime
) -> CareCard:
    phone = row["phone"]
    if not row["is_mine"] or not may(actor, Action.READ_PHONES):
        phone = phone_for(actor, phone, row["grid"], row["station"])
    words = [_T(tag["tag"]) for tag in tags]
    said = None if row["satisfaction"] is None else Satisfaction(row["satisfaction"])
    return CareCard(
        account_no=row["account_no"],
        name=row["name"],
        phone=phone,
        address=row["address"],
        tags=[_tag(actor, row, tag) for tag in tags],
        last_visit_on=row["visited_on"],
        last_visit_by=row["author_name"],
        last_satisfaction=said,
        due_on=due_on,
        is_overdue=bool(CARE_TAGS & set(words)) and (due_on is None or due_on < business_day(now)),
        open_matters=row["open_matters"],
        form=form_of(words),
        as_of=now,
    )


def _tag(actor: Actor, row: Record, tag: Record) -> CareTagView:
    word = _T(tag["tag"])
    shows = may(actor, Action.READ_PHONES, grid_id=row["grid"], station_id=row["station"])
    contact = tag["contact_phone"]
    owner = None
    if tag["owner"] is not None:
        owner = PersonView(
            id=tag["owner"],
            employee_no=tag["employee_no"],
            name=tag["owner_name"],
            phone=tag["owner_phone"],
        )
    return CareTagView(
        id=tag["id"],
        tag=word,
        from_day=tag["from_day"],
        until_day=tag["until_day"],
        reason=tag["reason"],
        mind=[*([tag["mind"]] if tag["mind"] else []), *MINDS[word]],
        owner=owner,
        contact_name=tag["contact_name"],
        contact_phone=contact if shows else mask_phone(contact),
        consent=tag["consent"],
    )


_LIST = f"""
WITH held AS (
    {TAGS_HELD.format(day="$4::date", scope="t.tag = ANY($5::varchar[])")}
), made AS (
    {VISITS_MADE.format(scope="v.account IN (SELECT account FROM held)")}
), reckoned AS (
    SELECT a.*, h.tags, m.last_on, (m.last_on + make_interval(months => CASE
        WHEN h.tags && $6::varchar[] THEN $7::int ELSE $8::int END))::date AS due_on
    FROM held h JOIN service_account a ON a.id = h.account AND a.state = 'active'
    LEFT JOIN made m ON m.account = a.id
)
SELECT r.*, g.code AS grid_code, g.name AS grid_name,
    (SELECT min(s.stop_day) FROM visit_stop s LEFT JOIN work_order w ON w.id = s.work_order
     WHERE s.account = r.id AND s.state <> 'removed' AND s.stop_day >= $4::date
        AND (w.id IS NULL OR w.state NOT IN
            ('completed', 'closed', 'cancelled', 'cannot_complete'))) AS planned_on,
    (SELECT s.name FROM customer_tag t JOIN staff s ON s.id = t.owner WHERE t.account = r.id
        AND t.from_day <= $4::date AND (t.until_day IS NULL OR t.until_day > $4::date)
        ORDER BY t.tag LIMIT 1) AS owner_name,
    EXISTS (SELECT FROM customer_tag t WHERE t.account = r.id AND t.owner = $9::uuid
        AND t.from_day <= $4::date AND (t.until_day IS NULL OR t.until_day > $4::date)) AS is_own
FROM reckoned r JOIN service_grid g ON g.id = r.grid
WHERE ($1::bool OR r.station = ANY($2::uuid[]) OR r.grid = ANY($3::uuid[]))
    AND ($10::varchar IS NULL OR g.code = $10)
    AND (NOT $11::bool OR EXISTS (SELECT FROM customer_tag t WHERE t.account = r.id
        AND t.owner = $9::uuid AND t.from_day <= $4::date
        AND (t.until_day IS NULL OR t.until_day > $4::date)))
    AND ($12::date IS NULL OR (coalesce(r.due_on, '2000-01-01'), r.account_no) > ($12, $13))
ORDER BY coalesce(r.due_on, '2000-01-01'), r.account_no LIMIT $14
"""  # noqa: S608 - put together from constants above


async def care_list(actor: Actor, wanted: CareFilter) -> Page[CareLine]:
    """Everybody in special care, those never visited and the longest overdue first.

    Three statements and the audit. Raises NotAllowed, Invalid naming `cursor`.
    """
    require(actor, Action.READ_VISITS)
    now = await business_now()
    cycles, today = await policies.cycles(now), business_day(now)
    after: tuple[date | None, str | None] = (None, None)
    if wanted.cursor is not None:
        after = decode_cursor(wanted.cursor, tuple[date, str])
    limit = min(wanted.limit, LIMIT_MAX)
    rows = await fetch(
        _LIST,
        *visible(actor, Action.READ_VISITS),
        today,
        [tag.value for tag in LISTED],
        [tag.value for tag in CARE_TAGS],
        cycles.care,
        cycles.important,
        actor.staff_id if isinstance(actor, StaffActor) else None,
        wanted.grid,
        wanted.mine,
        *after,
        limit + 1,
    )
    # Where medical tags are hidden, whoever has no other tag of the list is not on it.
    kept = [(row, _seen_tags(actor, row)) for row in rows[:limit]]
    lines = [_line(row, tags, today) for row, tags in kept if tags]
    await audit.record("customers.care_list", "care_list", shown=len(lines))
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None
    if last is not None:
        cursor = encode_cursor(str(last["due_on"] or date(2000, 1, 1)), last["account_no"])
    return Page(items=lines, next=cursor)


def _seen_tags(actor: Actor, row: Record) -> list[CustomerTagWord]:
    words = [_T(tag) for tag in row["tags"]]
    if row["is_own"] or sees_sensitive(actor, row["grid"], row["station"]):
        return words
    return [word for word in words if word not in SENSITIVE]


def _line(row: Record, tags: list[CustomerTagWord], today: date) -> CareLine:
    due_on: date | None = row["due_on"]
    return CareLine(
        account_no=row["account_no"],
        name=row["name"],
        address=row["address"],
        grid=row["grid_code"],
        grid_name=row["grid_name"],
        tags=tags,
        owner=row["owner_name"],
        last_visit_on=row["last_on"],
        due_on=due_on,
        is_due=due_on is None or due_on <= add_months(today.replace(day=1), 1),
        is_overdue=due_on is None or due_on < today,
        planned_on=row["planned_on"],
    )
