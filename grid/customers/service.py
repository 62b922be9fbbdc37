"""Finding and reading customers: only those the reader's posts reach, phones as the post allows.

Every read is audited with how many customers it showed, never with what was typed.
"""

from typing import Any

import msgspec

from grid.customers.binding import (
    account_for_link,
    bind_wechat,
    follow,
    follower_seen,
    links_of,
    set_default,
    unbind_wechat,
    unfollow,
)
from grid.customers.care import shown_tags
from grid.customers.rules import like_pattern, masked_phone, pinyin_initials, proof_of
from grid.customers.types import (
    AccountState,
    AccountSummary,
    AccountView,
    PointView,
)
from grid.geography.types import Place, PlaceClass
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_DEFAULT, LIMIT_MAX, Page, decode_cursor, encode_cursor, page_of
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, require, visible
from grid.territory.types import Actor, StaffActor

__all__ = [
    "account",
    "account_for_link",
    "bind_wechat",
    "follow",
    "follower_seen",
    "links_of",
    "pinyin_initials",
    "search",
    "set_default",
    "unbind_wechat",
    "unfollow",
]

#: The longest text that is searched for.
QUERY_MAX = 60

_POINTS = msgspec.json.Decoder(list[PointView])

#: Metres of a degree of latitude; good to half a per cent, which sorting bears.
_DEGREE_M = 111_195

_SEARCHED = (
    "(a.account_no || ' ' || a.name || ' ' || coalesce(a.phone, '') || ' ' || a.address || ' '"
    " || a.name_initials)"
)
#: The same without the phone, for readers who may not see it: guessing it digit by digit is seeing.
_SEARCHED_MASKED = "(a.account_no || ' ' || a.name || ' ' || a.address || ' ' || a.name_initials)"
_REACHED = "($1 OR a.station = ANY($2::uuid[]) OR a.grid = ANY($3::uuid[]))"
_PHONE_SHOWN = "($4 OR a.station = ANY($5::uuid[]) OR a.grid = ANY($6::uuid[]))"

#: The first half finds by index; the second forgets what was found by a phone that is not shown.
_SOUGHT = f"""
a.id IN (
    SELECT a.id FROM service_account a WHERE {_SEARCHED} ILIKE $pattern
    UNION ALL
    SELECT p.account FROM meter m JOIN metering_point p ON p.id = m.point
    WHERE m.meter_no ILIKE $pattern AND m.removed_on IS NULL)
AND ({_PHONE_SHOWN} OR {_SEARCHED_MASKED} ILIKE $pattern OR EXISTS (
    SELECT 1 FROM meter m JOIN metering_point p ON p.id = m.point
    WHERE p.account = a.id AND m.removed_on IS NULL AND m.meter_no ILIKE $pattern))
"""  # noqa: S608 - put together from constants above

_TAGS = (
    "(SELECT coalesce(array_agg(DISTINCT t.tag), '{}') FROM customer_tag t WHERE t.account = a.id"
    " AND t.from_day <= $7 AND (t.until_day IS NULL OR t.until_day > $7)) AS tags"
)

_ACCOUNT_SQL = f"""
SELECT a.*, {_PHONE_SHOWN} AS phone_shown, s.name AS station_name, g.code AS grid_code,
    g.name AS grid_name, d.district_no, d.name AS district_name, v.name AS village_name, {_TAGS},
    (SELECT count(*) FROM wechat_link l WHERE l.account = a.id AND l.unbound_at IS NULL) AS links,
    EXISTS (SELECT 1 FROM relative_account r
        WHERE r.staff = $9 AND r.account_no = a.account_no) AS is_relative,
    (SELECT json_agg(json_build_object('point_no', p.point_no, 'side', p.side,
        'multiplier', trim_scale(p.multiplier)::text, 'meters',
        (SELECT coalesce(json_agg(json_build_object('meter_no', m.meter_no,
            'installed_on', m.installed_on) ORDER BY m.installed_on), '[]')
         FROM meter m WHERE m.point = p.id AND m.removed_on IS NULL)) ORDER BY p.point_no)
     FROM metering_point p WHERE p.account = a.id) AS points
FROM service_account a
JOIN supply_station s ON s.id = a.station
JOIN service_grid g ON g.id = a.grid
JOIN transformer_district d ON d.id = a.district
LEFT JOIN village v ON v.id = a.village
WHERE a.account_no = $8 AND {_REACHED}
"""  # noqa: S608 - put together from constants above


async def search(
    actor: Actor,
    q: str | None = None,
    near: Place | None = None,
    grid: str | None = None,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[AccountSummary]:
    """Customers the actor reaches, by account number, or nearest first when `near` is given.

    `q` is found in account number, name, phone (where shown), address, meter number and pinyin
    initials; `grid` is a grid's code. Raises Invalid (q, limit, cursor) and NotAllowed.
    """
    require(actor, Action.READ_CUSTOMERS)
    if not 1 <= limit <= LIMIT_MAX:
        raise Invalid("limit", f"每页 1 到 {LIMIT_MAX} 条", limit_max=LIMIT_MAX)
    sought = _tidy_query(q)
    parts = _Parts(await _scope(actor))
    if sought is not None:
        parts.wheres.append(_SOUGHT.replace("$pattern", parts.mark(like_pattern(sought))))
    if grid is not None:
        parts.wheres.append(f"g.code = {parts.mark(grid[:20])}")
    _order(parts, near, cursor)
    rows = await fetch(parts.sql(limit + 1), *parts.values)
    shown = rows[:limit]
    await audit.record("customers.search", "customers", shown=len(shown), by_text=q is not None)
    last = _cursor_of(shown[-1], near) if shown else None
    return page_of([_summary(row, actor) for row in rows], limit, last)


async def account(actor: Actor, account_no: str) -> AccountView:
    """One customer with points, meters and tags. Raises NotFound when it is not yours to see."""
    row = await fetch_one(
        _ACCOUNT_SQL,
        *(await _scope(actor)),
        proof_of(account_no),
        actor.staff_id if isinstance(actor, StaffActor) else None,
    )
    if row is None:
        raise NotFound("没有找到这个户号")
    await audit.record("customers.read", f"account:{row['account_no']}")
    return _view(row, actor)


async def _scope(actor: Actor) -> tuple[object, ...]:
    """The first seven values of every statement here: reach, reach of phones, and today."""
    return (
        *visible(actor, Action.READ_CUSTOMERS),
        *visible(actor, Action.READ_PHONES),
        business_day(await business_now()),
    )


def _tidy_query(q: str | None) -> str | None:
    if q is None or not (tidy := q.strip()):
        return None
    if len(tidy) > QUERY_MAX or not tidy.isprintable():
        raise Invalid("q", f"请输入不超过 {QUERY_MAX} 个字的内容", longest=QUERY_MAX)
    return tidy


class _Parts:
    """A statement under construction: its conditions, its order, and the values of its marks."""

    def __init__(self, scope: tuple[object, ...]) -> None:
        self.values: list[object] = list(scope)
        self.wheres = [_REACHED]
        self.distance = "NULL::float8"
        self.order = "a.account_no"

    def mark(self, value: object) -> str:
        """Add a value and give its place in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"

    def sql(self, limit: int) -> str:
        """Page first, details after: tags are looked up for the rows shown only."""
        return (
            f"SELECT a.*, {_PHONE_SHOWN} AS phone_shown, {_TAGS} FROM ("  # noqa: S608
            f" SELECT a.*, g.code AS grid_code, g.name AS grid_name, d.district_no,"
            f" {self.distance} AS distance_m FROM service_account a"
            " JOIN service_grid g ON g.id = a.grid JOIN transformer_district d ON d.id = a.district"
            f" WHERE {' AND '.join(self.wheres)} ORDER BY {self.order} LIMIT {limit:d}) a"
            f" ORDER BY {self.order.replace(self.distance, 'a.distance_m')}"
        )


def _order(parts: _Parts, near: Place | None, cursor: str | None) -> None:
    if near is None:
        if cursor is not None:
            (after,) = decode_cursor(cursor, tuple[str])
            parts.wheres.append(f"a.account_no > {parts.mark(after.replace(chr(0), ''))}")
        return
    lat, lon = parts.mark(near.lat), parts.mark(near.lon)
    parts.distance = (
        f"({_DEGREE_M} * sqrt(power(a.lat - {lat}, 2)"
        f" + power((a.lon - {lon}) * cos(radians({lat})), 2)))"
    )
    parts.order = f"{parts.distance}, a.account_no"
    if cursor is not None:
        distance_m, after = decode_cursor(cursor, tuple[float, str])
        parts.wheres.append(
            f"({parts.distance}, a.account_no) >"
            f" ({parts.mark(distance_m)}, {parts.mark(after.replace(chr(0), ''))})"
        )


def _cursor_of(row: Any, near: Place | None) -> str:
    if near is None:
        return encode_cursor(row["account_no"])
    return encode_cursor(row["distance_m"], row["account_no"])


def _phone(row: Any) -> str | None:
    phone: str | None = row["phone"]
    return phone if row["phone_shown"] else masked_phone(phone)


def _summary(row: Any, actor: Actor) -> AccountSummary:
    return AccountSummary(
        account_no=row["account_no"],
        name=row["name"],
        phone=_phone(row),
        address=row["address"],
        grid=row["grid_code"],
        grid_name=row["grid_name"],
        district_no=row["district_no"],
        place=Place(row["lat"], row["lon"]),
        state=AccountState(row["state"]),
        tags=shown_tags(actor, row["tags"], row["grid"], row["station"]),
        distance_m=None if row["distance_m"] is None else round(row["distance_m"]),
    )


def _view(row: Any, actor: Actor) -> AccountView:
    return AccountView(
        id=row["id"],
        account_no=row["account_no"],
        name=row["name"],
        phone=_phone(row),
        address=row["address"],
        state=AccountState(row["state"]),
        station=row["station_name"],
        grid=row["grid_code"],
        grid_name=row["grid_name"],
        district_no=row["district_no"],
        district_name=row["district_name"],
        village=row["village_name"],
        place_class=PlaceClass(row["place_class"]),
        place=Place(row["lat"], row["lon"]),
        fee_control=row["fee_control"],
        opened_on=row["opened_on"],
        version=row["version"],
        tags=shown_tags(actor, row["tags"], row["grid"], row["station"]),
        points=_POINTS.decode(row["points"] or "[]"),
        links=row["links"],
        is_relative=row["is_relative"],
    )
